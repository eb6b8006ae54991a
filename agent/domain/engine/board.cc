// SPDX-License-Identifier: Apache-2.0
#include "agent/domain/engine/board.h"

#include <algorithm>

#include "common/base/limits.h"

namespace preseal::agent {

using std::chrono::milliseconds;

Board::Board(const Plan& plan, const RunState& state) : plan_(plan), state_(state) {
  for (size_t i = 0; i < size(); ++i) {
    const auto found =
        std::find_if(plan.groups.begin(), plan.groups.end(),
                     [this, i](const StepGroup& group) { return group.name == step(i).group; });
    groups_.push_back(found == plan.groups.end() ? nullptr : &*found);
  }
  stopping_ = RestartLoop();
  for (size_t i = 0; i < size(); ++i) {
    if (!Failed(i) || Teardown(i)) continue;
    if (EndsRun(i)) stopping_ = true;
    if (groups_[i] && groups_[i]->on_failure == StepGroup::OnFailure::kLeaveGroup) {
      left_groups_.insert(groups_[i]->name);
    }
  }
  // Once it is torn down, a late waiver does not build it up again.
  for (size_t i = 0; i < size(); ++i) stopping_ = stopping_ || (Teardown(i) && Started(i));
  for (size_t i = 0; i < size(); ++i) closed_.push_back(LooksClosed(i));
  for (size_t i = 0; i < size(); ++i) {
    if (Main(i) && !Closed(i)) open_phase_ = std::min(open_phase_, step(i).phase);
  }
}

bool Board::Ended(size_t index) const {
  switch (entry(index).item.state) {
    case ItemState::kSucceeded:
    case ItemState::kFailed:
    case ItemState::kNotRequired:
      return true;
    case ItemState::kNotStarted:
    case ItemState::kIdentifying:
    case ItemState::kInProgress:
    case ItemState::kVerifying:
      return false;
  }
  return false;
}

bool Board::Settled(size_t index) const {
  const Item& item = entry(index).item;
  return item.waiver || item.state == ItemState::kSucceeded ||
         item.state == ItemState::kNotRequired;
}

bool Board::Failed(size_t index) const {
  const Item& item = entry(index).item;
  return item.state == ItemState::kFailed && !item.waiver;
}

bool Board::LooksClosed(size_t index) const {
  if (Started(index)) return Ended(index);
  return !Teardown(index) && (stopping_ || GroupLeft(step(index).group));
}

bool Board::WaitsFor(size_t index, Wait::Kind kind) const {
  const auto& wait = entry(index).item.wait;
  return !Ended(index) && wait && wait->kind == kind;
}

bool Board::WaitsForRestart(size_t index) const {
  return WaitsFor(index, Wait::Kind::kReboot) && !entry(index).restarted;
}

bool Board::RestartLoop() const { return state_.unplanned_restarts() > kUnplannedRebootsMax; }

bool Board::EndsRun(size_t index) const {
  if (entry(index).item.code == NameOf(ItemCode::kFatal)) return true;
  const StepGroup* group = GroupOf(index);
  switch (group ? group->on_failure : StepGroup::OnFailure::kDefault) {
    case StepGroup::OnFailure::kDefault:
      return step(index).gating == Gating::kBlocking;
    case StepGroup::OnFailure::kStop:
      return true;
    case StepGroup::OnFailure::kNext:
    case StepGroup::OnFailure::kLeaveGroup:
    case StepGroup::OnFailure::kHold:
      return false;
  }
  return true;
}

bool Board::MainClosed() const {
  for (size_t i = 0; i < size(); ++i) {
    if (Main(i) && !Closed(i)) return false;
  }
  return true;
}

bool Board::TeardownClosed() const {
  for (size_t i = 0; i < size(); ++i) {
    if (Teardown(i) && !Ended(i)) return false;
  }
  return true;
}

bool Board::NameClosed(const std::string& item_or_group) const {
  for (size_t i = 0; i < size(); ++i) {
    const bool named = step(i).item_id == item_or_group || step(i).group == item_or_group;
    if (named && !Closed(i)) return false;
  }
  return true;
}

// A group as such does not fail, it only comes first; unless its rest was given up.
bool Board::NameFailed(const std::string& item_or_group) const {
  for (size_t i = 0; i < size(); ++i) {
    if (step(i).item_id != item_or_group) continue;
    return Failed(i) || (!Started(i) && !entry(i).item.waiver && Closed(i));
  }
  return GroupLeft(item_or_group);
}

bool Board::PredecessorsClosed(size_t index) const {
  const auto closed = [this](const std::string& name) { return NameClosed(name); };
  const auto& after = step(index).after;
  if (!std::all_of(after.begin(), after.end(), closed)) return false;
  const StepGroup* group = GroupOf(index);
  return group == nullptr || std::all_of(group->after.begin(), group->after.end(), closed);
}

bool Board::PredecessorFailed(size_t index) const {
  const auto failed = [this](const std::string& name) { return NameFailed(name); };
  const auto& after = step(index).after;
  if (std::any_of(after.begin(), after.end(), failed)) return true;
  const StepGroup* group = GroupOf(index);
  return group != nullptr && std::any_of(group->after.begin(), group->after.end(), failed);
}

// Steps outside of groups run one at a time as they are written, as scripts that do not name what
// they need expect; background ones hold nobody up.
uint32_t Board::MaxInFlight(size_t index) const {
  const StepGroup* group = GroupOf(index);
  if (group != nullptr && group->max_in_flight > 0) return group->max_in_flight;
  const bool serial = group == nullptr && !Background(index);
  return serial ? 1 : kStepsInFlightMax;
}

bool Board::SameLane(size_t one, size_t other) const {
  if (GroupOf(one) != nullptr || GroupOf(other) != nullptr) return GroupOf(one) == GroupOf(other);
  return Background(one) == Background(other);
}

// An item keeps its place from its start to its end; one that only waits for the phase's restart
// lets the next one in.
bool Board::HasRoom(size_t index) const {
  const uint32_t max = MaxInFlight(index);
  if (max >= kStepsInFlightMax) return true;
  uint32_t in_flight = 0;
  for (size_t i = 0; i < size(); ++i) {
    if (!SameLane(index, i) || !Started(i) || Ended(i)) continue;
    const bool parked = entry(i).item.state == ItemState::kVerifying && WaitsForRestart(i);
    if (!parked) ++in_flight;
  }
  return in_flight < max;
}

uint32_t Board::AttemptsAllowed(size_t index) const {
  return step(index).attempts + std::min(entry(index).interruptions, kStepResumesMax);
}

bool Board::MayRestart(size_t index) const {
  const bool is_restart = std::holds_alternative<RebootStep>(step(index).action);
  const uint32_t own = is_restart ? std::max(1u, step(index).reboots_max) : step(index).reboots_max;
  return entry(index).item.reboots < own && state_.planned_restarts() < plan_.reboots_max;
}

std::optional<milliseconds> Board::PhaseBegan(Phase phase) const {
  std::optional<milliseconds> began;
  for (size_t i = 0; i < size(); ++i) {
    if (step(i).phase != phase || Teardown(i) || !Started(i)) continue;
    began = began ? std::min(*began, entry(i).began) : entry(i).began;
  }
  return began;
}

std::optional<milliseconds> Board::TeardownBegan() const {
  std::optional<milliseconds> began;
  for (size_t i = 0; i < size(); ++i) {
    if (!Teardown(i) || !Started(i)) continue;
    began = began ? std::min(*began, entry(i).began) : entry(i).began;
  }
  return began;
}

std::optional<Board::Deadline> Board::DeadlineOf(size_t index) const {
  std::optional<Deadline> first;
  const auto consider = [&first](milliseconds at, ItemCode code) {
    if (!first || at < first->at) first = Deadline{at, code};
  };
  if (Started(index) && step(index).total_timeout.count() > 0) {
    consider(
        entry(index).began + step(index).total_timeout + state_.ExtendedBy(step(index).item_id),
        ItemCode::kStepTotalTimeout);
  }
  if (Teardown(index)) {
    if (const auto began = TeardownBegan()) {
      consider(*began + kTeardownTimeoutMax, ItemCode::kStepTotalTimeout);
    }
    return first;
  }
  const milliseconds phase_timeout = step(index).phase == Phase::kAccountSetup
                                         ? plan_.account_setup_timeout
                                         : plan_.device_setup_timeout;
  const auto began = PhaseBegan(step(index).phase);
  if (phase_timeout.count() > 0 && began) {
    consider(*began + phase_timeout, ItemCode::kPhaseTimeout);
  }
  if (plan_.esp.timeout.count() > 0) {
    consider(plan_.esp.timeout + state_.ExtendedBy(""), ItemCode::kRunTimeout);
  }
  return first;
}

RunOutcome OutcomeOf(const Plan& plan, const RunState& state) {
  const Board board(plan, state);
  for (size_t i = 0; i < board.size(); ++i) {
    if (board.Teardown(i) || board.Settled(i)) continue;
    if (board.step(i).gating == Gating::kBlocking) return RunOutcome::kFailed;
    if (board.entry(i).item.code == NameOf(ItemCode::kFatal)) return RunOutcome::kFailed;
  }
  return RunOutcome::kSucceeded;
}

}  // namespace preseal::agent
