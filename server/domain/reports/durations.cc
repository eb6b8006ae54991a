// SPDX-License-Identifier: Apache-2.0
#include "server/domain/reports/durations.h"

#include <algorithm>

namespace preseal::server {
namespace {

using std::chrono::microseconds;

microseconds Between(WallTime from, WallTime to) {
  return microseconds(std::max<int64_t>(0, ToMicros(to) - ToMicros(from)));
}

}  // namespace

Durations DurationsOf(const Deployment& deployment, std::span<const RunTimes> runs, WallTime now) {
  Durations sum;
  if (!deployment.start) return sum;
  for (const RunTimes& run : runs) {
    if (run.start < *deployment.start) continue;
    auto& part = run.flow == Flow::kUser ? sum.account_setup : sum.device_setup;
    part = part.value_or(microseconds(0)) + Between(run.start, run.end.value_or(now));
  }
  const WallTime end = deployment.end.value_or(now);
  if (!deployment.seal_time) {
    sum.total = Between(*deployment.start, end);
    return sum;
  }
  sum.total = Between(*deployment.start, *deployment.seal_time);
  // On the shelf, in a parcel, on a desk: nobody's time.
  if (deployment.user_time) *sum.total += Between(*deployment.user_time, end);
  return sum;
}

}  // namespace preseal::server
