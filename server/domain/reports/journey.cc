// SPDX-License-Identifier: Apache-2.0
#include "server/domain/reports/journey.h"

#include <algorithm>

namespace preseal::server {
namespace {

JourneyTry MakeTry(const JourneyRun& run, bool retried, WallTime now) {
  const int64_t micros = ToMicros(run.end.value_or(now)) - ToMicros(run.start);
  return {.run = run,
          .state = StateOfTry({.outcome = run.outcome,
                               .continued = run.continued,
                               .waived = run.waived,
                               .retried = retried}),
          .duration = std::chrono::microseconds(std::max<int64_t>(0, micros))};
}

}  // namespace

Journey JourneyOf(std::span<const JourneyRun> runs, std::optional<WallTime> first_seal,
                  WallTime now) {
  Journey journey{.succeeded = first_seal.has_value(), .end = first_seal};
  bool failed_before = false;
  bool user_failed_before = false;
  bool waived = false;
  for (const JourneyRun& run : runs) {
    const bool user = run.flow == Flow::kUser;
    if (!user && first_seal && run.start > *first_seal) break;
    if (!journey.start && !user) journey.start = run.start;
    bool& failed = user ? user_failed_before : failed_before;
    journey.tries.push_back(MakeTry(run, failed, now));
    failed = failed || FailedTry(run.outcome);
    if (!user && run.outcome != RunOutcome::kRunning) ++journey.attempts;
    waived = waived || (!user && run.waived);
  }
  journey.first_time_right = journey.succeeded && journey.attempts == 1 && !waived;
  return journey;
}

}  // namespace preseal::server
