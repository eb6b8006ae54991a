// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "common/base/clock.h"
#include "common/base/guarded.h"
#include "common/base/limits.h"
#include "server/domain/rate_limiter.h"

namespace preseal::server {

// Who may start an enrolment now: so many per station and per address, and one at a time per serial
// number. Asked before evidence is parsed, so that a flood costs next to nothing. Thread-safe.
class AdmissionGate {
 public:
  explicit AdmissionGate(const Clock& clock) : clock_(clock) {}

  // `peer` is the caller's address as gRPC writes it ("ipv4:10.0.0.7:51034"); its port does not
  // count. What was seen when refused, nothing when it may go on.
  std::optional<std::string> Refuse(std::string_view station, std::string_view peer);

  // While it lives no other enrolment of this serial number may begin: two agents with one serial
  // number would take turns in spoiling each other's record.
  class Turn {
   public:
    Turn(AdmissionGate& gate, std::string serial) : gate_(gate), serial_(std::move(serial)) {}
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    AdmissionGate& gate_;
    const std::string serial_;
  };
  // Null if another enrolment of it is under way. Serial numbers are compared without case and
  // white space around them.
  std::unique_ptr<Turn> TakeTurn(std::string_view serial);

 private:
  struct Limits {
    RateLimiter stations{kEnrollmentsPerStationBurst, kEnrollmentsPerStationEvery,
                         kRateLimitKeysMax};
    RateLimiter peers{kEnrollmentsPerPeerBurst, kEnrollmentsPerPeerEvery, kRateLimitKeysMax};
  };

  const Clock& clock_;
  Guarded<Limits> limits_;
  Guarded<std::unordered_set<std::string>> enrolling_;
};

}  // namespace preseal::server
