// SPDX-License-Identifier: Apache-2.0
#include "server/wire/wire_time.h"

#include <algorithm>

namespace preseal::server {

void SetTime(WallTime time, google::protobuf::Timestamp* out) {
  const int64_t micros = ToMicros(time);
  out->set_seconds(micros / 1'000'000);
  out->set_nanos(static_cast<int32_t>(micros % 1'000'000 * 1000));
}

void SetDuration(std::chrono::microseconds duration, google::protobuf::Duration* out) {
  out->set_seconds(duration.count() / 1'000'000);
  out->set_nanos(static_cast<int32_t>(duration.count() % 1'000'000 * 1000));
}

WallTime ToWallTime(const google::protobuf::Timestamp& time) {
  // What google.protobuf.Timestamp allows, years 1 to 9999; more must not overflow below.
  constexpr int64_t kSecondsMin = -62'135'596'800;
  constexpr int64_t kSecondsMax = 253'402'300'799;
  const int64_t seconds = std::clamp(time.seconds(), kSecondsMin, kSecondsMax);
  return FromMicros(seconds * 1'000'000 + time.nanos() / 1000);
}

}  // namespace preseal::server
