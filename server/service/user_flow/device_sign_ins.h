// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/base/clock.h"
#include "common/base/guarded.h"
#include "common/base/ids.h"
#include "common/base/limits.h"
#include "server/domain/rate_limiter.h"
#include "server/domain/sign_in/sign_in_rules.h"
#include "server/service/device_requests.h"
#include "server/service/user_flow/sign_in_provider.h"

namespace preseal::server {

// Sign-ins at the identity provider that wait for a person (RFC 8628): one per device, at most
// kDeviceAuthorizationsMax. The provider is asked on the threads behind `post`; no call here waits
// for it. A sign-in outlives the device's stream, and what comes of it is told if there is one.
// Thread-safe.
class DeviceSignIns {
 public:
  // Runs work on a thread that may block; false: no room now.
  using Post = std::function<bool(std::function<void()>)>;
  using Tell = std::function<void(const DeviceId&, const SignInAnswer&)>;
  // Lets in who signed in, or not, and says so to the device; blocks on the store.
  using Admit =
      std::function<void(const DeviceId&, const std::string& request_id, const SignedInUser&)>;

  DeviceSignIns(SignInProvider& provider, const Clock& clock, Post post, Tell tell, Admit admit);

  // Starts one; what was under way of this device ends. A repeat of the newest request gets its
  // answer again. What it answers goes down the stream, now or later.
  void Begin(const DeviceId& device, const std::string& request_id);
  // Every second: asks the provider where it is time, ends what took too long.
  void Tick();
  // The provider is asked no more; what was posted returns at once.
  void Stop() { stopped_ = true; }
  size_t size() { return pending_.Lock()->size(); }

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Pending {
    uint64_t serial = 0;  // another sign-in of the same device is another one
    std::string request_id;
    std::optional<DeviceAuthorization> begun;
    std::chrono::seconds interval{0};
    Time next{};
    Time until{};
    bool busy = false;  // the provider is being asked
    int failures = 0;   // in a row
  };
  using Map = std::unordered_map<DeviceId, Pending>;

  SignInAnswer PendingAnswer(const Pending& pending) const;
  void Refuse(const DeviceId& device, const std::string& request_id, SignInRefusal refusal) const;
  // The entry, if it is still the one with this serial.
  static Pending* Find(Map& map, const DeviceId& device, uint64_t serial);
  std::optional<Pending> TakeOut(const DeviceId& device, uint64_t serial);
  void AskToBegin(const DeviceId& device, uint64_t serial);
  void AskAgain(const DeviceId& device, uint64_t serial, const std::string& device_code);
  void OnPoll(const DeviceId& device, uint64_t serial, const SignInPoll& poll);
  void OnPollFailed(const DeviceId& device, uint64_t serial, const Status& status);

  SignInProvider& provider_;
  const Clock& clock_;
  const Post post_;
  const Tell tell_;
  const Admit admit_;
  std::atomic<bool> stopped_{false};
  Guarded<Map> pending_;
  Guarded<uint64_t> serial_{0};
  // What one device may ask of the provider.
  Guarded<RateLimiter> rate_{kSignInBeginBurst, kSignInBeginEvery, kDeviceSessionsMax};
};

}  // namespace preseal::server
