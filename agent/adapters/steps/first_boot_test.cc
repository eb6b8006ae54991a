// SPDX-License-Identifier: Apache-2.0
// What the seal leaves in the target, and what the first boot's answers become.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agent/adapters/steps/hand_over.h"
#include "agent/adapters/steps/out_of_box_files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::agent::steps {
namespace {

using test::StatusIs;
using testing::HasSubstr;

class FirstBootTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* folder : {"target/etc/default", "state/identity"}) {
      std::filesystem::create_directories(dir_.File(folder));
    }
    auto opened = TargetRoot::Open(dir_.File("target"));
    ASSERT_THAT(opened, test::IsOk());
    target_ = std::make_unique<TargetRoot>(*std::move(opened));
    for (const char* name : {"key-uniques.json", "identity.json", "device-chain.pem"}) {
      std::ofstream(dir_.File("state/identity/") + name) << "content of " << name;
    }
    hand_over_ = {dir_.File("state/identity"), "the CA", "floor.example:7444", "floor",
                  "device:/dev/tpmrm0"};
    files_ = std::make_unique<OutOfBoxFiles>(*target_, dir_.File("setup.json"));
  }
  std::string Text(const std::string& path) const {
    std::ifstream in(dir_.File("target") + path);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  mode_t ModeOf(const std::string& path) const {
    struct stat info {};
    EXPECT_EQ(::lstat((dir_.File("target") + path).c_str(), &info), 0) << path;
    return info.st_mode & 07777;
  }
  void Have(const std::string& path, const std::string& text) {
    std::ofstream(dir_.File("target") + path) << text;
  }

  test::TempDir dir_;
  std::unique_ptr<TargetRoot> target_;
  HandOver hand_over_;
  std::unique_ptr<OutOfBoxFiles> files_;
};

TEST_F(FirstBootTest, TheSealLaysDownAllThatTheUserFlowNeeds) {
  const auto seal = MakeSealTarget(*target_, {dir_.File("state"), {}}, hand_over_);
  ASSERT_THAT(seal->ArmFirstBoot({"D-1", "D-1.1", "C-1"}), test::IsOk());
  EXPECT_EQ(Text("/var/lib/preseal/agent/identity/identity.json"), "content of identity.json");
  EXPECT_EQ(Text("/var/lib/preseal/agent/server-ca.pem"), "the CA");
  EXPECT_THAT(Text("/var/lib/preseal/agent/agent.conf"),
              HasSubstr("flow = \"user\"\ndevice-endpoint = \"floor.example:7444\"\n"));
  EXPECT_THAT(Text("/etc/systemd/system/preseal-user-flow.service"),
              HasSubstr("ExecStart=/usr/bin/preseal-agent run --config "
                        "/var/lib/preseal/agent/agent.conf\n"));
  EXPECT_EQ(
      std::filesystem::read_symlink(dir_.File("target/etc/systemd/system/multi-user.target.wants/"
                                              "preseal-user-flow.service")),
      "/etc/systemd/system/preseal-user-flow.service");
  EXPECT_EQ(ModeOf("/var/lib/preseal/agent"), 0700u);
  EXPECT_EQ(ModeOf("/var/lib/preseal/agent/identity/identity.json"), 0600u);
  EXPECT_EQ(nlohmann::json::parse(Text("/var/lib/preseal/first-boot.json"))["device_id"], "D-1");
}

TEST_F(FirstBootTest, OnlyIfItIsThereIsDecidedByTheTargetWhenItIsSealed) {
  hand_over_.only_if_there = true;
  const auto seal = MakeSealTarget(*target_, {dir_.File("state"), {}}, hand_over_);
  ASSERT_THAT(seal->ArmFirstBoot({"D-1", "D-1.1", "C-1"}), test::IsOk());
  EXPECT_FALSE(std::filesystem::exists(dir_.File("target/var/lib/preseal/agent")));
  EXPECT_FALSE(
      std::filesystem::exists(dir_.File("target/etc/systemd/system/preseal-user-flow.service")));
  EXPECT_EQ(nlohmann::json::parse(Text("/var/lib/preseal/first-boot.json"))["device_id"], "D-1");
  std::filesystem::create_directories(dir_.File("target/usr/bin"));
  Have("/usr/bin/preseal-agent", "installed by a step");
  ASSERT_THAT(seal->ArmFirstBoot({"D-1", "D-1.1", "C-1"}), test::IsOk());
  EXPECT_EQ(Text("/var/lib/preseal/agent/identity/identity.json"), "content of identity.json");
}

// A crash between the seal's halves makes it come again.
TEST_F(FirstBootTest, LayingDownTwiceIsAsGoodAsOnce) {
  EXPECT_THAT(LayDownUserFlow(*target_, hand_over_), test::IsOk());
  EXPECT_THAT(LayDownUserFlow(*target_, hand_over_), test::IsOk());
}

TEST_F(FirstBootTest, WithoutAnIdentityNothingIsArmed) {
  std::filesystem::remove(dir_.File("state/identity/identity.json"));
  const auto seal = MakeSealTarget(*target_, {dir_.File("state"), {}}, hand_over_);
  EXPECT_THAT(seal->ArmFirstBoot({"D-1", "D-1.1", "C-1"}), StatusIs(StatusCode::kNotFound));
  EXPECT_FALSE(std::filesystem::exists(dir_.File("target/var/lib/preseal/first-boot.json")));
}

TEST_F(FirstBootTest, AnEndpointThatWouldBreakTheFilesIsRefused) {
  hand_over_.device_endpoint = "x\"\npower-off = \"command:rm";
  EXPECT_THAT(LayDownUserFlow(*target_, hand_over_), StatusIs(StatusCode::kFailedPrecondition));
}

TEST_F(FirstBootTest, TheLanguageReplacesItsLineAndLeavesTheOthers) {
  Have("/etc/default/locale", "# mine\nLANG=C\nLC_TIME=de_DE.UTF-8\nLANG=old\n");
  ASSERT_THAT(files_->SetLanguage("en-GB"), test::IsOk());
  EXPECT_EQ(Text("/etc/default/locale"), "# mine\nLANG=en_GB.UTF-8\nLC_TIME=de_DE.UTF-8\n");
  Have("/etc/locale.conf", "");
  ASSERT_THAT(files_->SetLanguage("fr-FR"), test::IsOk());
  EXPECT_EQ(Text("/etc/locale.conf"), "LANG=fr_FR.UTF-8\n");
}

TEST_F(FirstBootTest, TheKeyboardIsSetWhereThereWasNone) {
  ASSERT_THAT(files_->SetKeyboard("gb"), test::IsOk());
  EXPECT_EQ(Text("/etc/default/keyboard"), "XKBLAYOUT=\"gb\"\n");
}

TEST_F(FirstBootTest, AWirelessNetworkIsKeptFromOthersAndWrittenSafely) {
  ASSERT_THAT(files_->AddWireless("a\nb", " back\\slash"), test::IsOk());
  const std::string path = "/etc/NetworkManager/system-connections/preseal-first-boot.nmconnection";
  EXPECT_THAT(Text(path), HasSubstr("ssid=97;10;98;\n"));
  EXPECT_THAT(Text(path), HasSubstr("psk=\\sback\\\\slash\n"));
  EXPECT_EQ(ModeOf(path), 0600u);
  EXPECT_THAT(files_->AddWireless("a", "short"), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(files_->AddWireless("a", "line\nbreak"), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(files_->AddWireless(std::string(33, 'x'), ""),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(FirstBootTest, WhatWasAnsweredIsReadBackAndDamageIsNamed) {
  EXPECT_THAT(files_->Load(), test::IsOkAndHolds(SetupMemory{}));
  const SetupMemory memory{"en-GB", "gb", true, true, "alice"};
  ASSERT_THAT(files_->Save(memory), test::IsOk());
  EXPECT_THAT(files_->Load(), test::IsOkAndHolds(memory));
  std::ofstream(dir_.File("setup.json")) << "{\"version\":";
  EXPECT_THAT(files_->Load().status(), StatusIs(StatusCode::kDataLoss));
}

}  // namespace
}  // namespace preseal::agent::steps
