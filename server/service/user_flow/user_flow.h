// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "server/service/device_requests.h"
#include "server/service/flow/dispatcher.h"
#include "server/service/live_devices.h"
#include "server/service/ports.h"
#include "server/service/user_flow/device_sign_ins.h"
#include "server/service/user_flow/sign_in_provider.h"
#include "server/service/user_flow/user_entry.h"

namespace preseal::server {

// Signing in at a sealed device, and what it begins. Answers go down the device's stream, before
// the order that starts the run. Thread-safe.
class UserFlow final : public SignInDesk {
 public:
  UserFlow(Store& store, const Clock& clock, LiveDevices& live, Dispatcher& dispatcher,
           UserEntry& entry)
      : store_(store), clock_(clock), live_(live), dispatcher_(dispatcher), entry_(entry) {}

  // Before ports open; `post` as DeviceSignIns. Both outlive this; whatever was posted must have
  // run before this goes.
  void OfferProvider(SignInProvider& provider, DeviceSignIns::Post post);

  void SignIn(const DeviceId& device, const SignInAsk& ask) override;
  bool offers_device_authorization() const override { return sign_ins_.has_value(); }

  // Every second; does not block.
  void Tick() {
    if (sign_ins_) sign_ins_->Tick();
  }

  void Stop() {
    if (sign_ins_) sign_ins_->Stop();
  }

 private:
  // Judges inside the transaction; who is accepted has a name, unless nobody signs in.
  struct Entrant {
    EntryVerdict verdict;
    std::string username;
    std::string proof;
  };
  using Judge = std::function<StatusOr<Entrant>(Tx&, const Device&)>;
  void Enter(const DeviceId& device, const std::string& request_id, SignInMethod method,
             const Judge& judge);
  void BeginElsewhere(const DeviceId& device, const SignInAsk& ask);
  void Admit(const DeviceId& device, const std::string& request_id, const SignedInUser& user);
  void Tell(const DeviceId& device, const SignInAnswer& answer);

  Store& store_;
  const Clock& clock_;
  LiveDevices& live_;
  Dispatcher& dispatcher_;
  UserEntry& entry_;
  std::optional<DeviceSignIns> sign_ins_;
};

}  // namespace preseal::server
