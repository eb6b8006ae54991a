// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/sql/device_record.h"

#include "server/adapters/sql/columns.h"
#include "server/adapters/sql/json_columns.h"

namespace preseal::server {
namespace {

using sql::Sql;

constexpr Sql kInsert(
    "INSERT INTO devices (" PRESEAL_DEVICE_COLUMNS
    ") VALUES (:device_number, :serial_number, :manufacturer, :model, :batch_id, :slot,"
    " :assigned_user, :profile, :state, :state_time, :create_time, :failure_code,"
    " :failure_item_id, :failure_message, :failure_remedy, :failure_seen, :failure_expected,"
    " :contact, :contact_time, :lab, :enrolled, :attempt, :phase, :item_name, :items_done,"
    " :items_total, :percent, :blocking_satisfied, :run_start_time, :run_end_time,"
    " :last_command_id, :ek_spki_sha256, :certificate_sha256, :seal_unconfirmed, :seal_time,"
    " :revision, :refused_attempts, :quarantined, :sku, :group_tag, :attributes, :device_name,"
    " :flow, :held, :wait, :sealed_plan_digest, :deployments, :allow_next, :signed_in_user)"
    " ON CONFLICT DO NOTHING");

// An UPDATE rewrites every index over the columns it names, changed or not. Most writes are
// progress, so the indexed columns have a statement of their own that rarely finds a row.
constexpr Sql kUpdateKeys(
    "UPDATE devices SET serial_number = :serial_number, batch_id = :batch_id, state = :state,"
    " contact = :contact, ek_spki_sha256 = :ek"
    " WHERE device_number = :device_number AND (serial_number <> :old_serial_number"
    " OR batch_id IS DISTINCT FROM :old_batch_id OR state <> :old_state"
    " OR contact <> :old_contact OR ek_spki_sha256 IS DISTINCT FROM :old_ek)");
constexpr Sql kUpdateRest(
    "UPDATE devices SET manufacturer = :manufacturer, model = :model, slot = :slot,"
    " assigned_user = :assigned_user, profile = :profile, state_time = :state_time,"
    " failure_code = :failure_code, failure_item_id = :failure_item_id,"
    " failure_message = :failure_message, failure_remedy = :failure_remedy,"
    " failure_seen = :failure_seen, failure_expected = :failure_expected,"
    " contact_time = :contact_time, lab = :lab, enrolled = :enrolled, attempt = :attempt,"
    " phase = :phase, item_name = :item_name, items_done = :items_done,"
    " items_total = :items_total, percent = :percent, blocking_satisfied = :blocking_satisfied,"
    " run_start_time = :run_start_time, run_end_time = :run_end_time,"
    " last_command_id = :last_command_id, certificate_sha256 = :certificate_sha256,"
    " seal_unconfirmed = :seal_unconfirmed, seal_time = :seal_time, revision = :revision,"
    " refused_attempts = :refused_attempts, quarantined = :quarantined, sku = :sku,"
    " group_tag = :group_tag, attributes = :attributes, device_name = :device_name, flow = :flow,"
    " held = :held, wait = :wait, sealed_plan_digest = :sealed_plan_digest,"
    " deployments = :deployments, allow_next = :allow_next, signed_in_user = :signed_in_user"
    " WHERE device_number = :device_number");

std::string_view TextOf(const std::optional<CommandId>& id) {
  return id ? std::string_view(id->text()) : std::string_view();
}

Failure ReadFailure(sql::Row& row) {
  Failure failure;
  failure.code = row.Text();
  failure.item_id = row.Text();
  failure.message = row.Text();
  failure.remedy = row.Text();
  failure.seen = row.Text();
  failure.expected = row.Text();
  return failure;
}

// The columns of migration 006.
Status ReadFlowFacts(Columns& columns, Device* device) {
  device->sku = columns->Text();
  device->group_tag = columns->Text();
  RETURN_IF_ERROR(FromJson(columns->Text(), "devices", &device->attributes));
  device->device_name = columns->Text();
  device->flow = columns.Enum(Flow::kTechnician, Flow::kUser);
  device->held = columns->Flag();
  RETURN_IF_ERROR(FromJson(columns->Text(), "devices", &device->wait));
  device->sealed_plan_digest = columns->Text();
  device->deployments = columns->Unsigned32();
  RETURN_IF_ERROR(FromJson(columns->Text(), "devices", &device->allow_next));
  device->signed_in_user = columns->Text();
  return OkStatus();
}

}  // namespace

Status ReadDevice(sql::Row& row, Device* device) {
  Columns columns(row, "devices");
  device->id = DeviceId::FromNumber(columns->Unsigned());
  device->serial_number = columns->Text();
  device->manufacturer = columns->Text();
  device->model = columns->Text();
  device->batch = columns.TextId<BatchId>();
  device->slot = columns->Text();
  device->assigned_user = columns->Text();
  device->profile = columns->Text();
  device->state = columns.Enum(DeviceState::kRegistered, DeviceState::kRetired);
  device->state_time = columns->Time();
  device->create_time = columns->Time();
  device->failure = ReadFailure(row);
  device->contact = columns.Enum(ContactState::kNever, ContactState::kSilent);
  device->contact_time = columns->OptionalTime();
  device->lab = columns->Flag();
  device->enrolled = columns->Flag();
  device->attempt = columns->Unsigned32();
  device->phase = columns.Enum(Phase::kDevicePreparation, Phase::kAccountSetup);
  device->item_name = columns->Text();
  device->items_done = columns->Unsigned32();
  device->items_total = columns->Unsigned32();
  device->percent = columns->Unsigned32();
  device->blocking_satisfied = columns->Flag();
  device->run_start_time = columns->OptionalTime();
  device->run_end_time = columns->OptionalTime();
  const CommandId last_command = columns.TextId<CommandId>();
  if (!last_command.empty()) device->last_command = last_command;
  device->ek_spki_sha256 = columns->Blob();
  device->certificate_sha256 = columns->Blob();
  device->seal_unconfirmed = columns->Flag();
  device->seal_time = columns->OptionalTime();
  device->revision = columns->Unsigned();
  device->refused_attempts = columns->Unsigned32();
  device->quarantined = columns->Flag();
  RETURN_IF_ERROR(ReadFlowFacts(columns, device));
  return columns.status();
}

StatusOr<std::vector<Device>> QueryDevices(sql::Connection& connection, const sql::Sql& sql,
                                           sql::Params params) {
  std::vector<Device> devices;
  RETURN_IF_ERROR(connection.Query(
      sql, params, [&devices](sql::Row& row) { return ReadDevice(row, &devices.emplace_back()); }));
  return devices;
}

Status InsertDevice(sql::Connection& connection, const Device& d) {
  const std::string attributes = ToJson(d.attributes);
  const std::string wait = ToJson(d.wait);
  const std::string allow_next = ToJson(d.allow_next);
  return ExpectInserted(connection.Execute(kInsert, {d.id.number(),
                                                     d.serial_number,
                                                     d.manufacturer,
                                                     d.model,
                                                     sql::Param::OrNull(d.batch.text()),
                                                     d.slot,
                                                     d.assigned_user,
                                                     d.profile,
                                                     d.state,
                                                     d.state_time,
                                                     d.create_time,
                                                     d.failure.code,
                                                     d.failure.item_id,
                                                     d.failure.message,
                                                     d.failure.remedy,
                                                     d.failure.seen,
                                                     d.failure.expected,
                                                     d.contact,
                                                     d.contact_time,
                                                     d.lab,
                                                     d.enrolled,
                                                     d.attempt,
                                                     d.phase,
                                                     d.item_name,
                                                     d.items_done,
                                                     d.items_total,
                                                     d.percent,
                                                     d.blocking_satisfied,
                                                     d.run_start_time,
                                                     d.run_end_time,
                                                     sql::Param::OrNull(TextOf(d.last_command)),
                                                     sql::Param::OrNull(d.ek_spki_sha256),
                                                     sql::Param::OrNull(d.certificate_sha256),
                                                     d.seal_unconfirmed,
                                                     d.seal_time,
                                                     d.revision,
                                                     d.refused_attempts,
                                                     d.quarantined,
                                                     d.sku,
                                                     d.group_tag,
                                                     attributes,
                                                     d.device_name,
                                                     d.flow,
                                                     d.held,
                                                     wait,
                                                     d.sealed_plan_digest,
                                                     d.deployments,
                                                     allow_next,
                                                     d.signed_in_user}),
                        "serial number or EK");
}

Status UpdateDevice(sql::Connection& connection, const Device& d) {
  const std::string attributes = ToJson(d.attributes);
  const std::string wait = ToJson(d.wait);
  const std::string allow_next = ToJson(d.allow_next);
  RETURN_IF_ERROR(
      ExpectOneRow(connection.Execute(kUpdateRest, {d.manufacturer,
                                                    d.model,
                                                    d.slot,
                                                    d.assigned_user,
                                                    d.profile,
                                                    d.state_time,
                                                    d.failure.code,
                                                    d.failure.item_id,
                                                    d.failure.message,
                                                    d.failure.remedy,
                                                    d.failure.seen,
                                                    d.failure.expected,
                                                    d.contact_time,
                                                    d.lab,
                                                    d.enrolled,
                                                    d.attempt,
                                                    d.phase,
                                                    d.item_name,
                                                    d.items_done,
                                                    d.items_total,
                                                    d.percent,
                                                    d.blocking_satisfied,
                                                    d.run_start_time,
                                                    d.run_end_time,
                                                    sql::Param::OrNull(TextOf(d.last_command)),
                                                    sql::Param::OrNull(d.certificate_sha256),
                                                    d.seal_unconfirmed,
                                                    d.seal_time,
                                                    d.revision,
                                                    d.refused_attempts,
                                                    d.quarantined,
                                                    d.sku,
                                                    d.group_tag,
                                                    attributes,
                                                    d.device_name,
                                                    d.flow,
                                                    d.held,
                                                    wait,
                                                    d.sealed_plan_digest,
                                                    d.deployments,
                                                    allow_next,
                                                    d.signed_in_user,
                                                    d.id.number()}),
                   d.id.text()));
  const auto batch = sql::Param::OrNull(d.batch.text());
  const auto ek = sql::Param::OrNull(d.ek_spki_sha256);
  // After the rest, because the batch's triggers read the new state_time.
  return connection
      .Execute(kUpdateKeys, {d.serial_number, batch, d.state, d.contact, ek, d.id.number(),
                             d.serial_number, batch, d.state, d.contact, ek})
      .status();
}

}  // namespace preseal::server
