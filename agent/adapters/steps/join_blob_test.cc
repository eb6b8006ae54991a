// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/join_blob.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/crypto/digest.h"
#include "common/crypto/encoding.h"
#include "tests/support/status_matchers.h"

namespace preseal::agent::steps {
namespace {

using nlohmann::json;
using test::IsOkAndHolds;
using test::StatusIs;

json Good() {
  const Bytes odj = ToBytes("what net wrote");
  return {{"format", 1},
          {"provider", "samba-offline-join"},
          {"domain", "floor.test"},
          {"workgroup", "FLOOR"},
          {"computer_name", "PS-1"},
          {"odj_sha256", ToHex(crypto::Sha256(odj))},
          {"odj", crypto::Base64Encode(odj)}};
}
StatusOr<SambaJoinBlob> Parse(const json& blob) {
  const std::string text = blob.dump();
  return ParseSambaJoinBlob(AsBytes(text));
}

TEST(JoinBlobTest, ReadsWhoTheDeviceBecomesAndWhatNetLoads) {
  ASSERT_OK_AND_ASSIGN(const SambaJoinBlob blob, Parse(Good()));
  EXPECT_EQ(blob.membership, (Membership{"floor.test", "FLOOR", "PS-1"}));
  EXPECT_EQ(AsText(blob.odj.Reveal()), "what net wrote");
}

TEST(JoinBlobTest, RefusesABlobCutShort) {
  const std::string text = Good().dump();
  EXPECT_THAT(ParseSambaJoinBlob(AsBytes(text).first(text.size() - 1)),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST(JoinBlobTest, RefusesAnotherContentThanItsDigest) {
  json blob = Good();
  blob["odj"] = crypto::Base64Encode(ToBytes("what net wrotf"));
  EXPECT_THAT(Parse(blob), StatusIs(StatusCode::kInvalidArgument, "damaged"));
}

TEST(JoinBlobTest, RefusesAnotherProvider) {
  json blob = Good();
  blob["provider"] = "other";
  EXPECT_THAT(Parse(blob), StatusIs(StatusCode::kInvalidArgument, "another provider"));
}

TEST(JoinBlobTest, RefusesAnotherFormat) {
  json blob = Good();
  blob["format"] = 2;
  EXPECT_THAT(Parse(blob), StatusIs(StatusCode::kInvalidArgument, "format"));
}

TEST(JoinBlobTest, RefusesNamesThatWouldEscapeAConfiguration) {
  for (const char* key : {"domain", "workgroup", "computer_name"}) {
    json blob = Good();
    blob[key] = "X\npanic action = sh";
    EXPECT_THAT(Parse(blob), StatusIs(StatusCode::kInvalidArgument, key));
    blob[key] = "";
    EXPECT_THAT(Parse(blob), StatusIs(StatusCode::kInvalidArgument, key));
    blob[key] = 5;
    EXPECT_THAT(Parse(blob), StatusIs(StatusCode::kInvalidArgument, key));
  }
}

TEST(JoinedNoteTest, ReadsBackWhatItWrote) {
  const Membership membership{"floor.test", "FLOOR", "PS-1"};
  const std::string note = JoinedNote(membership);
  EXPECT_THAT(ParseJoinedNote(AsBytes(note)), IsOkAndHolds(membership));
}

}  // namespace
}  // namespace preseal::agent::steps
