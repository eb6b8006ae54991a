// SPDX-License-Identifier: Apache-2.0
// Profiles by the command line, against the server's own program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/files/files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_floor.h"

namespace preseal::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kProfile[] =
    "name: test\nitems:\n  - {id: greet, name: Greeting, category: policies, script: {apply: "
    "\"true\", verify: \"true\"}}\n";
constexpr char kSales[] = R"(kind: Item
id: crm
name: CRM client
category: apps
package: {format: tar.zst, source: crm.tar.zst, destination: /opt/crm}
---
kind: Group
name: sales
rule: serial startsWith "SIM-"
---
kind: Assignment
name: sales-apps
items: [crm]
to: {groups: [sales]}
)";
constexpr char kSerial[] = "SIM-0001";

class ProfilesFloorTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(floor_, TestFloor::Open({.profile = kProfile}));
    ASSERT_OK(files::WriteAtomic(floor_->File("crm.tar.zst"), AsBytes("not opened here"), 0600));
    Write("sales.yaml", kSales);
  }

  void Write(const std::string& name, std::string_view text) {
    ASSERT_OK(files::WriteAtomic(floor_->File(name), AsBytes(text), 0600));
  }
  process::Captured Preseal(std::vector<std::string> arguments) {
    auto captured = floor_->Preseal(std::move(arguments));
    EXPECT_OK(captured.status());
    return captured.ok() ? *std::move(captured) : process::Captured{};
  }
  process::Captured Apply(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"apply", "-f", floor_->File("sales.yaml")});
    return Preseal(std::move(more));
  }
  std::string Plan() { return Preseal({"--output", "json", "plan", kSerial}).output; }

  std::unique_ptr<TestFloor> floor_;
};

TEST_F(ProfilesFloorTest, ApplyUploadsFilesAndPlanExplainsThem) {
  EXPECT_THAT(Plan(), AllOf(HasSubstr("\"greet\""), Not(HasSubstr("\"crm\""))));
  const auto dry = Apply({"--dry-run"});
  EXPECT_EQ(dry.ending.exit_code, 0) << dry.error;
  EXPECT_THAT(Plan(), Not(HasSubstr("\"crm\"")));
  const auto applied = Apply();
  ASSERT_EQ(applied.ending.exit_code, 0) << applied.error;
  EXPECT_THAT(applied.output, HasSubstr("documents/assignment/sales-apps"));
  const std::string plan = Plan();
  EXPECT_THAT(plan, HasSubstr("\"crm\""));
  EXPECT_THAT(plan, HasSubstr("assignment sales-apps: group sales"));
  const auto again = Apply({"--dry-run"});
  EXPECT_THAT(again.output, AllOf(HasSubstr("unchanged"), Not(HasSubstr("created"))));
}

TEST_F(ProfilesFloorTest, ADeviceCannotBePinnedToAProfileThatIsNotThere) {
  const auto pinned = Preseal({"update-device", kSerial, "--profile", "no-such"});
  EXPECT_NE(pinned.ending.exit_code, 0);
  EXPECT_THAT(pinned.error, AllOf(HasSubstr("no-such"), HasSubstr("preseal documents list")));
  EXPECT_THAT(Plan(), HasSubstr("\"greet\""));
}

TEST_F(ProfilesFloorTest, ThatThereIsNoPlanIsAnAnswerWithItsReason) {
  Write("kiosk.yaml", "kind: DeploymentProfile\nname: kiosk\n");
  ASSERT_EQ(Preseal({"apply", "-f", floor_->File("kiosk.yaml")}).ending.exit_code, 0);
  const auto pinned = Preseal({"update-device", kSerial, "--profile", "kiosk"});
  ASSERT_EQ(pinned.ending.exit_code, 0) << pinned.error;
  ASSERT_EQ(Preseal({"documents", "delete", "deployment-profile/kiosk"}).ending.exit_code, 0);
  const auto plan = Preseal({"plan", kSerial});
  EXPECT_EQ(plan.ending.exit_code, 0) << plan.error;
  EXPECT_THAT(plan.output, AllOf(HasSubstr("failed"), HasSubstr("kiosk")));
  EXPECT_THAT(Plan(), HasSubstr("PROFILE_ASSIGNMENT_FAILED"));
}

// Each item is small enough, together they are too much for one message to a device.
TEST_F(ProfilesFloorTest, ThatAPlanIsTooLargeIsAnAnswerWithItsReason) {
  std::string ids;
  for (const std::string part : {"a", "b", "c", "d"}) {
    std::string text;
    for (const std::string item : {"1", "2", "3", "4"}) {
      ids += (ids.empty() ? "" : ", ") + part + item;
      text += "kind: Item\nid: " + part + item + "\nname: Big\ncategory: apps\nfile: {path: /" +
              part + item + ", content: \"" + std::string(250'000, 'x') + "\"}\n---\n";
    }
    Write(part + ".yaml", text);
    ASSERT_EQ(Preseal({"apply", "-f", floor_->File(part + ".yaml")}).ending.exit_code, 0);
  }
  Write("all.yaml", "kind: Assignment\nname: all\nitems: [" + ids + "]\nto: {all_devices: true}\n");
  ASSERT_EQ(Preseal({"apply", "-f", floor_->File("all.yaml")}).ending.exit_code, 0);
  const auto plan = Preseal({"plan", kSerial});
  EXPECT_EQ(plan.ending.exit_code, 0) << plan.error;
  EXPECT_THAT(plan.output, HasSubstr("give long contents as source"));
}

TEST_F(ProfilesFloorTest, MistakesNameTheirPlaceAndNothingIsStored) {
  std::string text = kSales;
  text.replace(text.find("category: apps"), 14, "category: app!");
  Write("sales.yaml", text);
  const auto refused = Apply();
  EXPECT_EQ(refused.ending.exit_code, 1) << refused.error;
  EXPECT_THAT(refused.error, HasSubstr("sales.yaml:4:11: \"category\" must be one of"));
  EXPECT_THAT(Preseal({"documents", "list"}).output, Not(HasSubstr("sales")));
}

TEST_F(ProfilesFloorTest, ExportGivesBackWhatWasApplied) {
  ASSERT_EQ(Apply().ending.exit_code, 0);
  EXPECT_THAT(Preseal({"export", "group/sales"}).output,
              HasSubstr("kind: Group\nname: sales\nrule: serial startsWith \"SIM-\"\n"));
  const auto ended = Preseal({"documents", "delete", "group/sales"});
  EXPECT_EQ(ended.ending.exit_code, 1) << ended.error;
  EXPECT_THAT(ended.error, HasSubstr("there is no Group \"sales\""));
}

TEST_F(ProfilesFloorTest, WhatAPersonAppliedOutlivesARestart) {
  std::string text = kProfile;
  text.replace(text.find("Greeting"), 8, "Salute");
  Write("test.yaml", text);
  const auto applied = Preseal({"apply", "-f", floor_->File("test.yaml")});
  ASSERT_EQ(applied.ending.exit_code, 0) << applied.error;
  ASSERT_OK(floor_->StopServer().status());
  ASSERT_OK(floor_->StartServer());
  EXPECT_THAT(Plan(), HasSubstr("Salute"));
}

}  // namespace
}  // namespace preseal::test
