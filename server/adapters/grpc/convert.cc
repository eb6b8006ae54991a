// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/convert.h"

#include <fmt/format.h>

#include "common/base/limits.h"
#include "server/adapters/grpc/resource_names.h"
#include "server/service/enrollment/record_desk.h"

namespace preseal::server {

namespace pv1 = progress::v1;
namespace fv1 = fleet::v1;

namespace {

void ToProto(const Failure& failure, fv1::Failure* out) {
  out->set_code(failure.code);
  out->set_item_id(failure.item_id);
  out->set_message(failure.message);
  out->set_remedy(failure.remedy);
  out->set_seen(failure.seen);
  out->set_expected(failure.expected);
}

void ToProto(const Wait& wait, pv1::Wait* out) {
  out->set_kind(static_cast<pv1::Wait::Kind>(wait.kind));
  out->set_owner(wait.owner);
  SetTime(wait.start_time, out->mutable_start_time());
  if (wait.limit.count() > 0) SetDuration(wait.limit, out->mutable_limit());
  out->set_place(wait.place);
}

void FlowToProto(const Device& device, fv1::Device* out) {
  out->set_sku(device.sku);
  out->set_group_tag(device.group_tag);
  out->mutable_attributes()->insert(device.attributes.begin(), device.attributes.end());
  out->set_device_name(device.device_name);
  out->set_flow(static_cast<pv1::Flow>(device.flow));
  out->set_held(device.held);
  if (device.wait) ToProto(*device.wait, out->mutable_wait());
  out->set_signed_in_user(device.signed_in_user);
}

void ProgressToProto(const Device& device, fv1::Progress* out) {
  out->set_phase(static_cast<pv1::Phase>(device.phase));
  out->set_item_name(device.item_name);
  out->set_items_done(device.items_done);
  out->set_items_total(device.items_total);
  out->set_percent(device.percent);
  if (device.run_start_time) SetTime(*device.run_start_time, out->mutable_start_time());
  if (device.run_end_time) SetTime(*device.run_end_time, out->mutable_end_time());
}

}  // namespace

void ToProto(const Device& device, fv1::Device* out) {
  out->set_name(NameOfDevice(device.id));
  out->set_serial_number(device.serial_number);
  out->set_manufacturer(device.manufacturer);
  out->set_model(device.model);
  if (!device.batch.empty()) out->set_batch(NameOfBatch(device.batch));
  out->set_slot(device.slot);
  out->set_assigned_user(device.assigned_user);
  out->set_profile(device.profile);
  out->set_state(static_cast<lifecycle::v1::DeviceState>(device.state));
  SetTime(device.state_time, out->mutable_state_time());
  SetTime(device.create_time, out->mutable_create_time());
  if (!device.failure.code.empty()) ToProto(device.failure, out->mutable_failure());
  if (device.items_total != 0) ProgressToProto(device, out->mutable_progress());
  out->mutable_contact()->set_state(static_cast<fv1::Contact::State>(device.contact));
  if (device.contact_time && device.contact != ContactState::kConnected) {
    SetTime(*device.contact_time, out->mutable_contact()->mutable_last_time());
  }
  out->set_lab(device.lab);
  out->set_enrolled(device.enrolled);
  out->set_satisfied(device.blocking_satisfied);
  out->set_sealable(device.state == DeviceState::kReadyToSeal && device.blocking_satisfied &&
                    !device.quarantined);
  out->set_quarantined(device.quarantined);
  out->set_sealed(device.state == DeviceState::kSealed || device.state == DeviceState::kUserSetup ||
                  device.state == DeviceState::kInService);
  out->set_seal_unconfirmed(device.seal_unconfirmed);
  if (device.seal_time) SetTime(*device.seal_time, out->mutable_seal_time());
  out->set_revision(device.revision);
  out->set_attempts_used(device.refused_attempts);
  out->set_attempts_left(RecordDesk::AttemptsLeft(device));
  FlowToProto(device, out);
}

void ToProto(const Item& item, pv1::Item* out) {
  out->set_item_id(item.item_id.text());
  out->set_display_name(item.display_name);
  out->set_phase(static_cast<pv1::Phase>(item.phase));
  out->set_category(static_cast<pv1::Category>(item.category));
  out->set_gating(static_cast<pv1::Gating>(item.gating));
  out->set_state(static_cast<pv1::ItemState>(item.state));
  out->set_percent(item.percent);
  out->set_code(item.code);
  out->set_message(item.message);
  out->set_already_done(item.already_done);
  if (item.start_time) SetTime(*item.start_time, out->mutable_start_time());
  if (item.end_time) SetTime(*item.end_time, out->mutable_end_time());
  if (item.exit_code) out->set_exit_code(*item.exit_code);
  out->set_attempt(item.attempt);
  out->set_done(item.done);
  out->set_total(item.total);
  if (item.wait) ToProto(*item.wait, out->mutable_wait());
  if (item.waiver) {
    out->mutable_waiver()->set_actor(item.waiver->actor);
    out->mutable_waiver()->set_reason(item.waiver->reason);
    SetTime(item.waiver->time, out->mutable_waiver()->mutable_time());
  }
  out->set_origin(item.origin);
  out->set_stalled(item.stalled);
}

void ToProto(const Run& run, fv1::Run* out) {
  out->set_name(NameOfRun(run.run_id));
  out->set_attempt(run.run_id.attempt());
  out->set_outcome(static_cast<pv1::RunOutcome>(run.outcome));
  SetTime(run.start_time, out->mutable_start_time());
  if (run.end_time) SetTime(*run.end_time, out->mutable_end_time());
  out->set_profile_digest(run.profile_digest);
  out->set_event_count(run.event_count);
  out->set_flow(static_cast<pv1::Flow>(run.flow));
  out->set_profile(run.profile);
  out->set_profile_version(run.profile_version);
  out->set_timed_out(run.timed_out);
}

void ToProto(const Command& command, fv1::Command* out) {
  out->set_name(NameOfCommand(command.device_id, command.command_id));
  out->set_kind(static_cast<fv1::Command::Kind>(command.kind));
  out->set_state(static_cast<fv1::Command::State>(command.state));
  out->set_code(command.code);
  out->set_message(command.message);
  SetTime(command.create_time, out->mutable_create_time());
  SetTime(command.update_time, out->mutable_update_time());
  out->set_actor(command.actor);
}

void ToProto(const Batch& batch, batch::v1::Batch* out) {
  out->set_name(NameOfBatch(batch.id));
  SetTime(batch.create_time, out->mutable_create_time());
  int total = 0;
  for (const auto& [state, count] : batch.counts) {
    auto* row = out->add_counts();
    row->set_state(static_cast<lifecycle::v1::DeviceState>(state));
    row->set_count(count);
    total += count;
  }
  out->set_total(total);
  out->set_silent(batch.silent);
  out->set_refused(batch.refused);
  if (batch.update_time) SetTime(*batch.update_time, out->mutable_update_time());
}

StatusOr<DeviceState> ToDomain(lifecycle::v1::DeviceState state) {
  for (const DeviceState known : kAllDeviceStates) {
    if (static_cast<int>(known) == static_cast<int>(state)) return known;
  }
  return InvalidArgument(fmt::format("unknown device state {}", static_cast<int>(state)));
}

}  // namespace preseal::server
