// SPDX-License-Identifier: Apache-2.0
#include "server/service/dispatcher.h"

#include <utility>

#include "common/log/log.h"

namespace preseal::server {
namespace {

// What `command` asks of its device now; nothing if it waits for something else.
StatusOr<std::optional<DeviceOrder>> OrderFor(Tx& tx, const Command& command) {
  if (!command.run_id) return std::optional<DeviceOrder>();
  if (command.kind != CommandKind::kReseal) {
    if (command.state >= CommandState::kDone) return std::optional<DeviceOrder>();
    ASSIGN_OR_RETURN(Run run, tx.runs.GetRun(*command.run_id));
    return std::optional(
        DeviceOrder{command.command_id, StartRunOrder{run.run_id, std::move(run.plan)}});
  }
  switch (command.seal_step) {
    case SealStep::kQuoting:
      return std::optional(DeviceOrder{
          command.command_id, SealQuoteOrder{*command.run_id, command.nonce, QuotedPcrs()}});
    case SealStep::kGranted: {
      ASSIGN_OR_RETURN(std::string jws, tx.evidence.BirthCertificate(command.device_id));
      return std::optional(
          DeviceOrder{command.command_id, SealOrder{*command.run_id, std::move(jws)}});
    }
    case SealStep::kNone:
    case SealStep::kArmed:
      return std::optional<DeviceOrder>();
  }
  return Internal("seal step out of range");
}

}  // namespace

// Every bank that may be live: a TPM signs which are, so a bank that somebody filled behind the
// firmware's back cannot hide. PCR 0-9 and 14: what runs before and as the agent's own system.
tpmwire::PcrSelections QuotedPcrs() {
  tpmwire::PcrSelections selections;
  for (const auto bank :
       {tpmwire::HashAlg::kSha1, tpmwire::HashAlg::kSha256, tpmwire::HashAlg::kSha384}) {
    selections.push_back(tpmwire::SelectPcrs(bank, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14}));
  }
  return selections;
}

StatusOr<std::vector<DeviceOrder>> Dispatcher::OpenOrders(Tx& tx, const DeviceId& device) {
  std::vector<DeviceOrder> orders;
  ASSIGN_OR_RETURN(const auto commands, tx.commands.OpenCommands(device));
  for (const Command& command : commands) {
    ASSIGN_OR_RETURN(auto order, OrderFor(tx, command));
    if (order) orders.push_back(std::move(*order));
  }
  return orders;
}

void Dispatcher::Dispatch(const DeviceId& device) {
  const auto link = live_.Find(device);
  if (link == nullptr) return;
  std::vector<DeviceOrder> orders;
  const Status read = store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(orders, OpenOrders(tx, device));
    return OkStatus();
  });
  if (!read.ok()) {
    log::Error("cannot read open commands", {{"device", device.text()}, {"error", ToString(read)}});
    return;
  }
  for (const DeviceOrder& order : orders) {
    if (!link->Send(order)) return;
    store_.Write(
        [id = order.command_id, now = clock_.Now()](Tx& tx) -> Status {
          ASSIGN_OR_RETURN(Command command, tx.commands.GetCommand(id));
          if (command.state != CommandState::kQueued) return OkStatus();
          return UpdateCommandAndNotify(tx, std::move(command), CommandState::kDelivered, now);
        },
        [device](const Status& status) {
          if (status.ok()) return;
          log::Error("cannot mark a command delivered",
                     {{"device", device.text()}, {"error", ToString(status)}});
        });
  }
}

Status UpdateCommandAndNotify(Tx& tx, Command command, CommandState state, WallTime now) {
  command.state = state;
  command.update_time = now;
  RETURN_IF_ERROR(tx.commands.UpdateCommand(command));
  ASSIGN_OR_RETURN(Device device, tx.devices.Get(command.device_id));
  return tx.devices.Put(&device);
}

}  // namespace preseal::server
