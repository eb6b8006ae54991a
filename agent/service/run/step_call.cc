// SPDX-License-Identifier: Apache-2.0
#include "agent/service/run/step_call.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include "common/base/bytes.h"
#include "common/base/limits.h"

namespace preseal::agent {

StepCall::StepCall(CallPorts ports, Step step, Part part)
    : ports_(ports),
      step_(std::move(step)),
      part_(part),
      shown_at_(ports.clock.Steady()),
      active_at_(ports.recorder.ActiveNow()),
      thread_([this] {
        StepResult result = Carry();
        *result_.Lock() = std::move(result);
        ports_.signal.Notify();
      }) {}

StepCall::~StepCall() {
  Halt();
  thread_.join();
}

StepResult StepCall::Carry() {
  const std::stop_token stop = stop_.get_token();
  switch (part_) {
    case Part::kRequires:
      return ports_.executor.Requires(step_, *this, stop);
    case Part::kDetect:
      return ports_.executor.Detect(step_, *this, stop);
    case Part::kApply:
      return ports_.executor.Apply(step_, *this, stop);
    case Part::kCheck:
    case Part::kVerify:
      return ports_.executor.Verify(step_, *this, stop);
  }
  std::abort();
}

void StepCall::OnLine(std::string_view line) {
  const std::string text = EscapeForLog(line, kLogLineBytesMax);
  active_at_ = ports_.recorder.ActiveNow();
  ports_.display.ShowLog(step_.item_id, text);
  // A step that talks without end must not use up the numbers the items need.
  const uint64_t next = ports_.recorder.log().next_sequence();
  if (next > kEventsPerRunMax - kEventsReservedForItems || !recording_.Lock()->ok()) return;
  Keep(ports_.recorder.Record(LogLine{step_.item_id, text}, stop_.get_token()));
}

void StepCall::OnCount(uint64_t done, uint64_t total) {
  done = std::min(done, total);
  const double share = total == 0 ? 0 : static_cast<double>(done) / static_cast<double>(total);
  Show(static_cast<uint32_t>(share * 100), done, total);
}

void StepCall::Show(uint32_t percent, uint64_t done, uint64_t total) {
  active_at_ = ports_.recorder.ActiveNow();
  const auto now = ports_.clock.Steady();
  if (part_ != Part::kApply || !recording_.Lock()->ok()) return;
  if (now - shown_at_ < kItemPercentInterval) return;
  percent = std::min(percent, 100u);
  const auto change = [this, percent, done, total](const RunState& state) -> std::optional<Fact> {
    const RunState::Entry* entry = state.Find(step_.item_id);
    if (entry == nullptr || entry->item.state != ItemState::kInProgress) return std::nullopt;
    if (entry->item.percent == percent && entry->item.done == done) return std::nullopt;
    Fact fact = FactOf(*entry);
    auto& body = std::get<ItemChanged>(fact.body);
    body.percent = percent;
    body.done = done;
    body.total = total;
    return fact;
  };
  const auto shown = ports_.recorder.RecordIf(change, stop_.get_token());
  if (!shown.ok()) Keep(shown.status());
  if (shown.ok() && *shown) shown_at_ = now;
}

void StepCall::Keep(const Status& status) {
  auto recording = recording_.Lock();
  if (recording->ok()) *recording = status;
}

}  // namespace preseal::agent
