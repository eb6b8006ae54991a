// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/device_views.h"

#include "server/adapters/grpc/convert.h"
#include "server/adapters/grpc/flow_reports_views.h"
#include "server/adapters/grpc/resource_names.h"
#include "server/service/flow/action_facts.h"

namespace preseal::server {
namespace {

// A run that was given up by a reset has nothing to show any more.
Status FillItems(Tx& tx, const Device& device, bool has_run, fleet::v1::Device* out) {
  ASSIGN_OR_RETURN(const auto preparation, tx.runs.Items(device.id, 0));
  for (const Item& item : preparation) ToProto(item, out->add_items());
  if (!has_run) return OkStatus();
  ASSIGN_OR_RETURN(const auto setup, tx.runs.Items(device.id, device.attempt));
  for (const Item& item : setup) ToProto(item, out->add_items());
  return OkStatus();
}

}  // namespace

Status DeviceViews::Fill(Tx& tx, const Device& device, DeviceDetail detail,
                         fleet::v1::Device* out) const {
  ToProto(device, out);
  FillOneTimeLimit(device, clock_.Now(), out);
  if (device.attempt != 0) {
    // A tile needs the attempt only; the rest of the run is read for the page.
    out->mutable_run()->set_name(NameOfRun(RunId::Of(device.id, device.attempt)));
    out->mutable_run()->set_attempt(device.attempt);
  }
  if (device.last_command) {
    ASSIGN_OR_RETURN(const Command command, tx.commands.GetCommand(*device.last_command));
    ToProto(command, out->mutable_last_command());
  }
  return detail == DeviceDetail::kTile ? OkStatus() : FillPage(tx, device, out);
}

Status DeviceViews::FillPage(Tx& tx, const Device& device, fleet::v1::Device* out) const {
  ASSIGN_OR_RETURN(const auto runs, tx.runs.ListRuns(device.id));
  for (const Run& run : runs) {
    if (run.run_id.attempt() == device.attempt) {
      ToProto(run, out->mutable_run());
      out->set_profile(run.profile);  // what it was given, if it was the default
    } else {
      ToProto(run, out->add_past_runs());
    }
  }
  ASSIGN_OR_RETURN(const ActionFacts facts, ActionFactsOf(tx, device, profiles_));
  out->set_allow_reset(facts.allow_reset);
  // For a lead; who may do less is refused with the reason.
  for (const DeviceAction action : kAllDeviceActions) {
    if (action > DeviceAction::kContinue) continue;
    if (Judge(action, ActionActor::kLead, facts) != ActionRefusal::kNone) continue;
    out->add_actions(static_cast<fleet::v1::Action>(action));
  }
  ASSIGN_OR_RETURN(const DeploymentView view,
                   reports_.Deployment(tx, device, facts.preprovisioning_allowed));
  FillDeployment(view, out);
  ASSIGN_OR_RETURN(const auto seal, reports_.Seal(tx, device, true));
  if (seal) ToProto(*seal, out->mutable_seal());
  return FillItems(tx, device, facts.has_run, out);
}

}  // namespace preseal::server
