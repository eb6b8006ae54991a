// SPDX-License-Identifier: Apache-2.0
// The half of RunCodec that reads plans.
#include "agent/adapters/grpc/plan_wire.h"
#include "agent/adapters/grpc/run_codec.h"
#include "agent/adapters/grpc/wire_values.h"
#include "common/base/limits.h"

namespace preseal::agent {
namespace {

namespace wire = plan::v1;

// Plans of older servers say nothing; they are the technician's.
StatusOr<Flow> FromWire(progress::v1::Flow flow) {
  switch (flow) {
    case progress::v1::FLOW_UNSPECIFIED:
    case progress::v1::FLOW_TECHNICIAN:
      return Flow::kTechnician;
    case progress::v1::FLOW_USER:
      return Flow::kUser;
    default:
      return InvalidArgument("flow unknown");
  }
}

StatusOr<StepGroup::OnFailure> FromWire(wire::Group::OnFailure on_failure) {
  switch (on_failure) {
    case wire::Group::ON_FAILURE_UNSPECIFIED:
      return StepGroup::OnFailure::kDefault;
    case wire::Group::ON_FAILURE_NEXT:
      return StepGroup::OnFailure::kNext;
    case wire::Group::ON_FAILURE_LEAVE_GROUP:
      return StepGroup::OnFailure::kLeaveGroup;
    case wire::Group::ON_FAILURE_STOP:
      return StepGroup::OnFailure::kStop;
    case wire::Group::ON_FAILURE_HOLD:
      return StepGroup::OnFailure::kHold;
    default:
      return InvalidArgument("on_failure unknown");
  }
}

StatusOr<StepGroup> FromWire(const wire::Group& in) {
  StepGroup group;
  group.name = in.name();
  group.max_in_flight = in.max_in_flight();
  ASSIGN_OR_RETURN(group.on_failure, FromWire(in.on_failure()));
  group.after.assign(in.after().begin(), in.after().end());
  group.teardown = in.teardown();
  return group;
}

StatusOr<EspSettings> FromWire(const wire::EspSettings& in) {
  RETURN_IF_ERROR(CheckCharacters("error_message", in.error_message(), kErrorMessageCharsMax));
  EspSettings esp;
  esp.show_progress = in.show_progress();
  esp.timeout = ReadDuration(in.timeout());
  esp.error_message = in.error_message();
  esp.allow_log_collection = in.allow_log_collection();
  esp.only_out_of_box = in.only_out_of_box();
  esp.install_quality_updates = in.install_quality_updates();
  esp.block_use = in.block_use();
  esp.allow_reset = in.allow_reset();
  esp.allow_use_on_error = in.allow_use_on_error();
  esp.block_retry = in.block_retry();
  esp.blocking_items.assign(in.blocking_items().begin(), in.blocking_items().end());
  esp.only_fail_selected = in.only_fail_selected();
  return esp;
}

// What is said once for the whole plan.
Status PutSettings(const wire::Plan& in, Plan* plan) {
  plan->profile = in.profile();
  plan->profile_digest = in.profile_digest();
  plan->profile_version = in.profile_version();
  ASSIGN_OR_RETURN(plan->flow, FromWire(in.flow()));
  ASSIGN_OR_RETURN(plan->mode, ReadMode(in.mode()));
  ASSIGN_OR_RETURN_CTX(plan->esp, FromWire(in.esp()), "esp");
  ASSIGN_OR_RETURN_CTX(plan->out_of_box, ReadOutOfBox(in.out_of_box()), "out_of_box");
  plan->device_name = in.device_name();
  plan->reboots_max = in.reboots_max();
  plan->device_setup_timeout = ReadDuration(in.device_setup_timeout());
  plan->account_setup_timeout = ReadDuration(in.account_setup_timeout());
  return OkStatus();
}

// The steps that give the device its name have it from the plan.
void TellName(const std::string& device_name, StepAction* action) {
  if (auto* naming = std::get_if<SetNameStep>(action)) naming->device_name = device_name;
  if (auto* join = std::get_if<OfflineJoinStep>(action)) join->computer_name = device_name;
}

}  // namespace

StatusOr<Plan> RunCodec::DecodePlan(ByteView bytes) const {
  wire::Plan in;
  if (bytes.size() > kPlanBytesMax) return InvalidArgument("plan over kPlanBytesMax");
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return InvalidArgument("plan does not parse");
  }
  Plan plan;
  RETURN_IF_ERROR(PutSettings(in, &plan));
  for (const wire::Group& group : in.groups()) {
    ASSIGN_OR_RETURN_CTX(StepGroup converted, FromWire(group),
                         "group " + EscapeForLog(group.name(), kItemIdBytesMax));
    plan.groups.push_back(std::move(converted));
  }
  for (const wire::Step& step : in.steps()) {
    ASSIGN_OR_RETURN_CTX(Step converted, ReadStep(step),
                         "item " + EscapeForLog(step.item_id(), kItemIdBytesMax));
    TellName(plan.device_name, &converted.action);
    plan.steps.push_back(std::move(converted));
  }
  return plan;
}

}  // namespace preseal::agent
