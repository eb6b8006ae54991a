// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/sql/golden_rows.h"

#include "server/adapters/sql/columns.h"

namespace preseal::server {
namespace {

using sql::Sql;

#define PRESEAL_GOLDEN_COLUMNS                                                            \
  "manufacturer, model, state, device_number, create_time, first_approver,"               \
  " first_approve_time, second_approver, second_approve_time, retire_actor, retire_time," \
  " values_sha256"
#define PRESEAL_SELECT_GOLDEN "SELECT golden_number, " PRESEAL_GOLDEN_COLUMNS " FROM golden_sets"
#define PRESEAL_GOLDEN_TYPES "ittiiitititib"

constexpr Sql kInsert("INSERT INTO golden_sets (" PRESEAL_GOLDEN_COLUMNS
                      ") VALUES (:manufacturer, :model, :state, :device_number, :create_time,"
                      " :first_approver, :first_approve_time, :second_approver,"
                      " :second_approve_time, :retire_actor, :retire_time, :values_sha256)"
                      " RETURNING golden_number",
                      "i");
constexpr Sql kInsertValue(
    "INSERT INTO golden_values (golden_number, position, bank, pcr, value) VALUES"
    " (:golden_number, :position, :bank, :pcr, :value)");
constexpr Sql kUpdate(
    "UPDATE golden_sets SET state = :state, first_approver = :first_approver,"
    " first_approve_time = :first_approve_time, second_approver = :second_approver,"
    " second_approve_time = :second_approve_time, retire_actor = :retire_actor,"
    " retire_time = :retire_time WHERE golden_number = :golden_number");
constexpr Sql kGet(PRESEAL_SELECT_GOLDEN " WHERE golden_number = :golden_number",
                   PRESEAL_GOLDEN_TYPES);
constexpr Sql kOfModel(PRESEAL_SELECT_GOLDEN
                       " WHERE lower(manufacturer) = lower(:manufacturer)"
                       " AND lower(model) = lower(:model) ORDER BY golden_number",
                       PRESEAL_GOLDEN_TYPES);
constexpr Sql kAll(PRESEAL_SELECT_GOLDEN " ORDER BY golden_number", PRESEAL_GOLDEN_TYPES);
constexpr Sql kValues(
    "SELECT bank, pcr, value FROM golden_values WHERE golden_number = :golden_number"
    " ORDER BY position",
    "iib");

Status ReadGolden(sql::Row& row, GoldenRow* golden) {
  Columns columns(row, "golden_sets");
  golden->number = columns->Unsigned();
  golden->manufacturer = columns->Text();
  golden->model = columns->Text();
  golden->state = columns.Enum(GoldenState::kProposed, GoldenState::kRetired);
  golden->proposer = DeviceId::FromNumber(columns->Unsigned());
  golden->create_time = columns->Time();
  golden->first_approver = columns->Text();
  golden->first_approve_time = columns->OptionalTime();
  golden->second_approver = columns->Text();
  golden->second_approve_time = columns->OptionalTime();
  golden->retire_actor = columns->Text();
  golden->retire_time = columns->OptionalTime();
  golden->values_sha256 = columns->Blob();
  return columns.status();
}

}  // namespace

StatusOr<std::vector<GoldenRow>> GoldenRows::Select(const Sql& sql, sql::Params params) {
  std::vector<GoldenRow> rows;
  RETURN_IF_ERROR(connection_.Query(
      sql, params, [&rows](sql::Row& row) { return ReadGolden(row, &rows.emplace_back()); }));
  for (GoldenRow& golden : rows) {
    RETURN_IF_ERROR(connection_.Query(kValues, {golden.number}, [&golden](sql::Row& row) -> Status {
      tpmwire::PcrValue& value = golden.values.emplace_back();
      value.hash_algorithm = static_cast<uint16_t>(row.Unsigned());
      value.index = row.Unsigned32();
      value.value = row.Blob();
      return OkStatus();
    }));
  }
  return rows;
}

Status GoldenRows::InsertGolden(GoldenRow* g) {
  RETURN_IF_ERROR(
      connection_
          .QueryOne(kInsert,
                    {g->manufacturer, g->model, g->state, g->proposer.number(), g->create_time,
                     g->first_approver, g->first_approve_time, g->second_approver,
                     g->second_approve_time, g->retire_actor, g->retire_time, g->values_sha256},
                    [g](sql::Row& row) { g->number = row.Unsigned(); })
          .status());
  for (size_t i = 0; i < g->values.size(); ++i) {
    const tpmwire::PcrValue& value = g->values[i];
    RETURN_IF_ERROR(
        connection_
            .Execute(kInsertValue, {g->number, i, value.hash_algorithm, value.index, value.value})
            .status());
  }
  return OkStatus();
}

Status GoldenRows::UpdateGolden(const GoldenRow& g) {
  return ExpectOneRow(connection_.Execute(kUpdate, {g.state, g.first_approver, g.first_approve_time,
                                                    g.second_approver, g.second_approve_time,
                                                    g.retire_actor, g.retire_time, g.number}),
                      fmt::format("golden set {}", g.number));
}

StatusOr<GoldenRow> GoldenRows::GetGolden(uint64_t number) {
  ASSIGN_OR_RETURN(auto rows, Select(kGet, {number}));
  if (rows.empty()) return NotFound(fmt::format("there is no golden set G-{}", number));
  return std::move(rows.front());
}

StatusOr<std::vector<GoldenRow>> GoldenRows::Goldens(std::string_view manufacturer,
                                                     std::string_view model) {
  if (manufacturer.empty() && model.empty()) return Select(kAll, {});
  return Select(kOfModel, {manufacturer, model});
}

}  // namespace preseal::server
