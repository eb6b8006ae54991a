// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/device_views.h"

#include "server/adapters/grpc/convert.h"
#include "server/adapters/grpc/resource_names.h"

namespace preseal::server {
namespace {

Status FillItems(Tx& tx, const Device& device, fleet::v1::Device* out) {
  ASSIGN_OR_RETURN(const auto preparation, tx.runs.Items(device.id, 0));
  for (const Item& item : preparation) ToProto(item, out->add_items());
  if (device.attempt == 0) return OkStatus();
  ASSIGN_OR_RETURN(const auto setup, tx.runs.Items(device.id, device.attempt));
  for (const Item& item : setup) ToProto(item, out->add_items());
  return OkStatus();
}

}  // namespace

Status FillDevice(Tx& tx, const Device& device, DeviceDetail detail, fleet::v1::Device* out) {
  ToProto(device, out);
  if (device.attempt != 0) {
    // A tile needs the attempt only; the rest of the run is read for the page.
    out->mutable_run()->set_name(NameOfRun(RunId::Of(device.id, device.attempt)));
    out->mutable_run()->set_attempt(device.attempt);
  }
  if (device.last_command) {
    ASSIGN_OR_RETURN(const Command command, tx.commands.GetCommand(*device.last_command));
    ToProto(command, out->mutable_last_command());
  }
  if (detail == DeviceDetail::kTile) return OkStatus();
  ASSIGN_OR_RETURN(const auto runs, tx.runs.ListRuns(device.id));
  for (const Run& run : runs) {
    if (run.run_id.attempt() == device.attempt) {
      ToProto(run, out->mutable_run());
      out->set_profile(run.profile);  // what it was given, if it was the default
    } else {
      ToProto(run, out->add_past_runs());
    }
  }
  return FillItems(tx, device, out);
}

}  // namespace preseal::server
