// SPDX-License-Identifier: Apache-2.0
// Random plans.
#include "agent/domain/engine/engine_model.h"

namespace preseal::agent::model {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

StepAction RandomAction(Dice& dice, Gating gating) {
  switch (dice.Below(10)) {
    case 0: {
      PromptStep prompt;
      prompt.answer_path = dice.Chance(50) ? "/answer" : "";
      return prompt;
    }
    case 1:
      return WaitStep{dice.Upto(minutes(3))};
    case 2:
      return RebootStep{};
    default:
      // A blocking item is always verified.
      return ScriptStep{"d", "a", gating != Gating::kBlocking && dice.Chance(50) ? "" : "v"};
  }
}

Step RandomStep(Dice& dice, size_t index) {
  Step step;
  step.item_id = "item-" + std::to_string(index);
  step.gating =
      dice.OneOf({Gating::kBlocking, Gating::kBlocking, Gating::kTracked, Gating::kBackground});
  step.action = RandomAction(dice, step.gating);
  step.timeout = seconds(10) + dice.Upto(minutes(5));
  step.attempts = 1 + dice.Below(3);
  if (dice.Chance(30)) step.total_timeout = seconds(20) + dice.Upto(minutes(15));
  if (dice.Chance(30)) step.stall_timeout = seconds(5) + dice.Upto(minutes(2));
  if (dice.Chance(20)) step.requires_script = "r";
  step.reboots_max = dice.Below(3);
  if (dice.Chance(50)) step.reboot_within = minutes(1) + dice.Upto(minutes(10));
  // The engine's own work needs neither.
  if (!std::holds_alternative<ScriptStep>(step.action)) return step;
  if (dice.Chance(20)) step.token = "download";
  step.installer_lock = dice.Chance(30);
  return step;
}

StepGroup RandomGroup(Dice& dice, size_t index, bool teardown) {
  StepGroup group;
  group.name = "group-" + std::to_string(index);
  group.max_in_flight = dice.Below(4);
  using OnFailure = StepGroup::OnFailure;
  group.on_failure = dice.OneOf({OnFailure::kDefault, OnFailure::kNext, OnFailure::kLeaveGroup,
                                 OnFailure::kStop, OnFailure::kHold});
  group.teardown = teardown;
  return group;
}

// Only what comes before in the plan, so there is no cycle; groups are runs of neighbours.
void LinkSteps(Dice& dice, Plan& plan, size_t index) {
  Step& step = plan.steps[index];
  if (index > 0 && dice.Chance(35)) {
    const Step& before = plan.steps[dice.Below(static_cast<uint32_t>(index))];
    const bool by_group = !before.group.empty() && before.group != step.group && dice.Chance(50);
    step.after.push_back(by_group ? before.group : before.item_id);
  }
}

}  // namespace

Plan RandomPlan(Dice& dice) {
  Plan plan;
  const size_t count = 1 + dice.Below(12);
  const size_t teardown = dice.Chance(40) ? count - dice.Below(3) : count;
  std::string group;
  Phase phase = Phase::kDeviceSetup;
  for (size_t i = 0; i < count; ++i) {
    Step step = RandomStep(dice, i);
    if (i == teardown || (i < teardown && dice.Chance(30))) {
      plan.groups.push_back(RandomGroup(dice, plan.groups.size(), i == teardown));
      group = plan.groups.back().name;
    } else if (i < teardown && dice.Chance(20)) {
      group.clear();
    }
    if (i < teardown && dice.Chance(10)) phase = Phase::kAccountSetup;
    step.group = group;
    step.phase = phase;
    plan.steps.push_back(std::move(step));
    if (i < teardown) LinkSteps(dice, plan, i);
  }
  plan.reboots_max = dice.Below(6);
  if (dice.Chance(60)) plan.esp.timeout = minutes(1) + dice.Upto(minutes(60));
  if (dice.Chance(20)) plan.device_setup_timeout = minutes(1) + dice.Upto(minutes(30));
  if (dice.Chance(20)) plan.account_setup_timeout = minutes(1) + dice.Upto(minutes(30));
  return plan;
}

}  // namespace preseal::agent::model
