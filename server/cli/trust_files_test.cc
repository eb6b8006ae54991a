// SPDX-License-Identifier: Apache-2.0
#include "server/cli/trust_files.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/crypto/crl.h"
#include "common/crypto/issue.h"
#include "common/process/process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/testdata.h"

namespace preseal::server::cli {
namespace {

namespace fs = std::filesystem;
using crypto::Certificate;
using test::StatusIs;

const WallTime kNow = FromMicros(1'795'305'600'000'000);

constexpr auto kDay = std::chrono::hours(24);

class TrustFilesTest : public testing::Test {
 protected:
  void Write(const std::string& name, ByteView content) {
    const fs::path path = dir_.File(name);
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << AsText(content);
  }
  Certificate Ca(const std::string& name) {
    return crypto::IssueCa("Works", name, {kNow - kDay, kNow + kDay},
                           crypto::PrivateKey::GenerateP256().value())
        .value();
  }
  // With the real tool, from the folder "in", paths kept.
  void MakeCabinet(const std::vector<std::string>& names) {
    process::Command command;
    command.argv = {"/usr/bin/gcab", "-c", "-z", "TrustedTpm.cab"};
    command.argv.insert(command.argv.end(), names.begin(), names.end());
    command.working_directory = dir_.File("in");
    const auto made = process::RunAndCapture(command);
    ASSERT_TRUE(made.ok() && made->ending.Succeeded())
        << "gcab: " << (made.ok() ? made->error : "");
  }
  std::string cabinet() const { return dir_.File("in/TrustedTpm.cab"); }

  test::TempDir dir_;
};

TEST(PathHintTest, SpeaksOfVendorAndRole) {
  EXPECT_EQ(HintOf("Infineon/RootCA/x.cer").vendor, "Infineon");
  EXPECT_EQ(HintOf("Infineon/RootCA/x.cer").role, AnchorRole::kRoot);
  EXPECT_EQ(HintOf("STMicro/IntermediateCA/x.crt").role, AnchorRole::kIntermediate);
  EXPECT_EQ(HintOf("Nuvoton/x.cer").role, std::nullopt);
  EXPECT_EQ(HintOf("x.cer").vendor, "");
}

TEST_F(TrustFilesTest, ACabinetGivesVendorsAndRolesByItsFolders) {
  PRESEAL_SKIP_WITHOUT_TESTDATA();
  const auto roots =
      crypto::ParsePemBundle(AsText(test::ReadTestdata("vendor-ca/tpm-roots.pem"))).value();
  const auto helpers =
      crypto::ParsePemBundle(AsText(test::ReadTestdata("vendor-ca/tpm-intermediates.pem"))).value();
  std::vector<std::string> names;
  for (size_t i = 0; i < roots.size(); ++i) {
    names.push_back(fmt::format("Maker{}/RootCA/{}.cer", i % 3, i));
    Write("in/" + names.back(), roots[i].der());
  }
  for (size_t i = 0; i < 10; ++i) {
    names.push_back(fmt::format("Maker0/IntermediateCA/{}.crt", i));
    Write("in/" + names.back(), helpers[i].der());
  }
  names.push_back("setup.ps1");
  Write("in/setup.ps1", AsBytes("echo"));
  ASSERT_NO_FATAL_FAILURE(MakeCabinet(names));
  const auto files = ReadTrustFiles({cabinet()}, "");
  ASSERT_TRUE(files.ok()) << preseal::ToString(files.status());
  EXPECT_TRUE(files->problems.empty());
  ASSERT_EQ(files->anchors.size(), roots.size() + 10);
  size_t as_roots = 0;
  for (const FoundAnchor& found : files->anchors) {
    EXPECT_EQ(found.anchor.vendor.substr(0, 5), "Maker") << found.where;
    as_roots += found.anchor.role == AnchorRole::kRoot ? 1 : 0;
  }
  EXPECT_EQ(as_roots, roots.size());
}

TEST_F(TrustFilesTest, ADamagedCabinetIsRefused) {
  Write("in/A/RootCA/a.cer", Ca("A").der());
  ASSERT_NO_FATAL_FAILURE(MakeCabinet({"A/RootCA/a.cer"}));
  fs::resize_file(cabinet(), fs::file_size(cabinet()) / 2);
  EXPECT_THAT(ReadTrustFiles({cabinet()}, ""), StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(TrustFilesTest, AFolderIsReadLikeACabinetAndJunkIsTold) {
  const Certificate a = Ca("A");
  Write("in/STM/a.der", a.der());
  Write("in/STM/again.pem", AsBytes(a.ToPem()));
  Write("in/STM/junk.cer", AsBytes("junk"));
  Write("in/readme.txt", AsBytes("text"));
  const auto files = ReadTrustFiles({dir_.File("in")}, "").value();
  ASSERT_EQ(files.anchors.size(), 1u);
  EXPECT_EQ(files.anchors[0].anchor.vendor, "STM");
  EXPECT_EQ(files.anchors[0].anchor.role, AnchorRole::kRoot);
  ASSERT_EQ(files.problems.size(), 1u);
  EXPECT_THAT(files.problems[0], testing::HasSubstr("junk.cer"));
}

TEST_F(TrustFilesTest, AFileAskedForByNameMustBeSomething) {
  Write("junk.cer", AsBytes("junk"));
  EXPECT_THAT(ReadTrustFiles({dir_.File("junk.cer")}, ""), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(ReadTrustFiles({dir_.File("none.cer")}, ""), StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(TrustFilesTest, ReadsRevocationLists) {
  const auto key = crypto::PrivateKey::GenerateP256().value();
  const auto ca = crypto::IssueCa("Works", "A", {kNow - kDay, kNow + kDay}, key).value();
  const Bytes list = crypto::IssueCrl({1, kNow, kNow + kDay, {}}, {ca, key}).value();
  Write("a.crl", list);
  EXPECT_THAT(ReadTrustFiles({dir_.File("a.crl")}, "").value().revocation_lists,
              testing::ElementsAre(list));
}

}  // namespace
}  // namespace preseal::server::cli
