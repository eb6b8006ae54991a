// SPDX-License-Identifier: Apache-2.0
#include "server/cli/policy_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "server/domain/trust/policy_text.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::server::cli {
namespace {

using test::StatusIs;

constexpr char kPolicy[] = R"(name: strict
require: [ekpub, ekcert]
revocation: require
vendors: [IFX, STM]
lines:
  - name: lab
    stations: [bench-9]
    require: [token]
boot:
  secure_boot: finding
  media:
    - bank: "0x000b"
      values: [{pcr: 9, digests: ["aabb"]}]
)";

TEST(PolicyFileTest, IsThePolicyItDescribes) {
  const auto policy = ReadPolicyFile(kPolicy, "p.yaml");
  ASSERT_TRUE(policy.ok()) << preseal::ToString(policy.status());
  EXPECT_EQ(policy->revocation, RevocationUse::kRequire);
  EXPECT_EQ(policy->vendors.size(), 2u);
  EXPECT_EQ(policy->lines[0].stations[0], "bench-9");
  EXPECT_EQ(policy->boot.media[0].values.at(9).size(), 1u);
}

TEST(PolicyFileTest, AMistakeIsNamedByLineColumnAndField) {
  EXPECT_THAT(ReadPolicyFile("name: a\nrevocation: never\n", "p.yaml"),
              StatusIs(StatusCode::kInvalidArgument, "p.yaml:2:13: revocation: must be one of"));
  EXPECT_THAT(ReadPolicyFile("name: a\nrevoke: never\n", "p.yaml"),
              StatusIs(StatusCode::kInvalidArgument, "p.yaml:2:9: revoke: is not known"));
  EXPECT_THAT(ReadPolicyFile("lines:\n  - name: b\n    stations: [s]\n", "p.yaml"),
              StatusIs(StatusCode::kInvalidArgument, "p.yaml:2:5: lines[0].require"));
  EXPECT_THAT(ReadPolicyFile("firmware: [{versions_below: 15}]\n", "p.yaml"),
              StatusIs(StatusCode::kInvalidArgument, "must be text"));
  EXPECT_FALSE(ReadPolicyFile("name: a\nname: b\n", "p.yaml").ok());
  EXPECT_FALSE(ReadPolicyFile("- a\n", "p.yaml").ok());
}

TEST(PolicyFileTest, TakesTheShippedAdvisoryTable) {
  const auto policy = ReadPolicyFile("firmware: {table: advisories.yaml}\n",
                                     PRESEAL_SOURCE_DIR "/deploy/policy.yaml");
  ASSERT_TRUE(policy.ok()) << preseal::ToString(policy.status());
  ASSERT_EQ(policy->firmware.size(), 2u);
  EXPECT_EQ(policy->firmware[0].versions_below, 0x000F001700000000u);
  const FirmwareRule* rule =
      FindFirmwareRule(*policy, 0x49465800, "SLB9672", 0x000F001500000000u);  // 15.21
  ASSERT_NE(rule, nullptr);
  EXPECT_EQ(rule->advisory, "CVE-2025-2884");
  EXPECT_EQ(FindFirmwareRule(*policy, 0x49465800, "SLB9672", 0x000F001700000000u), nullptr);
  EXPECT_EQ(FindFirmwareRule(*policy, 0x53544D20, "SLB9672", 0x000F001500000000u), nullptr);
}

TEST(PolicyFileTest, AnAdvisoryWithoutASourceIsRefusedWhereItStands) {
  test::TempDir dir;
  std::ofstream(dir.File("t.yaml")) << "advisories:\n  - {advisory: A, remedy: R}\n";
  EXPECT_THAT(ReadPolicyFile("firmware: {table: t.yaml}\n", dir.File("p.yaml")),
              StatusIs(StatusCode::kInvalidArgument, "t.yaml:2:5: source: is missing"));
}

TEST(PolicyFileTest, AMissingTableIsNamed) {
  EXPECT_THAT(ReadPolicyFile("firmware: {table: none.yaml}\n", "/nowhere/p.yaml"),
              StatusIs(StatusCode::kInvalidArgument, "none.yaml"));
}

}  // namespace
}  // namespace preseal::server::cli
