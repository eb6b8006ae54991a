// SPDX-License-Identifier: Apache-2.0
// How old a seal may be before it is worth a look. Pure.
#pragma once

#include <chrono>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/status/status.h"

namespace preseal::server {

// Values equal preseal.fleet.v1.Seal.Age; never renumber.
enum class SealAge { kFresh = 1, kOk = 2, kAgeing = 3, kExpired = 4 };

// From which age on a seal is no longer fresh, is ageing, has expired.
struct SealPolicy {
  std::chrono::seconds fresh = kSealFreshDefault;
  std::chrono::seconds ageing = kSealAgeingDefault;
  std::chrono::seconds expired = kSealExpiredDefault;
};

// InvalidArgument unless 0 <= fresh <= ageing <= expired and expired is not zero.
Status CheckSealPolicy(const SealPolicy& policy);

// A seal from the future (the clock was set back) is fresh.
SealAge AgeOf(WallTime seal_time, WallTime now, const SealPolicy& policy);

// "fresh", "ok", "ageing", "expired".
std::string_view NameOf(SealAge age);

}  // namespace preseal::server
