// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "tests/support/store_conformance.h"

namespace preseal::server {
namespace {

using test::IsOk;
using test::StatusIs;
using testing::ElementsAre;
using testing::IsEmpty;

class CommandsConformance : public test::StoreConformance {
 protected:
  void SetUp() override {
    StoreConformance::SetUp();
    device_ = Add(NewDevice("S-1")).id;
  }
  Command NewCommand(char digit, const std::string& request_id = "") {
    Command command;
    command.command_id = *CommandId::Parse("C-" + std::string(32, digit));
    command.device_id = device_;
    command.actor = "users/ann";
    command.request_id = request_id;
    command.create_time = command.update_time = clock_.Now();
    return command;
  }
  Status Insert(const Command& command) {
    return Write([&command](Tx& tx) { return tx.commands.InsertCommand(command); });
  }
  std::vector<char> Open() {
    auto open = ReadValue([this](Tx& tx) { return tx.commands.OpenCommands(device_); });
    EXPECT_OK(open);
    std::vector<char> digits;
    if (open.ok()) {
      for (const Command& command : *open) digits.push_back(command.command_id.text().back());
    }
    return digits;
  }
  StatusOr<Command> Find(std::string_view actor, std::string_view request_id) {
    return ReadValue(
        [&](Tx& tx) { return tx.commands.FindCommand(device_, actor, request_id, clock_.Now()); });
  }

  DeviceId device_;
};

TEST_P(CommandsConformance, CommandIsReadBackWhole) {
  Command command = NewCommand('a', "r-1");
  command.kind = CommandKind::kReseal;
  command.state = CommandState::kDelivered;
  command.code = "code";
  command.message = "message";
  command.update_time = Time(3);
  command.run_id = RunId::Of(device_, 2);
  command.seal_step = SealStep::kGranted;
  command.nonce = Bytes(32, 9);
  command.item_id = "policy";
  command.text = "known fault";
  command.by = std::chrono::minutes(30);
  ASSERT_OK(Insert(command));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const Command got, ReadValue([&](Tx& tx) {
                         return tx.commands.GetCommand(command.command_id);
                       }));
  EXPECT_EQ(got.command_id, command.command_id);
  EXPECT_EQ(got.device_id, command.device_id);
  EXPECT_EQ(got.kind, command.kind);
  EXPECT_EQ(got.state, command.state);
  EXPECT_EQ(got.code, command.code);
  EXPECT_EQ(got.message, command.message);
  EXPECT_EQ(got.create_time, command.create_time);
  EXPECT_EQ(got.update_time, command.update_time);
  EXPECT_EQ(got.actor, command.actor);
  EXPECT_EQ(got.request_id, command.request_id);
  EXPECT_EQ(got.run_id, command.run_id);
  EXPECT_EQ(got.seal_step, command.seal_step);
  EXPECT_EQ(got.nonce, command.nonce);
  EXPECT_EQ(got.item_id, command.item_id);
  EXPECT_EQ(got.text, command.text);
  EXPECT_EQ(got.by, command.by);
}

TEST_P(CommandsConformance, CommandIdIsTakenOnce) {
  ASSERT_OK(Insert(NewCommand('a')));
  EXPECT_THAT(Insert(NewCommand('a')), StatusIs(StatusCode::kAlreadyExists));
}

TEST_P(CommandsConformance, UnknownCommandIsNotFoundAndCannotBeUpdated) {
  const Command stranger = NewCommand('b');
  EXPECT_THAT(ReadValue([&](Tx& tx) { return tx.commands.GetCommand(stranger.command_id); }),
              StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Write([&](Tx& tx) { return tx.commands.UpdateCommand(stranger); }),
              StatusIs(StatusCode::kInternal));
}

TEST_P(CommandsConformance, OpenCommandsAreOldestFirstAndEndWhenDecided) {
  const std::vector<CommandState> states = {CommandState::kQueued, CommandState::kDelivered,
                                            CommandState::kAccepted, CommandState::kDone};
  char digit = '9';
  for (const CommandState state : states) {
    Command command = NewCommand(digit--);
    command.state = state;
    ASSERT_OK(Insert(command));
  }
  EXPECT_THAT(Open(), ElementsAre('9', '8', '7', '6'));
  Command done = NewCommand('9');
  done.state = CommandState::kVerified;
  done.code = "ok";
  done.seal_step = SealStep::kArmed;
  ASSERT_OK(Write([&](Tx& tx) { return tx.commands.UpdateCommand(done); }));
  Command failed = NewCommand('7');
  failed.state = CommandState::kFailed;
  ASSERT_OK(Write([&](Tx& tx) { return tx.commands.UpdateCommand(failed); }));
  EXPECT_THAT(Open(), ElementsAre('8', '6'));
}

TEST_P(CommandsConformance, OpenCommandsAreOneDevicesOwn) {
  ASSERT_OK(Insert(NewCommand('a')));
  const DeviceId other = Add(NewDevice("S-2")).id;
  ASSERT_OK_AND_ASSIGN(const auto open,
                       ReadValue([&](Tx& tx) { return tx.commands.OpenCommands(other); }));
  EXPECT_THAT(open, IsEmpty());
}

TEST_P(CommandsConformance, RequestIdFindsItsCommandUntilForgotten) {
  ASSERT_OK(Insert(NewCommand('a', "r-1")));
  ASSERT_OK(Insert(NewCommand('b')));
  ASSERT_OK_AND_ASSIGN(const Command found, Find("users/ann", "r-1"));
  EXPECT_EQ(found.command_id, NewCommand('a').command_id);
  EXPECT_THAT(Find("users/bob", "r-1"), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Find("users/ann", "r-2"), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Find("users/ann", ""), StatusIs(StatusCode::kNotFound));
  clock_.Turn(kRequestIdLife - std::chrono::seconds(1));
  EXPECT_OK(Find("users/ann", "r-1"));
  clock_.Turn(std::chrono::seconds(1));
  EXPECT_THAT(Find("users/ann", "r-1"), StatusIs(StatusCode::kNotFound));
}

TEST_P(CommandsConformance, EveryKindIsReadBack) {
  char digit = '0';
  for (int kind = static_cast<int>(CommandKind::kStart);
       kind <= static_cast<int>(CommandKind::kSignIn); ++kind) {
    Command command = NewCommand(digit == '9' + 1 ? digit = 'a' : digit);
    ++digit;
    command.kind = static_cast<CommandKind>(kind);
    ASSERT_OK(Insert(command));
    ASSERT_OK_AND_ASSIGN(const Command got, ReadValue([&](Tx& tx) {
                           return tx.commands.GetCommand(command.command_id);
                         }));
    EXPECT_EQ(got.kind, command.kind);
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, CommandsConformance, testing::ValuesIn(test::StoreKinds()),
                         test::StoreKindName);

}  // namespace
}  // namespace preseal::server
