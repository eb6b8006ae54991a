// SPDX-License-Identifier: Apache-2.0
#include "agent/domain/plan.h"

namespace preseal::agent {

ExitMeaning MeaningOf(const Step& step, int exit_code) {
  for (const ExitCodeRule& rule : step.exit_codes) {
    if (rule.code == exit_code) return rule.meaning;
  }
  switch (exit_code) {
    case 0:
    case 1707:
      return ExitMeaning::kSuccess;
    case 3010:
      return ExitMeaning::kRebootLater;
    case 1641:
      return ExitMeaning::kRebootNow;
    default:
      return ExitMeaning::kRetry;
  }
}

bool CanVerify(const Step& step) {
  const auto* script = std::get_if<ScriptStep>(&step.action);
  return script == nullptr || !script->verify.empty();
}

Item ItemOf(const Step& step) {
  Item item;
  item.item_id = step.item_id;
  item.display_name = step.display_name;
  item.phase = step.phase;
  item.category = step.category;
  item.gating = step.gating;
  return item;
}

}  // namespace preseal::agent
