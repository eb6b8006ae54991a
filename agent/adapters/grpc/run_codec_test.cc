// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/grpc/run_codec.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "agent/adapters/grpc/wire_fields.h"
#include "preseal/progress/v1/progress.pb.h"
#include "tests/support/status_matchers.h"

namespace preseal::agent {
namespace {

namespace wire = progress::v1;
using test::IsOk;
using test::StatusIs;

int KindsOfBody() { return wire::Event::descriptor()->FindOneofByName("body")->field_count(); }

// Every field set that the agent makes, with the body of this index.
wire::Event Filled(int body) {
  wire::Event event;
  int seed = 0;
  test_wire::Fill(
      &event, [body](const auto*) { return body; }, &seed);
  event.clear_sequence();  // the journal's, not the codec's
  if (event.has_item_changed()) event.mutable_item_changed()->mutable_wait()->clear_start_time();
  if (event.has_seal_armed()) {
    event.mutable_seal_armed()->set_birth_certificate_sha256(std::string(32, 'd'));
  }
  return event;
}

TEST(RunCodecTest, CarriesEveryFieldOfEveryEventBothWays) {
  const RunCodec codec;
  for (int body = 0; body < KindsOfBody(); ++body) {
    const wire::Event event = Filled(body);
    const auto decoded = codec.DecodeEvent(AsBytes(event.SerializeAsString()));
    ASSERT_THAT(decoded, IsOk()) << event.ShortDebugString();
    wire::Event again;
    ASSERT_TRUE(again.ParseFromString(ToString(codec.EncodeEvent(*decoded))));
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(event, again))
        << event.ShortDebugString() << "\n"
        << again.ShortDebugString();
  }
}

TEST(RunCodecTest, GivesTheSameBytesForTheSameEvent) {
  const RunCodec codec;
  for (int body = 0; body < KindsOfBody(); ++body) {
    const auto decoded = codec.DecodeEvent(AsBytes(Filled(body).SerializeAsString()));
    ASSERT_THAT(decoded, IsOk());
    EXPECT_EQ(codec.EncodeEvent(*decoded), codec.EncodeEvent(*decoded));
  }
}

// KIND_DEVICE is the server's own word.
TEST(RunCodecTest, CarriesEveryKindOfWaitTheAgentKnows) {
  const RunCodec codec;
  for (int kind = wire::Wait::Kind_MIN + 1; kind <= wire::Wait::KIND_SPOOL; ++kind) {
    wire::Event event = Filled(wire::Event::kItemChanged - wire::Event::kRunStarted);
    event.mutable_item_changed()->mutable_wait()->set_kind(static_cast<wire::Wait::Kind>(kind));
    const auto decoded = codec.DecodeEvent(AsBytes(event.SerializeAsString()));
    ASSERT_THAT(decoded, IsOk()) << kind;
    wire::Event again;
    ASSERT_TRUE(again.ParseFromString(ToString(codec.EncodeEvent(*decoded))));
    EXPECT_EQ(again.item_changed().wait().kind(), kind);
  }
}

TEST(RunCodecTest, RefusesAnEnumItDoesNotKnow) {
  const RunCodec codec;
  int enums = 0;
  for (int body = 0; body < KindsOfBody(); ++body) {
    const wire::Event event = Filled(body);
    for (const auto& place : test_wire::LeavesOf(event)) {
      if (place.field->cpp_type() != test_wire::FieldDescriptor::CPPTYPE_ENUM) continue;
      wire::Event spoilt = event;
      auto* owner = place.owner(&spoilt);
      owner->GetReflection()->SetEnumValue(owner, place.field, 99);
      EXPECT_THAT(codec.DecodeEvent(AsBytes(spoilt.SerializeAsString())),
                  StatusIs(StatusCode::kInvalidArgument, "unknown"))
          << place.path;
      ++enums;
    }
  }
  EXPECT_EQ(enums, 4);  // item state, kind of wait, run outcome, command state
}

TEST(RunCodecTest, RefusesAnEventWithoutABody) {
  EXPECT_THAT(RunCodec().DecodeEvent({}), StatusIs(StatusCode::kInvalidArgument, "body"));
}

}  // namespace
}  // namespace preseal::agent
