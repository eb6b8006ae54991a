// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/sql/run_rows.h"

#include "server/adapters/sql/columns.h"
#include "server/adapters/sql/json_columns.h"

namespace preseal::server {
namespace {

using sql::Sql;

#define PRESEAL_RUN_FACTS                                                      \
  "outcome, start_time, end_time, profile, profile_digest, event_count, flow," \
  " profile_version, timed_out, continued, held, device_run_time_ms, limit_ms, wait, esp"
#define PRESEAL_RUN_TYPES "iiiiittiiiiiiiitt"

constexpr Sql kInsert("INSERT INTO runs (device_number, attempt, " PRESEAL_RUN_FACTS
                      ") VALUES (:device_number, :attempt, :outcome, :start_time, :end_time,"
                      " :profile, :profile_digest, :event_count, :flow, :profile_version,"
                      " :timed_out, :continued, :held, :device_run_time_ms, :limit_ms, :wait,"
                      " :esp) ON CONFLICT DO NOTHING");
constexpr Sql kInsertPlan(
    "INSERT INTO run_plans (device_number, attempt, plan)"
    " VALUES (:device_number, :attempt, :plan)");
constexpr Sql kGet("SELECT runs.device_number, runs.attempt, " PRESEAL_RUN_FACTS
                   ", plan FROM runs JOIN run_plans"
                   " ON run_plans.device_number = runs.device_number"
                   " AND run_plans.attempt = runs.attempt"
                   " WHERE runs.device_number = :device_number AND runs.attempt = :attempt",
                   PRESEAL_RUN_TYPES "b");
constexpr Sql kList("SELECT device_number, attempt, " PRESEAL_RUN_FACTS
                    " FROM runs WHERE device_number = :device_number ORDER BY attempt",
                    PRESEAL_RUN_TYPES);
// 0 is kRunning; a literal, so that the index of running runs serves it.
constexpr Sql kRunning("SELECT device_number, attempt, " PRESEAL_RUN_FACTS
                       " FROM runs WHERE outcome = 0 ORDER BY start_time",
                       PRESEAL_RUN_TYPES);
constexpr Sql kUpdate(
    "UPDATE runs SET outcome = :outcome, end_time = :end_time, event_count = :event_count,"
    " timed_out = :timed_out, continued = :continued, held = :held,"
    " device_run_time_ms = :device_run_time_ms, limit_ms = :limit_ms, wait = :wait"
    " WHERE device_number = :device_number AND attempt = :attempt");

constexpr Sql kItems(
    "SELECT item_id, display_name, phase, category, gating, state, percent, code, message,"
    " already_done, start_time, end_time, exit_code, tries, done, total, wait, waiver, origin,"
    " stalled FROM items"
    " WHERE device_number = :device_number AND attempt = :attempt ORDER BY position",
    "ttiiiiittiiiiiiittti");
constexpr Sql kPutItem(
    "INSERT INTO items (device_number, attempt, item_id, position, display_name, phase, category,"
    " gating, state, percent, code, message, already_done, start_time, end_time, exit_code,"
    " tries, done, total, wait, waiver, origin, stalled)"
    " VALUES (:device_number, :attempt, :item_id, (SELECT coalesce(max(position), 0) + 1"
    " FROM items WHERE device_number = :of_device AND attempt = :of_attempt), :display_name,"
    " :phase, :category, :gating, :state, :percent, :code, :message, :already_done, :start_time,"
    " :end_time, :exit_code, :tries, :done, :total, :wait, :waiver, :origin, :stalled)"
    " ON CONFLICT (device_number, attempt, item_id) DO UPDATE SET"
    " display_name = excluded.display_name, phase = excluded.phase, category = excluded.category,"
    " gating = excluded.gating, state = excluded.state, percent = excluded.percent,"
    " code = excluded.code, message = excluded.message, already_done = excluded.already_done,"
    " start_time = excluded.start_time, end_time = excluded.end_time,"
    " exit_code = excluded.exit_code, tries = excluded.tries, done = excluded.done,"
    " total = excluded.total, wait = excluded.wait, waiver = excluded.waiver,"
    " origin = excluded.origin, stalled = excluded.stalled");

// Everything but the plan.
Status ReadRun(sql::Row& row, Run* run) {
  Columns columns(row, "runs");
  const DeviceId device = DeviceId::FromNumber(columns->Unsigned());
  run->run_id = RunId::Of(device, columns->Unsigned32());
  run->outcome = columns.Enum(RunOutcome::kRunning, RunOutcome::kAbandoned);
  run->start_time = columns->Time();
  run->end_time = columns->OptionalTime();
  run->profile = columns->Text();
  run->profile_digest = columns->Text();
  run->event_count = columns->Unsigned();
  run->flow = columns.Enum(Flow::kTechnician, Flow::kUser);
  run->profile_version = columns->Unsigned32();
  run->timed_out = columns->Flag();
  run->continued = columns->Flag();
  run->held = columns->Flag();
  run->device_run_time = std::chrono::milliseconds(columns->Integer());
  run->limit = std::chrono::milliseconds(columns->Integer());
  RETURN_IF_ERROR(FromJson(columns->Text(), "runs", &run->wait));
  RETURN_IF_ERROR(FromJson(columns->Text(), "runs", &run->esp));
  return columns.status();
}

Status ReadItem(sql::Row& row, Item* item) {
  Columns columns(row, "items");
  item->item_id = columns.TextId<ItemId>();
  item->display_name = columns->Text();
  item->phase = columns.Enum(Phase::kDevicePreparation, Phase::kAccountSetup);
  item->category = columns.Enum(Category::kHardware, Category::kQualityUpdates);
  item->gating = columns.Enum(Gating::kBlocking, Gating::kBackground);
  item->state = columns.Enum(ItemState::kNotStarted, ItemState::kNotRequired);
  item->percent = columns->Unsigned32();
  item->code = columns->Text();
  item->message = columns->Text();
  item->already_done = columns->Flag();
  item->start_time = columns->OptionalTime();
  item->end_time = columns->OptionalTime();
  const auto exit_code = columns->OptionalInteger();
  if (exit_code) item->exit_code = static_cast<int32_t>(*exit_code);
  item->attempt = columns->Unsigned32();
  item->done = columns->Unsigned();
  item->total = columns->Unsigned();
  RETURN_IF_ERROR(FromJson(columns->Text(), "items", &item->wait));
  RETURN_IF_ERROR(FromJson(columns->Text(), "items", &item->waiver));
  item->origin = columns->Text();
  item->stalled = columns->Flag();
  return columns.status();
}

}  // namespace

Status RunRows::InsertRun(const Run& run, std::span<const Item> items) {
  const DeviceId device = run.run_id.device();
  const uint32_t attempt = run.run_id.attempt();
  const std::string wait = ToJson(run.wait);
  const std::string esp = ToJson(run.esp);
  RETURN_IF_ERROR(ExpectInserted(
      connection_.Execute(
          kInsert,
          {device.number(), attempt, run.outcome, run.start_time, run.end_time, run.profile,
           run.profile_digest, run.event_count, run.flow, run.profile_version, run.timed_out,
           run.continued, run.held, run.device_run_time.count(), run.limit.count(), wait, esp}),
      "run id " + run.run_id.text()));
  RETURN_IF_ERROR(connection_.Execute(kInsertPlan, {device.number(), attempt, run.plan}).status());
  for (const Item& item : items) RETURN_IF_ERROR(PutItem(device, attempt, item));
  return OkStatus();
}

StatusOr<Run> RunRows::GetRun(const RunId& id) {
  std::optional<Run> run;
  RETURN_IF_ERROR(
      connection_.Query(kGet, {id.device().number(), id.attempt()}, [&run](sql::Row& row) {
        RETURN_IF_ERROR(ReadRun(row, &run.emplace()));
        run->plan = row.Blob();
        return OkStatus();
      }));
  if (!run) return NotFound(fmt::format("no run {}", id.text()));
  return *std::move(run);
}

Status RunRows::UpdateRun(const Run& run) {
  const std::string wait = ToJson(run.wait);
  return ExpectOneRow(
      connection_.Execute(kUpdate,
                          {run.outcome, run.end_time, run.event_count, run.timed_out, run.continued,
                           run.held, run.device_run_time.count(), run.limit.count(), wait,
                           run.run_id.device().number(), run.run_id.attempt()}),
      "run " + run.run_id.text());
}

StatusOr<std::vector<Run>> RunRows::ListRuns(const DeviceId& device) {
  std::vector<Run> runs;
  RETURN_IF_ERROR(connection_.Query(kList, {device.number()}, [&runs](sql::Row& row) {
    return ReadRun(row, &runs.emplace_back());
  }));
  return runs;
}

StatusOr<std::vector<Run>> RunRows::RunningRuns() {
  std::vector<Run> runs;
  RETURN_IF_ERROR(connection_.Query(
      kRunning, {}, [&runs](sql::Row& row) { return ReadRun(row, &runs.emplace_back()); }));
  return runs;
}

StatusOr<std::vector<Item>> RunRows::Items(const DeviceId& device, uint32_t attempt) {
  std::vector<Item> items;
  RETURN_IF_ERROR(connection_.Query(kItems, {device.number(), attempt}, [&items](sql::Row& row) {
    return ReadItem(row, &items.emplace_back());
  }));
  return items;
}

Status RunRows::PutItem(const DeviceId& device, uint32_t attempt, const Item& item) {
  const std::string wait = ToJson(item.wait);
  const std::string waiver = ToJson(item.waiver);
  return connection_
      .Execute(kPutItem, {device.number(), attempt,           item.item_id.text(),
                          device.number(), attempt,           item.display_name,
                          item.phase,      item.category,     item.gating,
                          item.state,      item.percent,      item.code,
                          item.message,    item.already_done, item.start_time,
                          item.end_time,   item.exit_code,    item.attempt,
                          item.done,       item.total,        wait,
                          waiver,          item.origin,       item.stalled})
      .status();
}

}  // namespace preseal::server
