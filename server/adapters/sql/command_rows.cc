// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/sql/command_rows.h"

#include "common/base/limits.h"
#include "server/adapters/sql/columns.h"

namespace preseal::server {
namespace {

using sql::Sql;

#define PRESEAL_COMMAND_COLUMNS                                                             \
  "command_id, device_number, kind, state, code, message, create_time, update_time, actor," \
  " request_id, run_id, seal_step, nonce, item_id, text, by_ms"
#define PRESEAL_COMMAND_TYPES "tiiittiitttibtti"

constexpr Sql kInsert("INSERT INTO commands (" PRESEAL_COMMAND_COLUMNS
                      ") VALUES (:command_id, :device_number, :kind, :state, :code, :message,"
                      " :create_time, :update_time, :actor, :request_id, :run_id, :seal_step,"
                      " :nonce, :item_id, :text, :by_ms) ON CONFLICT DO NOTHING");
constexpr Sql kGet("SELECT " PRESEAL_COMMAND_COLUMNS
                   " FROM commands WHERE command_id = :command_id",
                   PRESEAL_COMMAND_TYPES);
constexpr Sql kUpdate(
    "UPDATE commands SET state = :state, code = :code, message = :message,"
    " update_time = :update_time, seal_step = :seal_step WHERE command_id = :command_id");
// 5 is kVerified, 6 kFailed; a literal, so that the index of open commands serves it.
constexpr Sql kOpen("SELECT " PRESEAL_COMMAND_COLUMNS
                    " FROM commands WHERE device_number = :device_number AND state < 5"
                    " ORDER BY command_number",
                    PRESEAL_COMMAND_TYPES);
static_assert(static_cast<int>(CommandState::kVerified) == 5 &&
              static_cast<int>(CommandState::kFailed) == 6);
constexpr Sql kFind("SELECT " PRESEAL_COMMAND_COLUMNS
                    " FROM commands WHERE device_number = :device_number AND actor = :actor"
                    " AND request_id = :request_id AND create_time > :forgotten"
                    " ORDER BY command_number DESC LIMIT 1",
                    PRESEAL_COMMAND_TYPES);

Status ReadCommand(sql::Row& row, Command* command) {
  Columns columns(row, "commands");
  command->command_id = columns.TextId<CommandId>();
  command->device_id = DeviceId::FromNumber(columns->Unsigned());
  command->kind = columns.Enum(CommandKind::kStart, CommandKind::kSignIn);
  command->state = columns.Enum(CommandState::kQueued, CommandState::kFailed);
  command->code = columns->Text();
  command->message = columns->Text();
  command->create_time = columns->Time();
  command->update_time = columns->Time();
  command->actor = columns->Text();
  command->request_id = columns->Text();
  const RunId run_id = columns.TextId<RunId>();
  if (!run_id.empty()) command->run_id = run_id;
  command->seal_step = columns.Enum(SealStep::kNone, SealStep::kArmed);
  command->nonce = columns->Blob();
  command->item_id = columns->Text();
  command->text = columns->Text();
  command->by = std::chrono::milliseconds(columns->Integer());
  return columns.status();
}

StatusOr<std::vector<Command>> QueryCommands(sql::Connection& connection, const Sql& sql,
                                             sql::Params params) {
  std::vector<Command> commands;
  RETURN_IF_ERROR(connection.Query(sql, params, [&commands](sql::Row& row) {
    return ReadCommand(row, &commands.emplace_back());
  }));
  return commands;
}

StatusOr<Command> TheOne(StatusOr<std::vector<Command>> commands) {
  if (!commands.ok()) return commands.status();
  if (commands->empty()) return NotFound("no such command");
  return std::move(commands->front());
}

}  // namespace

Status CommandRows::InsertCommand(const Command& c) {
  const std::string_view run_id = c.run_id ? std::string_view(c.run_id->text()) : "";
  return ExpectInserted(
      connection_.Execute(kInsert, {c.command_id.text(), c.device_id.number(), c.kind, c.state,
                                    c.code, c.message, c.create_time, c.update_time, c.actor,
                                    sql::Param::OrNull(c.request_id), sql::Param::OrNull(run_id),
                                    c.seal_step, c.nonce, c.item_id, c.text, c.by.count()}),
      "command id");
}

StatusOr<Command> CommandRows::GetCommand(const CommandId& id) {
  return TheOne(QueryCommands(connection_, kGet, {id.text()}));
}

Status CommandRows::UpdateCommand(const Command& c) {
  return ExpectOneRow(connection_.Execute(kUpdate, {c.state, c.code, c.message, c.update_time,
                                                    c.seal_step, c.command_id.text()}),
                      "command " + c.command_id.text());
}

StatusOr<std::vector<Command>> CommandRows::OpenCommands(const DeviceId& device) {
  return QueryCommands(connection_, kOpen, {device.number()});
}

StatusOr<Command> CommandRows::FindCommand(const DeviceId& device, std::string_view actor,
                                           std::string_view request_id, WallTime now) {
  return TheOne(QueryCommands(connection_, kFind,
                              {device.number(), actor, request_id, now - kRequestIdLife}));
}

}  // namespace preseal::server
