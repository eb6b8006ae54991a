// SPDX-License-Identifier: Apache-2.0
// What the end of a call means.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "agent/domain/engine/engine.h"
#include "agent/domain/engine/pauses.h"
#include "common/base/bytes.h"
#include "common/base/limits.h"

namespace preseal::agent {
namespace {

using std::chrono::milliseconds;
using Kind = StepResult::Kind;

class Judge {
 public:
  Judge(const Plan& plan, const RunState& state, size_t index, const Live& live)
      : board_(plan, state), index_(index), live_(live) {}

  Conclusion Of(StepResult result) {
    if (result.kind == Kind::kStopped) {
      if (!live_.why) return {};
      result.kind = Kind::kFailed;
      result.code = *live_.why;
      result.message = MessageOf(*live_.why);
      result.final = *live_.why != ItemCode::kStepStalled;
    }
    switch (live_.part) {
      case Part::kRequires:
        return OfRequires(result);
      case Part::kCheck:
        if (result.kind == Kind::kNotInPlace) return {{}, Part::kDetect};
        return OfDetect(result);
      case Part::kDetect:
        return OfDetect(result);
      case Part::kApply:
        return OfApply(result);
      case Part::kVerify:
        return OfVerify(result);
    }
    std::abort();
  }

 private:
  const Step& step() const { return board_.step(index_); }
  const RunState::Entry& entry() const { return board_.entry(index_); }

  static std::string MessageOf(ItemCode code) {
    return code == ItemCode::kStepStalled ? "no output and no progress for too long"
                                          : std::string(RemedyOf(code));
  }

  static Conclusion Only(Fact fact) {
    Conclusion conclusion;
    conclusion.facts.push_back(std::move(fact));
    return conclusion;
  }

  Conclusion Fail(const StepResult& result) const {
    const ItemCode code = result.fatal ? ItemCode::kFatal : result.code;
    Fact fact = FailedFact(entry(), code, result.message);
    auto& change = std::get<ItemChanged>(fact.body);
    if (result.exit_code) change.exit_code = result.exit_code;
    return Only(std::move(fact));
  }

  Conclusion OfRequires(const StepResult& result) const {
    if (result.kind == Kind::kDone) return {{}, Part::kDetect};
    if (result.kind == Kind::kNotInPlace) {
      return Only(FactOf(entry(), ItemState::kNotRequired));
    }
    StepResult failed = result;
    if (!live_.why) failed.code = ItemCode::kRequiresFailed;
    return Fail(failed);
  }

  // An item that was found in place before anything was applied in this run was there already.
  Conclusion OfDetect(const StepResult& result) const {
    if (result.kind == Kind::kFailed) return Fail(result);
    if (result.kind == Kind::kDone) {
      Fact fact = FactOf(entry(), ItemState::kSucceeded);
      auto& change = std::get<ItemChanged>(fact.body);
      change.already_done = live_.part == Part::kDetect && entry().item.attempt == 0;
      return Only(std::move(fact));
    }
    if (entry().item.attempt < board_.AttemptsAllowed(index_)) return {{}, Part::kApply};
    return Fail({.kind = Kind::kFailed,
                 .code = ItemCode::kVerifyFailed,
                 .message = "the agent was interrupted too often while it ran this step"});
  }

  Conclusion OfApply(const StepResult& result) const {
    if (result.kind != Kind::kDone) return AttemptFailed(result);
    if (result.reboot != StepResult::Reboot::kNone) return WaitForRestart(result);
    Fact fact = FactOf(entry(), ItemState::kVerifying);
    std::get<ItemChanged>(fact.body).exit_code = result.exit_code;
    return {{std::move(fact)}, Part::kVerify};
  }

  // IN_PROGRESS: the restart is part of the step's work and comes at once; VERIFYING: the work is
  // done, the restart at the end of the phase will do.
  Conclusion WaitForRestart(const StepResult& result) const {
    if (!board_.MayRestart(index_)) {
      return Fail({.kind = Kind::kFailed,
                   .code = ItemCode::kRebootBudget,
                   .message = fmt::format("it asked for restart {}, more than it or the run may",
                                          entry().item.reboots + 1),
                   .exit_code = result.exit_code});
    }
    const bool at_once = result.reboot == StepResult::Reboot::kNow;
    Fact fact = FactOf(entry(), at_once ? ItemState::kInProgress : ItemState::kVerifying);
    auto& change = std::get<ItemChanged>(fact.body);
    change.percent = 100;
    change.exit_code = result.exit_code;
    change.reboots = entry().item.reboots + 1;
    change.wait = Wait{.kind = Wait::Kind::kReboot,
                       .owner = at_once ? "restart of the device" : "restart at the phase's end",
                       .limit = kPhaseRestartWithin};
    return Only(std::move(fact));
  }

  Conclusion OfVerify(StepResult result) const {
    if (result.kind == Kind::kDone) return Only(FactOf(entry(), ItemState::kSucceeded));
    if (result.kind == Kind::kNotInPlace) {
      const bool late = board_.state().came_back_late() && entry().item.reboots > 0;
      result.code = late ? ItemCode::kRebootLate : ItemCode::kVerifyFailed;
    }
    result.exit_code = entry().item.exit_code;
    return AttemptFailed(result);
  }

  Conclusion AttemptFailed(const StepResult& result) const {
    const uint32_t attempt = entry().item.attempt;
    const uint32_t allowed = board_.AttemptsAllowed(index_);
    const bool ends = board_.Stopping() && !board_.Teardown(index_);
    if (attempt >= allowed || result.final || result.fatal || ends) return Fail(result);
    const std::string message =
        EscapeForLog(fmt::format("attempt {} of {} failed: {}", attempt, allowed, result.message),
                     kItemMessageBytesMax);
    Fact fact = FactOf(entry(), ItemState::kInProgress);
    auto& change = std::get<ItemChanged>(fact.body);
    change.exit_code = result.exit_code;
    change.message = message;
    change.wait =
        Wait{.kind = Wait::Kind::kRetry,
             .owner = "pause before the next attempt",
             .limit = RetryPause(board_.state().first_boot_id(), step().item_id, attempt)};
    Conclusion conclusion;
    conclusion.facts.push_back({LogLine{step().item_id, message}, {}});
    conclusion.facts.push_back(std::move(fact));
    return conclusion;
  }

  const Board board_;
  const size_t index_;
  const Live& live_;
};

}  // namespace

milliseconds RestartWithin(const Step& step) {
  return step.reboot_within.count() > 0 ? step.reboot_within : kRebootWithinDefault;
}

milliseconds RetryPause(const std::string& boot_id, const std::string& item_id, uint32_t attempt) {
  uint64_t hash = 0xCBF29CE484222325;  // FNV-1a, 64 bits
  const auto mix = [&hash](unsigned char byte) { hash = (hash ^ byte) * 0x100000001B3; };
  for (const char c : boot_id + "/" + item_id) mix(static_cast<unsigned char>(c));
  mix(static_cast<unsigned char>(attempt));
  milliseconds pause = kStepRetryFirst;
  for (uint32_t i = 1; i < attempt && pause < kStepRetryLongest; ++i) pause *= 2;
  pause = std::min<milliseconds>(pause, kStepRetryLongest);
  const double chance = static_cast<double>(hash >> 40) / static_cast<double>(1 << 24);
  return std::chrono::duration_cast<milliseconds>(pause * (1.0 - chance / 2));
}

Conclusion Conclude(const Plan& plan, const RunState& state, size_t index, const Live& live,
                    const StepResult& result) {
  // A call that outlived its item (it was failed by a deadline meanwhile) has nothing to say.
  if (Board(plan, state).Ended(index)) return {};
  return Judge(plan, state, index, live).Of(result);
}

}  // namespace preseal::agent
