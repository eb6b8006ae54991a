// SPDX-License-Identifier: Apache-2.0
#include "agent/service/diagnostics/failure_watch.h"

#include "agent/service/run/run_end.h"
#include "common/log/log.h"

namespace preseal::agent {
namespace {

constexpr std::chrono::seconds kLookEvery{2};

}  // namespace

std::optional<std::string> FailedRun(const std::vector<std::shared_ptr<RunLog>>& logs,
                                     const WireCodec& codec) {
  const auto end = logs.empty() ? std::nullopt : EndOf(*logs.back(), codec);
  if (!end || end->outcome != RunOutcome::kFailed) return std::nullopt;
  const auto plan = codec.DecodePlan(logs.back()->header().plan);
  if (!plan.ok() || !plan->esp.allow_log_collection) return std::nullopt;
  return logs.back()->header().run_id.text();
}

std::vector<UpMessage> FailureWatch::Due(Time now) {
  if (now < next_look_) return {};
  next_look_ = now + kLookEvery;
  const auto failed = failed_();
  if (!failed || *failed == seen_) return {};
  seen_ = *failed;
  worker_ = std::jthread([this, run_id = *failed](std::stop_token stop) {
    const Status sent = keeper_.CollectFailure(run_id, std::move(stop));
    if (!sent.ok()) log::Warning("diagnostics not sent", {{"error", ToString(sent)}});
  });
  return {};
}

}  // namespace preseal::agent
