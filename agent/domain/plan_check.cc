// SPDX-License-Identifier: Apache-2.0
#include "agent/domain/plan_check.h"

#include <algorithm>
#include <string>

#include "agent/domain/plan_parts.h"
#include "common/base/ids.h"
#include "common/base/limits.h"

namespace preseal::agent {
namespace {

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

Status CheckSpan(std::string_view field, std::chrono::milliseconds value,
                 std::chrono::milliseconds most) {
  if (value.count() >= 0 && value <= most) return OkStatus();
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(most).count();
  return InvalidArgument(std::string(field) + " must be over 0 and at most " +
                         std::to_string(minutes) + " minutes");
}

Status CheckTimes(const Plan& plan, const Step& step) {
  if (step.timeout.count() == 0) return InvalidArgument("timeout must be over 0");
  RETURN_IF_ERROR(CheckSpan("timeout", step.timeout, kStepTimeoutMax));
  RETURN_IF_ERROR(CheckSpan("total_timeout", step.total_timeout, kStepTimeoutMax));
  RETURN_IF_ERROR(CheckSpan("stall_timeout", step.stall_timeout, kStepTimeoutMax));
  RETURN_IF_ERROR(CheckSpan("reboot_within", step.reboot_within, kStepTimeoutMax));
  if (step.total_timeout.count() == 0) return OkStatus();
  if (step.timeout > step.total_timeout) {
    return InvalidArgument("total_timeout must be at least the timeout of one attempt");
  }
  if (plan.esp.timeout.count() > 0 && step.total_timeout > plan.esp.timeout) {
    return InvalidArgument("total_timeout must be at most the run's timeout");
  }
  return OkStatus();
}

Status CheckToken(std::string_view token) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  const bool good =
      token.size() <= kTokenNameBytesMax && std::all_of(token.begin(), token.end(), allowed);
  return good ? OkStatus() : InvalidArgument("token must be [a-z0-9-]{1,32}");
}

Status CheckUndo(const Step& step) {
  if (step.undo == Undo::kCommand && step.undo_command.empty()) {
    return InvalidArgument("undo is command, but undo_command is empty");
  }
  if (step.undo != Undo::kCommand && !step.undo_command.empty()) {
    return InvalidArgument("undo_command is set, but undo is not command");
  }
  if (step.undo_command.size() > kInlineContentBytesMax) {
    return InvalidArgument("undo_command over 256 KiB");
  }
  return OkStatus();
}

Status CheckPlace(const Plan& plan, const Step& step) {
  if (step.phase == Phase::kAccountSetup && plan.flow != Flow::kUser) {
    return InvalidArgument("phase account setup is in the user flow only");
  }
  if (step.user_context && step.phase != Phase::kAccountSetup) {
    return InvalidArgument("user_context is for the phase account setup only");
  }
  if (std::holds_alternative<DomainJoinStep>(step.action) && plan.flow != Flow::kUser) {
    return InvalidArgument("domain_join is in the user flow only");
  }
  return OkStatus();
}

// It cannot fail the run, so it must not claim to hold the seal.
Status CheckTeardown(const Plan& plan, const Step& step) {
  const bool teardown = std::any_of(
      plan.groups.begin(), plan.groups.end(),
      [&step](const StepGroup& group) { return group.teardown && group.name == step.group; });
  if (!teardown || step.gating != Gating::kBlocking) return OkStatus();
  return InvalidArgument("gating must not be blocking in a teardown group");
}

Status CheckStep(const Plan& plan, const Step& step) {
  RETURN_IF_ERROR(ItemId::Check(step.item_id));
  if (step.display_name.size() > kNameBytesMax) {
    return InvalidArgument("display_name over kNameBytesMax");
  }
  RETURN_IF_ERROR(CheckTimes(plan, step));
  if (step.attempts < 1 || step.attempts > kStepAttemptsMax) {
    return InvalidArgument("attempts must be 1..10");
  }
  if (step.exit_codes.size() > kExitCodeRulesMax) return InvalidArgument("too many exit_codes");
  if (step.reboots_max > kStepRebootsMax) return InvalidArgument("reboots_max must be 0..10");
  if (step.requires_script.size() > kInlineContentBytesMax) {
    return InvalidArgument("requires_script over 256 KiB");
  }
  RETURN_IF_ERROR(CheckToken(step.token));
  RETURN_IF_ERROR(CheckUndo(step));
  RETURN_IF_ERROR(CheckInputs(step.inputs));
  RETURN_IF_ERROR(CheckPlace(plan, step));
  RETURN_IF_ERROR(CheckTeardown(plan, step));
  return CheckActionOf(step);
}

Status CheckEsp(const EspSettings& esp) {
  RETURN_IF_ERROR(CheckSpan("timeout", esp.timeout, kEspTimeoutMax + kEspHybridExtra));
  if (esp.blocking_items.size() > kBlockingItemsMax) {
    return InvalidArgument("blocking_items must be at most 100");
  }
  for (const std::string& item : esp.blocking_items) {
    RETURN_IF_ERROR_CTX(ItemId::Check(item), "blocking_items");
  }
  return OkStatus();
}

Status CheckSettings(const Plan& plan) {
  RETURN_IF_ERROR_CTX(CheckEsp(plan.esp), "esp");
  RETURN_IF_ERROR(CheckSpan("device_setup_timeout", plan.device_setup_timeout,
                            kEspTimeoutMax + kEspHybridExtra));
  RETURN_IF_ERROR(CheckSpan("account_setup_timeout", plan.account_setup_timeout,
                            kEspTimeoutMax + kEspHybridExtra));
  if (plan.reboots_max > kRunRebootsMax) return InvalidArgument("reboots_max must be 0..50");
  if (!plan.device_name.empty()) RETURN_IF_ERROR(CheckDeviceName(plan.device_name));
  if (plan.groups.size() > kPlanGroupsMax) return InvalidArgument("groups must be at most 64");
  for (const StepGroup& group : plan.groups) {
    RETURN_IF_ERROR_CTX(ItemId::Check(group.name),
                        "group " + EscapeForLog(group.name, kItemIdBytesMax));
  }
  return OkStatus();
}

}  // namespace

Status CheckTargetPath(std::string_view path) {
  if (path.empty() || path[0] != '/') return InvalidArgument("must be absolute");
  if (path.size() > kTargetPathBytesMax) return InvalidArgument("over kTargetPathBytesMax");
  if (HasControl(path)) return InvalidArgument("holds a control character");
  std::string_view rest = path.substr(1);
  while (true) {
    const size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, end);
    if (part.empty() || part == "." || part == "..") {
      return InvalidArgument("must have no empty, \".\" or \"..\" part");
    }
    if (end == rest.size()) return OkStatus();
    rest.remove_prefix(end + 1);
  }
}

Status CheckPlan(const Plan& plan) {
  if (plan.steps.empty()) return InvalidArgument("plan has no steps");
  if (plan.steps.size() > kPlanStepsMax) return InvalidArgument("plan over kPlanStepsMax steps");
  RETURN_IF_ERROR(CheckSettings(plan));
  for (const Step& step : plan.steps) {
    RETURN_IF_ERROR_CTX(CheckStep(plan, step),
                        "item " + EscapeForLog(step.item_id, kItemIdBytesMax));
  }
  return OrderSteps(plan).status();
}

}  // namespace preseal::agent
