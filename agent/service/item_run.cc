// SPDX-License-Identifier: Apache-2.0
#include "agent/service/item_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/domain/back_off.h"
#include "common/base/bytes.h"
#include "common/base/limits.h"

namespace preseal::agent {

ItemRun::ItemRun(const Step& step, StepExecutor& executor, RunRecorder& recorder,
                 StatusDisplay& display, const Clock& clock, std::stop_token stop)
    : step_(step),
      executor_(executor),
      recorder_(recorder),
      display_(display),
      clock_(clock),
      stop_(std::move(stop)) {
  const RunState state = recorder_.State();
  if (const RunState::Entry* entry = state.Find(step.item_id)) {
    resume_ = ResumeOf(*entry);
    attempt_ = first_attempt_ = entry->attempt;
    state_ = entry->item.state;
  }
}

StatusOr<ItemRun::End> ItemRun::Execute() {
  if (resume_ == Resume::kNothing) {
    return state_ == ItemState::kFailed ? End::kFailed : End::kSucceeded;
  }
  ASSIGN_OR_RETURN(std::optional<End> end, Detect());
  BackOff back_off(kStepRetryFirst, kStepRetryLongest);
  while (!end) {
    ASSIGN_OR_RETURN(end, Attempt());
    if (!end && !PauseUnlessStopped(back_off.Next(0), stop_)) return End::kStopped;
  }
  return *end;
}

// After a crash in mid-apply one more attempt is given, so that pulling the plug does not fail an
// item; a step that crashes the machine every time still comes to an end.
uint32_t ItemRun::AttemptsAllowed() const {
  const uint32_t after_crash = resume_ == Resume::kCheckFirst
                                   ? std::min(first_attempt_ + 1, step_.attempts + kStepResumesMax)
                                   : 0;
  return std::max(step_.attempts, after_crash);
}

StatusOr<std::optional<ItemRun::End>> ItemRun::Detect() {
  // Without a verify part, only an apply that is known to have ended counts.
  const bool check_first =
      resume_ == Resume::kCheckFirst && (CanVerify(step_) || state_ == ItemState::kVerifying);
  RETURN_IF_ERROR(Change(ItemState::kIdentifying));
  StepResult result{.kind = StepResult::Kind::kNotInPlace};
  if (check_first) result = executor_.Verify(step_, *this, stop_);
  const bool applied_before = result.kind == StepResult::Kind::kDone;
  if (result.kind == StepResult::Kind::kNotInPlace) result = executor_.Detect(step_, *this, stop_);
  RETURN_IF_ERROR(recording_);
  switch (result.kind) {
    case StepResult::Kind::kStopped:
      return std::optional(End::kStopped);
    case StepResult::Kind::kNotInPlace:
      if (attempt_ < AttemptsAllowed()) return std::optional<End>();
      result = {.kind = StepResult::Kind::kFailed,
                .code = ItemCode::kVerifyFailed,
                .message = "the agent was interrupted too often while it ran this step"};
      [[fallthrough]];
    case StepResult::Kind::kFailed: {
      ASSIGN_OR_RETURN(const End end, Fail(result));
      return std::optional(end);
    }
    case StepResult::Kind::kDone:
      break;
  }
  ItemChanged change{.item_id = step_.item_id, .state = ItemState::kSucceeded, .percent = 100};
  change.already_done = !applied_before && attempt_ == 0;
  RETURN_IF_ERROR(Record(change));
  return std::optional(End::kSucceeded);
}

StatusOr<std::optional<ItemRun::End>> ItemRun::Attempt() {
  ++attempt_;
  const bool another = attempt_ < AttemptsAllowed();
  RETURN_IF_ERROR(Change(ItemState::kInProgress));
  StepResult result = executor_.Apply(step_, *this, stop_);
  RETURN_IF_ERROR(recording_);
  exit_code_ = result.exit_code;
  if (result.kind != StepResult::Kind::kDone) return Conclude(result, another);
  RETURN_IF_ERROR(Change(ItemState::kVerifying, 100));
  result = executor_.Verify(step_, *this, stop_);
  RETURN_IF_ERROR(recording_);
  if (result.kind == StepResult::Kind::kNotInPlace) {
    result.kind = StepResult::Kind::kFailed;
    result.code = ItemCode::kVerifyFailed;
  }
  return Conclude(result, another);
}

StatusOr<std::optional<ItemRun::End>> ItemRun::Conclude(const StepResult& result, bool another) {
  if (result.kind == StepResult::Kind::kStopped) return std::optional(End::kStopped);
  if (result.kind == StepResult::Kind::kDone) {
    ItemChanged change{.item_id = step_.item_id, .state = ItemState::kSucceeded, .percent = 100};
    change.exit_code = exit_code_;
    RETURN_IF_ERROR(Record(change));
    return std::optional(End::kSucceeded);
  }
  if (another && !result.final) {
    OnLine(fmt::format("attempt {} of {} failed: {}", attempt_, AttemptsAllowed(), result.message));
    RETURN_IF_ERROR(recording_);
    return std::optional<End>();
  }
  ASSIGN_OR_RETURN(const End end, Fail(result));
  return std::optional(end);
}

StatusOr<ItemRun::End> ItemRun::Fail(const StepResult& result) {
  ItemChanged change{.item_id = step_.item_id,
                     .state = ItemState::kFailed,
                     .percent = shown_percent_,
                     .code = std::string(NameOf(result.code)),
                     .message = EscapeForLog(result.message, kItemMessageBytesMax)};
  change.exit_code = result.exit_code ? result.exit_code : exit_code_;
  RETURN_IF_ERROR(Record(change));
  return End::kFailed;
}

Status ItemRun::Change(ItemState state, uint32_t percent) {
  shown_percent_ = percent;
  shown_at_ = clock_.Steady();
  state_ = state;
  return Record(ItemChanged{.item_id = step_.item_id, .state = state, .percent = percent});
}

Status ItemRun::Record(const EventBody& body) { return recorder_.Record(body, attempt_, stop_); }

void ItemRun::OnLine(std::string_view line) {
  const std::string text = EscapeForLog(line, kLogLineBytesMax);
  display_.ShowLog(step_.item_id, text);
  // A step that talks without end must not use up the numbers the items need.
  const uint64_t next = recorder_.log().next_sequence();
  if (next > kEventsPerRunMax - kEventsReservedForItems || !recording_.ok()) return;
  recording_ = Record(LogLine{step_.item_id, text});
}

void ItemRun::OnPercent(uint32_t percent) {
  percent = std::min(percent, 100u);
  if (percent == shown_percent_ || state_ != ItemState::kInProgress || !recording_.ok()) return;
  if (clock_.Steady() - shown_at_ < kItemPercentInterval) return;
  recording_ = Change(ItemState::kInProgress, percent);
}

}  // namespace preseal::agent
