// SPDX-License-Identifier: Apache-2.0
#include "server/service/technician_flow.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "common/base/limits.h"
#include "common/crypto/random.h"
#include "common/log/log.h"

namespace preseal::server {
namespace {

constexpr size_t kCommandIdBytes = 16;

StatusOr<CommandId> NewCommandId() {
  ASSIGN_OR_RETURN(const Bytes random, crypto::RandomBytes(kCommandIdBytes));
  return CommandId::Parse("C-" + ToHex(random));
}

// Names what still holds the seal, by display name.
StatusOr<std::string> OpenItemNames(Tx& tx, const Device& device) {
  ASSIGN_OR_RETURN(const auto items, tx.runs.Items(device.id, device.attempt));
  std::vector<std::string> names;
  for (const Item& item : items) {
    const bool done = item.state == ItemState::kSucceeded || item.state == ItemState::kNotRequired;
    if (item.gating == Gating::kBlocking && !done) {
      names.push_back(fmt::format("{} ({})", item.display_name, NameOf(item.state)));
    }
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

StatusOr<Command> TechnicianFlow::Start(const Principal& actor, const DeviceId& id,
                                        std::string_view request_id) {
  return Request(actor, id, request_id, "device.start", [&](Tx& tx, Device* device) {
    return BeginRun(tx, actor.name, CommandKind::kStart, device);
  });
}

StatusOr<Command> TechnicianFlow::Retry(const Principal& actor, const DeviceId& id,
                                        std::string_view request_id) {
  return Request(
      actor, id, request_id, "device.retry", [&](Tx& tx, Device* device) -> StatusOr<Command> {
        if (device->enrolled) {
          return BeginRun(tx, actor.name, CommandKind::kRetry, device);
        }
        // A refused attestation: the agent tries again by itself, the record now lets it.
        RETURN_IF_ERROR(Advance(LifecycleEvent::kRetry, clock_.Now(), device));
        ASSIGN_OR_RETURN(Command command, NewCommand(actor.name, CommandKind::kRetry, *device));
        command.state = CommandState::kVerified;
        return command;
      });
}

StatusOr<Command> TechnicianFlow::Reseal(const Principal& actor, const DeviceId& id,
                                         std::string_view request_id) {
  return Request(actor, id, request_id, "device.reseal",
                 [&](Tx& tx, Device* device) { return BeginReseal(tx, actor.name, device); });
}

StatusOr<Command> TechnicianFlow::StartIn(Tx& tx, std::string_view actor, Device* device) {
  ASSIGN_OR_RETURN(Command command, BeginRun(tx, actor, CommandKind::kStart, device));
  RETURN_IF_ERROR(tx.commands.InsertCommand(command));
  device->last_command = command.command_id;
  RETURN_IF_ERROR(tx.devices.Put(device));
  RETURN_IF_ERROR(tx.audit.Record({.time = clock_.Now(),
                                   .actor = std::string(actor),
                                   .action = "device.start",
                                   .subject = "devices/" + device->id.text()}));
  return command;
}

StatusOr<Command> TechnicianFlow::Request(const Principal& actor, const DeviceId& id,
                                          std::string_view request_id, std::string_view action_name,
                                          const Action& action) {
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
    ASSIGN_OR_RETURN(command, action(tx, &device));
    command.request_id = std::string(request_id);
    RETURN_IF_ERROR(tx.commands.InsertCommand(command));
    device.last_command = command.command_id;
    RETURN_IF_ERROR(tx.devices.Put(&device));
    return tx.audit.Record({.time = clock_.Now(),
                            .actor = actor.name,
                            .action = std::string(action_name),
                            .subject = "devices/" + id.text(),
                            .detail = command.command_id.text()});
  }));
  log::Info("command", {{"action", action_name},
                        {"device", id.text()},
                        {"command", command.command_id.text()},
                        {"actor", actor.name}});
  dispatcher_.Dispatch(id);
  return command;
}

StatusOr<Command> TechnicianFlow::NewCommand(std::string_view actor, CommandKind kind,
                                             const Device& device) {
  ASSIGN_OR_RETURN(const CommandId id, NewCommandId());
  const WallTime now = clock_.Now();
  return Command{.command_id = id,
                 .device_id = device.id,
                 .kind = kind,
                 .create_time = now,
                 .update_time = now,
                 .actor = std::string(actor)};
}

StatusOr<Command> TechnicianFlow::BeginRun(Tx& tx, std::string_view actor, CommandKind kind,
                                           Device* device) {
  const WallTime now = clock_.Now();
  const auto event = kind == CommandKind::kStart ? LifecycleEvent::kStart : LifecycleEvent::kRetry;
  RETURN_IF_ERROR(Advance(event, now, device));
  if (device->attempt >= kRunsPerDeviceMax) {
    return FailedPrecondition(fmt::format("{} has had {} attempts: retire it or look for the cause",
                                          device->id.text(), device->attempt));
  }
  ASSIGN_OR_RETURN(FrozenPlan frozen, profiles_.FreezeFor(tx, *device, Flow::kTechnician));
  ++device->attempt;
  const Run run{.run_id = RunId::Of(device->id, device->attempt),
                .start_time = now,
                .profile = frozen.profile,
                .profile_digest = frozen.profile_digest,
                .plan = std::move(frozen.plan)};
  RETURN_IF_ERROR(tx.runs.InsertRun(run, frozen.items));
  SetProgress(frozen.items, device);
  device->phase = Phase::kDeviceSetup;
  device->run_start_time = now;
  device->run_end_time.reset();
  ASSIGN_OR_RETURN(Command command, NewCommand(actor, kind, *device));
  command.run_id = run.run_id;
  return command;
}

StatusOr<Command> TechnicianFlow::BeginReseal(Tx& tx, std::string_view actor, Device* device) {
  if (device->quarantined) {
    return FailedPrecondition(fmt::format(
        "{} is in quarantine and cannot be resealed: mend what its attestation found and start it "
        "again",
        device->id.text()));
  }
  if (!device->blocking_satisfied && device->attempt > 0) {
    ASSIGN_OR_RETURN(const std::string open, OpenItemNames(tx, *device));
    return FailedPrecondition(
        fmt::format("{} cannot be resealed, not verified yet: {}", device->id.text(), open));
  }
  RETURN_IF_ERROR(Advance(LifecycleEvent::kReseal, clock_.Now(), device));
  ASSIGN_OR_RETURN(Command command, NewCommand(actor, CommandKind::kReseal, *device));
  command.run_id = RunId::Of(device->id, device->attempt);
  command.seal_step = SealStep::kQuoting;
  ASSIGN_OR_RETURN(command.nonce, crypto::RandomBytes(kNonceBytes));
  return command;
}

}  // namespace preseal::server
