// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/dispatcher.h"

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/service/service_fixture.h"

namespace preseal::server {
namespace {

// Takes orders as a stream does that cannot put `unreadable` plans on the wire.
class PickyLink final : public DeviceLink {
 public:
  SendResult Send(const DeviceOrder& order) override {
    const auto* start = std::get_if<StartRunOrder>(&order.action);
    if (start != nullptr && start->plan == unreadable) return SendResult::kUnreadable;
    if (orders.size() == room) return SendResult::kLater;
    orders.push_back(order);
    return SendResult::kQueued;
  }
  bool SendRenewal(const RenewalMessage&) override { return true; }
  bool Tell(const DeviceAnswer&) override { return true; }
  void Ack(const RunId&, uint64_t) override {}
  void End(const Status&) override {}

  std::optional<Bytes> unreadable;
  size_t room = 100;
  std::vector<DeviceOrder> orders;
};

class DispatcherTest : public FlowTest {
 protected:
  // A started run and an order to restart behind it.
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(FlowTest::SetUp());
    device_ = AddEnrolled("A-17").id;
    const auto start = flow_->Start(lead_, device_, "");
    ASSERT_OK(start);
    start_ = start->command_id;
    restart_ = *CommandId::Parse("C-" + std::string(32, 'a'));
    const Command restart{.command_id = restart_,
                          .device_id = device_,
                          .kind = CommandKind::kRestart,
                          .create_time = clock_.Now(),
                          .update_time = clock_.Now(),
                          .actor = "lena"};
    ASSERT_OK(Write([&](Tx& tx) { return tx.commands.InsertCommand(restart); }));
    ASSERT_OK(live_->Attach(device_, link_));
  }
  // What was sent is marked on the writer thread: wait for it.
  void Dispatch() {
    dispatcher_->Dispatch(device_);
    ASSERT_OK(Write([](Tx&) { return OkStatus(); }));
  }
  Command LoadCommand(const CommandId& id) {
    return Look<Command>([&](Tx& tx) { return tx.commands.GetCommand(id); });
  }

  const std::shared_ptr<PickyLink> link_ = std::make_shared<PickyLink>();
  DeviceId device_;
  CommandId start_;
  CommandId restart_;
};

TEST_F(DispatcherTest, OpenOrdersGoOutOldestFirstAndAreMarkedDelivered) {
  Dispatch();
  ASSERT_EQ(link_->orders.size(), 2u);
  EXPECT_EQ(link_->orders[0].command_id, start_);
  EXPECT_EQ(LoadCommand(start_).state, CommandState::kDelivered);
}

TEST_F(DispatcherTest, APlanThatCannotBeReadFailsItsCommandAndKeepsNoLaterOrder) {
  link_->unreadable = profile_.plan;
  Dispatch();
  ASSERT_EQ(link_->orders.size(), 1u);
  EXPECT_EQ(link_->orders[0].command_id, restart_);
  EXPECT_EQ(LoadCommand(start_).state, CommandState::kFailed);
  EXPECT_EQ(LoadCommand(start_).code, "PLAN_UNREADABLE");
  EXPECT_EQ(LoadCommand(restart_).state, CommandState::kVerified);
}

// The run it began goes on with the plan the device has.
TEST_F(DispatcherTest, APlanThatCannotBeReadLaterOnLeavesADeliveredCommandAlone) {
  Dispatch();
  link_->unreadable = profile_.plan;
  Dispatch();
  EXPECT_EQ(LoadCommand(start_).state, CommandState::kDelivered);
}

TEST_F(DispatcherTest, NothingOvertakesAnOrderThatFoundTheOutboxFull) {
  link_->room = 0;
  Dispatch();
  EXPECT_EQ(LoadCommand(start_).state, CommandState::kQueued);
  EXPECT_EQ(LoadCommand(restart_).state, CommandState::kQueued);
}

}  // namespace
}  // namespace preseal::server
