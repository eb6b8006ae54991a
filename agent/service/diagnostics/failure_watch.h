// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/service/diagnostics/diagnostics_keeper.h"
#include "agent/service/session/session_guest.h"
#include "agent/service/session/wire_codec.h"

namespace preseal::agent {

// The newest run, if it has failed and its plan lets logs be collected.
std::optional<std::string> FailedRun(const std::vector<std::shared_ptr<RunLog>>& logs,
                                     const WireCodec& codec);

// Sends a bundle once when a run has failed, while the session goes on. It is a guest of the
// session only to be looked in on from time to time: it has no messages of its own. Destroyed, it
// stops what it began; the next session goes on with it.
class FailureWatch final : public SessionGuest {
 public:
  // `failed`: FailedRun of the runs as they stand. `keeper` outlives the watch.
  FailureWatch(DiagnosticsKeeper& keeper, std::function<std::optional<std::string>()> failed)
      : keeper_(keeper), failed_(std::move(failed)) {}

  // A bundle that could not be delivered is tried again.
  void Connected(const LandingCard&, Time now) override {
    next_look_ = now;
    seen_.clear();
  }
  void Lost() override {}
  void Receive(const DownMessage&, Time) override {}
  std::vector<UpMessage> Due(Time now) override;
  Time NextDue() const override { return next_look_; }

 private:
  DiagnosticsKeeper& keeper_;
  const std::function<std::optional<std::string>()> failed_;
  Time next_look_{};
  std::string seen_;     // the failed run last handed to the worker
  std::jthread worker_;  // last, so that it ends first
};

}  // namespace preseal::agent
