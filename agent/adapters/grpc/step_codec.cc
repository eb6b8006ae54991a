// SPDX-License-Identifier: Apache-2.0
// The steps of a plan.
#include "agent/adapters/grpc/plan_wire.h"
#include "agent/adapters/grpc/wire_values.h"

namespace preseal::agent {
namespace {

namespace wire = plan::v1;
namespace esp = progress::v1;

StatusOr<Category> FromWire(esp::Category category) {
  switch (category) {
    case esp::CATEGORY_HARDWARE:
      return Category::kHardware;
    case esp::CATEGORY_JOIN:
      return Category::kJoin;
    case esp::CATEGORY_MANAGEMENT:
      return Category::kManagement;
    case esp::CATEGORY_POLICIES:
      return Category::kPolicies;
    case esp::CATEGORY_CERTIFICATES:
      return Category::kCertificates;
    case esp::CATEGORY_NETWORK:
      return Category::kNetwork;
    case esp::CATEGORY_APPS:
      return Category::kApps;
    case esp::CATEGORY_REBOOT:
      return Category::kReboot;
    case esp::CATEGORY_QUALITY_UPDATES:
      return Category::kQualityUpdates;
    default:
      return InvalidArgument("category unknown");
  }
}

StatusOr<Gating> FromWire(esp::Gating gating) {
  switch (gating) {
    case esp::GATING_BLOCKING:
      return Gating::kBlocking;
    case esp::GATING_TRACKED:
      return Gating::kTracked;
    case esp::GATING_BACKGROUND:
      return Gating::kBackground;
    default:
      return InvalidArgument("gating unknown");
  }
}

StatusOr<ExitMeaning> FromWire(wire::ExitCodeRule::Result result) {
  switch (result) {
    case wire::ExitCodeRule::RESULT_SUCCESS:
      return ExitMeaning::kSuccess;
    case wire::ExitCodeRule::RESULT_RETRY:
      return ExitMeaning::kRetry;
    case wire::ExitCodeRule::RESULT_FAIL:
      return ExitMeaning::kFail;
    case wire::ExitCodeRule::RESULT_REBOOT_NOW:
      return ExitMeaning::kRebootNow;
    case wire::ExitCodeRule::RESULT_REBOOT_LATER:
      return ExitMeaning::kRebootLater;
    case wire::ExitCodeRule::RESULT_FAIL_FATAL:
      return ExitMeaning::kFailFatal;
    default:
      return InvalidArgument("exit code result unknown");
  }
}

StatusOr<Phase> FromWire(esp::Phase phase) {
  switch (phase) {
    case esp::PHASE_DEVICE_PREPARATION:
      return Phase::kDevicePreparation;
    case esp::PHASE_UNSPECIFIED:
    case esp::PHASE_DEVICE_SETUP:
      return Phase::kDeviceSetup;
    case esp::PHASE_ACCOUNT_SETUP:
      return Phase::kAccountSetup;
    default:
      return InvalidArgument("phase unknown");
  }
}

StatusOr<Undo> FromWire(wire::Step::Undo undo) {
  switch (undo) {
    case wire::Step::UNDO_UNSPECIFIED:
    case wire::Step::UNDO_NONE:
      return Undo::kNone;
    case wire::Step::UNDO_COMMAND:
      return Undo::kCommand;
    case wire::Step::UNDO_REIMAGE:
      return Undo::kReimage;
    default:
      return InvalidArgument("undo unknown");
  }
}

StatusOr<StepInput::Type> FromWire(wire::Input::Type type) {
  switch (type) {
    case wire::Input::TYPE_STRING:
      return StepInput::Type::kString;
    case wire::Input::TYPE_INTEGER:
      return StepInput::Type::kInteger;
    case wire::Input::TYPE_BOOLEAN:
      return StepInput::Type::kBoolean;
    case wire::Input::TYPE_CHOICE:
      return StepInput::Type::kChoice;
    case wire::Input::TYPE_PATH:
      return StepInput::Type::kPath;
    default:
      return InvalidArgument("input type unknown");
  }
}

StatusOr<StepInput> FromWire(const wire::Input& in) {
  StepInput input;
  input.name = in.name();
  ASSIGN_OR_RETURN(input.type, FromWire(in.type()));
  input.value = in.value();
  input.choices.assign(in.choices().begin(), in.choices().end());
  input.minimum = in.minimum();
  input.maximum = in.maximum();
  return input;
}

// The lists of a step.
Status PutLists(const wire::Step& in, Step* step) {
  step->after.assign(in.after().begin(), in.after().end());
  for (const wire::ExitCodeRule& rule : in.exit_codes()) {
    ASSIGN_OR_RETURN(const ExitMeaning meaning, FromWire(rule.result()));
    step->exit_codes.push_back({rule.code(), meaning});
  }
  for (const wire::Input& input : in.inputs()) {
    ASSIGN_OR_RETURN(StepInput converted, FromWire(input));
    step->inputs.push_back(std::move(converted));
  }
  return OkStatus();
}

}  // namespace

StatusOr<Step> ReadStep(const wire::Step& in) {
  Step step;
  step.item_id = in.item_id();
  step.display_name = in.display_name();
  ASSIGN_OR_RETURN(step.category, FromWire(in.category()));
  ASSIGN_OR_RETURN(step.gating, FromWire(in.gating()));
  ASSIGN_OR_RETURN(step.phase, FromWire(in.phase()));
  ASSIGN_OR_RETURN(step.undo, FromWire(in.undo()));
  RETURN_IF_ERROR(PutLists(in, &step));
  ASSIGN_OR_RETURN(step.action, ActionOf(in));
  step.timeout = ReadDuration(in.timeout());
  step.attempts = in.attempts();
  step.group = in.group();
  step.total_timeout = ReadDuration(in.total_timeout());
  step.stall_timeout = ReadDuration(in.stall_timeout());
  step.requires_script = in.requires_script();
  step.reboots_max = in.reboots_max();
  step.reboot_within = ReadDuration(in.reboot_within());
  step.token = in.token();
  step.installer_lock = in.installer_lock();
  step.undo_command = in.undo_command();
  step.user_context = in.user_context();
  step.origin = in.origin();
  return step;
}

}  // namespace preseal::agent
