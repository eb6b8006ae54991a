// SPDX-License-Identifier: Apache-2.0
// Tests only: a sealed device of ada's, and what the user flow says down its stream.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/limits.h"
#include "server/adapters/ca/ca_store.h"
#include "server/service/flow/landing_desk.h"
#include "server/service/service_fixture.h"
#include "server/service/user_flow/user_code_office.h"
#include "server/service/user_flow/user_entry.h"
#include "server/service/user_flow/user_flow.h"

namespace preseal::server {

// Keeps what a device is told.
class KeepingLink final : public DeviceLink {
 public:
  SendResult Send(const DeviceOrder& order) override {
    orders.push_back(order);
    return SendResult::kQueued;
  }
  bool SendRenewal(const RenewalMessage&) override { return true; }
  bool Tell(const DeviceAnswer& answer) override {
    if (const auto* state = std::get_if<SignInAnswer>(&answer)) {
      orders_before_answer = orders.size();
      answers.push_back(*state);
    }
    if (const auto* card = std::get_if<LandingFacts>(&answer)) cards.push_back(*card);
    return true;
  }
  void Ack(const RunId&, uint64_t) override {}
  void End(const Status&) override {}

  std::vector<DeviceOrder> orders;
  std::vector<SignInAnswer> answers;
  std::vector<LandingFacts> cards;
  size_t orders_before_answer = 0;  // sent before the newest answer
};

class UserFlowTest : public FlowTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(FlowTest::SetUp());
    landing_.emplace(*store_, clock_, *live_, profile_, "Acme");
    dispatcher_->set_landing(&*landing_);
    codes_.emplace(*store_, clock_, *landing_);
    UsePolicy({});
    device_ = AddSealed("A-17");
    ASSERT_OK(live_->Attach(device_, link_));
  }

  // A real one, for what is signed.
  void MakeAuthority() {
    const auto folder = dir_.path() / "ca";
    ASSERT_OK(CaStore::Create(
        folder, {.organisation = "Acme", .names = {{"localhost"}, {"127.0.0.1"}}}, clock_.Now()));
    ASSERT_OK_AND_ASSIGN(ca_, CaStore::Load(folder));
  }

  void UsePolicy(const SignInPolicy& policy) {
    user_flow_.reset();
    entry_.emplace(clock_, profile_, *flow_, policy);
    user_flow_.emplace(*store_, clock_, *live_, *dispatcher_, *entry_);
    landing_->set_sign_in(policy, /*device_authorization=*/false);
  }

  // Provisioned and sealed a day ago, assigned to ada.
  DeviceId AddSealed(const std::string& serial) {
    Device device = AddEnrolled(serial);
    auto start = flow_->Start(lead_, device.id, "");
    EXPECT_OK(start);
    start->state = CommandState::kVerified;
    device = Load(device.id);
    device.state = DeviceState::kSealed;
    device.blocking_satisfied = true;
    device.assigned_user = "ada@example.com";
    device.sealed_plan_digest = profile_.digest;
    device.seal_time = device.state_time = clock_.Now() - std::chrono::hours(24);
    device.deployments = 1;
    EXPECT_OK(Write([&](Tx& tx) -> Status {
      RETURN_IF_ERROR(tx.commands.UpdateCommand(*start));
      return tx.devices.Put(&device);
    }));
    return device.id;
  }
  template <typename Change>
  void Alter(Change change) {
    Device device = Load(device_);
    change(&device);
    ASSERT_OK(Write([&](Tx& tx) { return tx.devices.Put(&device); }));
  }
  std::string IssueCode() {
    const auto issued = codes_->Issue(lead_, device_);
    EXPECT_OK(issued);
    return issued.ok() ? issued->code : "";
  }
  // What the newest request came to; nothing yet if it is undecided.
  SignInAnswer SignIn(decltype(SignInAsk::method) method, bool licence = false) {
    const size_t before = link_->answers.size();
    user_flow_->SignIn(device_, {.request_id = "r-" + std::to_string(before),
                                 .method = std::move(method),
                                 .licence_accepted = licence});
    if (link_->answers.size() == before) return {};
    return link_->answers.back();
  }
  SignInAnswer Enter(const std::string& code, const std::string& user = "ada@example.com") {
    return SignIn(SignInAsk::OneTimeCode{user, code});
  }
  LandingFacts Card() {
    return Look<LandingFacts>(
        [&](Tx& tx) -> StatusOr<LandingFacts> { return landing_->Of(tx, Load(device_)); });
  }

  std::unique_ptr<CaStore> ca_;  // after MakeAuthority
  std::optional<LandingDesk> landing_;
  std::optional<UserCodeOffice> codes_;
  std::optional<UserEntry> entry_;
  std::optional<UserFlow> user_flow_;
  const std::shared_ptr<KeepingLink> link_ = std::make_shared<KeepingLink>();
  DeviceId device_;
};

}  // namespace preseal::server
