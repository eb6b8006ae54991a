// SPDX-License-Identifier: Apache-2.0
#include "server/domain/trust/policy_text.h"

#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "tests/support/status_matchers.h"

namespace preseal::server {
namespace {

using test::IsOkAndHolds;
using test::StatusIs;

// Every field away from its default.
AttestationPolicy FullPolicy() {
  AttestationPolicy policy;
  policy.name = "strict";
  policy.require = {TrustModel::kEkPub, TrustModel::kEkCert};
  policy.lines = {{"line A", {"bench-1"}, {TrustModel::kToken}}};
  policy.expired_ek = ExpiredEk::kAcceptWithFinding;
  policy.revocation = RevocationUse::kRequire;
  policy.vendors = {0x49465800, 0x12345678};
  policy.firmware = {{0x49465800, "SLB*", 1, 15ull << 48 | 23ull << 32, true, "CVE-1", "update"}};
  policy.event_log = EventLogUse::kIfSent;
  policy.open_banks = {{"Model 7", 4, "old firmware"}};
  policy.golden = GoldenUse::kEnforce;
  policy.boot.secure_boot = Demand::kFinding;
  policy.boot.dbx_minimum = {Bytes(32, 1), Bytes(32, 2)};
  policy.boot.authorities_allowed = {"UEFI CA"};
  policy.boot.media = {{0x000B, {{8, {Bytes(32, 8)}}, {9, {Bytes(32, 9)}}}}};
  policy.quarantine = {RefusalCode::kTpmFirmwareTooOld};
  return policy;
}

TEST(PolicyTextTest, EveryFieldComesBack) {
  const std::string text = PolicyText(FullPolicy());
  for (const char* key : {"name", "require", "lines", "expired_ek", "revocation", "vendors",
                          "firmware", "event_log", "open_banks", "golden", "boot", "dbx_minimum",
                          "authorities_allowed", "media", "quarantine"}) {
    EXPECT_NE(text.find(std::string("\"") + key + "\":"), std::string::npos) << key;
  }
  const auto back = ParsePolicyText(text);
  ASSERT_TRUE(back.ok()) << ToString(back.status());
  EXPECT_EQ(PolicyText(*back), text);
  EXPECT_EQ(back->firmware[0].versions_below, FullPolicy().firmware[0].versions_below);
  EXPECT_EQ(back->sha256, crypto::Sha256(AsBytes(text)));
}

TEST(PolicyTextTest, TheSamePolicyHasOneDigestHoweverItIsWritten) {
  const auto a = ParsePolicyText(R"({"require":["ekcert"],"revocation":"off"})");
  const auto b = ParsePolicyText(R"({ "revocation" : "off", "vendors": [] })");
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->sha256, b->sha256);
}

TEST(PolicyTextTest, ABadFieldIsNamedByItsPath) {
  EXPECT_THAT(ParsePolicyText(R"({"revoked":"off"})"),
              StatusIs(StatusCode::kInvalidArgument, "revoked: is not known"));
  EXPECT_THAT(ParsePolicyText(R"({"lines":[{"name":"a","stations":["s"],"require":["ek"]}]})"),
              StatusIs(StatusCode::kInvalidArgument, "lines[0].require[0]: must be ekpub"));
  EXPECT_THAT(ParsePolicyText(R"({"firmware":[{"vendor":5}]})"),
              StatusIs(StatusCode::kInvalidArgument, "firmware[0].vendor: must be text"));
  EXPECT_THAT(ParsePolicyText(R"({"quarantine":["EK_CHAIN_UNTRUSTED"]})"),
              StatusIs(StatusCode::kInvalidArgument, "quarantine[0]: may not"));
}

TEST(PolicyTextTest, WhatWouldLetAnybodyInIsRefused) {
  EXPECT_THAT(ParsePolicyText(R"({"require":[]})"), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(ParsePolicyText(R"({"lines":[{"name":"a","stations":["s"]}]})"),
              StatusIs(StatusCode::kInvalidArgument, "lines[0].require"));
}

TEST(PolicyTextTest, ATextWithTwoMeaningsIsRefused) {
  EXPECT_THAT(ParsePolicyText(R"({"golden":"off","golden":"enforce"})"),
              StatusIs(StatusCode::kInvalidArgument, "twice"));
  EXPECT_THAT(ParsePolicyText("[]"), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(ParsePolicyText("{"), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(ParsePolicyText(std::string(kPolicyBytesMax + 1, ' ')),
              StatusIs(StatusCode::kInvalidArgument, "large"));
}

TEST(FirmwareVersionTest, IsMajorAndMinorOfTheFirstWordOrExact) {
  EXPECT_THAT(ParseFirmwareVersion("15.23"), IsOkAndHolds(0x000F001700000000u));
  EXPECT_THAT(ParseFirmwareVersion("0x000f001700000001"), IsOkAndHolds(0x000F001700000001u));
  EXPECT_EQ(FirmwareVersionText(0x000F001700000000u), "15.23");
  EXPECT_EQ(FirmwareVersionText(0x000F001700000001u), "0x000f001700000001");
  for (const char* bad : {"", "15", "15.", ".23", "15.23.1", "65536.0", "0x0f", "-1.2"}) {
    EXPECT_FALSE(ParseFirmwareVersion(bad).ok()) << bad;
  }
}

TEST(VendorIdTest, IsAMakersNameOrHex) {
  EXPECT_THAT(ParseVendorId("STM"), IsOkAndHolds(0x53544D20u));
  EXPECT_THAT(ParseVendorId("0x53544d20"), IsOkAndHolds(0x53544D20u));
  EXPECT_EQ(VendorIdText(0x53544D20), "STM");
  EXPECT_EQ(VendorIdText(0x01020304), "0x01020304");
  EXPECT_FALSE(ParseVendorId("stm").ok());
}

}  // namespace
}  // namespace preseal::server
