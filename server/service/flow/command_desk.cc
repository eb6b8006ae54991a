// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/command_desk.h"

#include <fmt/format.h>

#include <utility>

#include "common/base/limits.h"
#include "common/crypto/random.h"
#include "common/log/log.h"

namespace preseal::server {
namespace {

constexpr size_t kCommandIdBytes = 16;

// An answer to a prompt may be anything, even a password: the audit log says that it was given.
std::string AuditDetail(const Command& command) {
  std::string detail = command.command_id.text();
  if (!command.item_id.empty()) detail += " " + command.item_id;
  if (command.kind != CommandKind::kAnswerPrompt && !command.text.empty()) {
    detail += ": " + command.text;
  }
  return detail;
}

}  // namespace

Actor::Actor(const Principal& principal)
    : name(principal.name),
      kind(principal.role == Role::kLead || principal.role == Role::kAdmin
               ? ActionActor::kLead
               : ActionActor::kOperator) {}

Actor Actor::AtDevice(const DeviceId& device) {
  Actor actor;
  actor.name = "device " + device.text();
  return actor;
}

StatusOr<Command> CommandDesk::Give(const Actor& actor, const DeviceId& id,
                                    std::string_view request_id, std::string_view action_name,
                                    const Body& body) {
  if (request_id.size() > kRequestIdBytesMax) {
    return InvalidArgument(fmt::format("request_id is longer than {} bytes", kRequestIdBytesMax));
  }
  Command command;
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) -> Status {
    if (!request_id.empty()) {
      auto earlier = tx.commands.FindCommand(id, actor.name, request_id, clock_.Now());
      if (earlier.ok()) {
        command = std::move(*earlier);
        return OkStatus();
      }
      if (earlier.status().code() != StatusCode::kNotFound) return earlier.status();
    }
    ASSIGN_OR_RETURN(Device device, tx.devices.Get(id));
    ASSIGN_OR_RETURN(command, body(tx, &device));
    command.request_id = std::string(request_id);
    return Keep(tx, command, action_name, &device);
  }));
  log::Info("command", {{"action", action_name},
                        {"device", id.text()},
                        {"command", command.command_id.text()},
                        {"actor", actor.name}});
  dispatcher_.DispatchAndRefresh(id);
  return command;
}

Status CommandDesk::Keep(Tx& tx, const Command& command, std::string_view action_name,
                         Device* device) {
  RETURN_IF_ERROR(tx.commands.InsertCommand(command));
  device->last_command = command.command_id;
  RETURN_IF_ERROR(tx.devices.Put(device));
  return tx.audit.Record({.time = clock_.Now(),
                          .actor = command.actor,
                          .action = std::string(action_name),
                          .subject = "devices/" + device->id.text(),
                          .detail = AuditDetail(command)});
}

StatusOr<Command> CommandDesk::New(std::string_view actor, CommandKind kind,
                                   const Device& device) const {
  ASSIGN_OR_RETURN(const Bytes random, crypto::RandomBytes(kCommandIdBytes));
  ASSIGN_OR_RETURN(const CommandId id, CommandId::Parse("C-" + ToHex(random)));
  const WallTime now = clock_.Now();
  return Command{.command_id = id,
                 .device_id = device.id,
                 .kind = kind,
                 .create_time = now,
                 .update_time = now,
                 .actor = std::string(actor)};
}

}  // namespace preseal::server
