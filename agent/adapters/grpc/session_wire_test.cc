// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/grpc/session_wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/adapters/grpc/wire_fields.h"
#include "common/base/limits.h"
#include "tests/support/status_matchers.h"

namespace preseal::agent {
namespace {

namespace wire = device::v1;
using test::IsOk;
using test::StatusIs;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const google::protobuf::Descriptor* Messages() { return wire::ServerMessage::descriptor(); }

// Ids and byte strings that must have a form get it; everything else is as Fill left it.
void GiveForm(google::protobuf::Message* message) {
  for (const auto& place : test_wire::LeavesOf(*message)) {
    auto* owner = place.owner(message);
    const auto set = [&](const std::string& text) {
      owner->GetReflection()->SetString(owner, place.field, text);
    };
    if (place.field->name() == "run_id") set("D-7.1");
    if (place.field->name() == "command_id") set("C-" + std::string(32, '1'));
    if (place.field->name() == "nonce") set(std::string(32, 'n'));
  }
}

// Every field set, of the oneof with the name `of` the member with this index, of others the first.
wire::ServerMessage Filled(const std::string& of, int member, const std::string& message) {
  wire::ServerMessage filled;
  int seed = 0;
  test_wire::Fill(
      &filled,
      [&](const google::protobuf::OneofDescriptor* oneof) {
        if (oneof->full_name() == "preseal.device.v1.ServerMessage.message") {
          return Messages()->FindFieldByName(message)->index_in_oneof();
        }
        return oneof->name() == of ? member : 0;
      },
      &seed);
  GiveForm(&filled);
  return filled;
}

// Which fields of `message` make no difference to what the agent reads.
std::vector<std::string> UnreadOf(const wire::ServerMessage& message) {
  const auto whole = FromWire(message);
  EXPECT_THAT(whole, IsOk()) << message.ShortDebugString();
  if (!whole.ok()) return {};
  const std::function<bool(const wire::ServerMessage&)> differs =
      [&whole](const wire::ServerMessage& other) {
        const auto read = FromWire(other);
        return !read.ok() || *read != *whole;
      };
  return test_wire::Unread(message, differs);
}

TEST(SessionWireTest, ReadsEveryFieldOfEveryMessage) {
  for (const char* message : {"ack", "renew", "token", "action", "sign_in", "landing"}) {
    EXPECT_THAT(UnreadOf(Filled("", 0, message)), IsEmpty()) << message;
  }
  EXPECT_THAT(UnreadOf(Filled("result", 0, "renewal")), IsEmpty());
}

// The certificate names the device, and the agent's clock is its own.
TEST(SessionWireTest, ReadsTheWholeWelcome) {
  EXPECT_THAT(UnreadOf(Filled("", 0, "welcome")),
              UnorderedElementsAre("welcome.device_id", "welcome.server_time"));
}

TEST(SessionWireTest, ReadsEveryFieldOfEveryCommand) {
  const auto* actions = wire::Command::descriptor()->FindOneofByName("action");
  for (int action = 0; action < actions->field_count(); ++action) {
    EXPECT_THAT(UnreadOf(Filled("action", action, "command")), IsEmpty())
        << actions->field(action)->name();
  }
}

TEST(SessionWireTest, LeavesOutAnActionItDoesNotKnow) {
  wire::ServerMessage message = Filled("", 0, "landing");
  message.mutable_landing()->add_actions(static_cast<wire::ActionRequest::Action>(99));
  const auto read = FromWire(message);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(std::get<LandingCard>(*read).actions.size(), 1u);
}

TEST(SessionWireTest, RefusesAStateOfASignInItDoesNotKnow) {
  wire::ServerMessage message = Filled("", 0, "sign_in");
  message.mutable_sign_in()->set_state(static_cast<wire::SignInState::State>(99));
  EXPECT_THAT(FromWire(message), StatusIs(StatusCode::kInvalidArgument, "unknown"));
}

TEST(SessionWireTest, RefusesACommandItDoesNotKnow) {
  wire::ServerMessage message = Filled("action", 0, "command");
  message.mutable_command()->clear_action();
  EXPECT_THAT(FromWire(message), StatusIs(StatusCode::kInvalidArgument, "unknown"));
}

// Every text the agent takes in has an end: one field at a time grows beyond all limits.
TEST(SessionWireTest, RefusesATextOverItsLimit) {
  const std::string endless(kErrorMessageCharsMax + 1, 'x');
  for (const char* message : {"token", "action", "sign_in", "landing"}) {
    const wire::ServerMessage good = Filled("", 0, message);
    for (const auto& place : test_wire::LeavesOf(good)) {
      if (place.field->cpp_type() != test_wire::FieldDescriptor::CPPTYPE_STRING) continue;
      wire::ServerMessage spoilt = good;
      auto* owner = place.owner(&spoilt);
      owner->GetReflection()->SetString(owner, place.field, endless);
      EXPECT_THAT(FromWire(spoilt), StatusIs(StatusCode::kInvalidArgument)) << place.path;
    }
  }
}

TEST(SessionWireTest, RefusesAnExtensionWithoutAnEnd) {
  wire::ServerMessage message = Filled("action", 0, "command");
  auto* extension = message.mutable_command()->mutable_extend_deadline();
  extension->set_run_id("D-7.1");
  extension->mutable_by()->set_seconds(24 * 60 * 60 + 1);
  EXPECT_THAT(FromWire(message), StatusIs(StatusCode::kInvalidArgument, "1440"));
}

// Every leaf of the wire message of `up` is set, but `unset`.
void ExpectFills(const UpMessage& up, const std::vector<std::string>& unset = {}) {
  const wire::AgentMessage message = ToWire(up);
  std::vector<const google::protobuf::FieldDescriptor*> set;
  message.GetReflection()->ListFields(message, &set);
  ASSERT_EQ(set.size(), 1u);
  const auto& body = message.GetReflection()->GetMessage(message, set[0]);
  for (int i = 0; i < body.GetDescriptor()->field_count(); ++i) {
    const auto* field = body.GetDescriptor()->field(i);
    const bool has = field->is_repeated() ? body.GetReflection()->FieldSize(body, field) > 0
                                          : body.GetReflection()->HasField(body, field);
    const bool expected = std::find(unset.begin(), unset.end(), field->name()) == unset.end();
    EXPECT_EQ(has, expected) << field->full_name();
  }
}

TEST(SessionWireTest, WritesEveryFieldOfWhatTheAgentSays) {
  ExpectFills(Hello{"1.0", "boot", "D-7.1", 4, {"C-1"}, Flow::kUser});
  ExpectFills(Goodbye{"C-1"});
  ExpectFills(KeyAttestation{{1}, {2}, {{3}, {4}}, {{5}, {6}}});
  ExpectFills(TokenRequest{"download", "office"});
  ExpectFills(TokenRelease{"download", "office"});
  ExpectFills(ActionRequest{"r-1", DeviceAction::kRetry});
  const OutOfBoxAnswers answers{"en-GB", "gb", true};
  ExpectFills(SignInRequest{"r-2", OneTimeCode{"ada", "123456"}, answers},
              {"start_device_authorization", "first_boot"});
  ExpectFills(SignInRequest{"r-3", StartDeviceAuthorization{}, answers}, {"code", "first_boot"});
  ExpectFills(SignInRequest{"r-4", FirstBootStart{}, answers},
              {"code", "start_device_authorization"});
}

TEST(SessionWireTest, WritesWhatAPersonTyped) {
  const wire::AgentMessage message =
      ToWire(SignInRequest{"r-2", OneTimeCode{"ada", "123456"}, {"en-GB", "gb", true}});
  EXPECT_EQ(message.sign_in().code().username(), "ada");
  EXPECT_EQ(message.sign_in().code().code(), "123456");
  EXPECT_EQ(message.sign_in().answers().language(), "en-GB");
  EXPECT_EQ(message.sign_in().answers().keyboard(), "gb");
  EXPECT_TRUE(message.sign_in().answers().licence_accepted());
}

TEST(SessionWireTest, WritesEveryActionOfAPerson) {
  const std::vector<std::pair<DeviceAction, wire::ActionRequest::Action>> pairs = {
      {DeviceAction::kRefresh, wire::ActionRequest::ACTION_REFRESH},
      {DeviceAction::kProvision, wire::ActionRequest::ACTION_PROVISION},
      {DeviceAction::kRetry, wire::ActionRequest::ACTION_RETRY},
      {DeviceAction::kReset, wire::ActionRequest::ACTION_RESET},
      {DeviceAction::kDiagnostics, wire::ActionRequest::ACTION_DIAGNOSTICS},
      {DeviceAction::kContinue, wire::ActionRequest::ACTION_CONTINUE}};
  for (const auto& [action, expected] : pairs) {
    EXPECT_EQ(ToWire(ActionRequest{"r", action}).action().action(), expected);
    wire::ServerMessage card;
    card.mutable_landing()->add_actions(expected);
    const auto read = FromWire(card);
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(std::get<LandingCard>(*read).actions.at(0), action);
  }
}

}  // namespace
}  // namespace preseal::agent
