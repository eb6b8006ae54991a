// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/dispatcher.h"

#include <utility>

#include "common/log/log.h"

namespace preseal::server {
namespace {

using Order = std::optional<DeviceOrder>;

StatusOr<Order> SealOrderFor(Tx& tx, const Command& command) {
  switch (command.seal_step) {
    case SealStep::kQuoting:
      return Order(DeviceOrder{command.command_id,
                               SealQuoteOrder{*command.run_id, command.nonce, QuotedPcrs()}});
    case SealStep::kGranted: {
      ASSIGN_OR_RETURN(std::string jws, tx.evidence.BirthCertificate(command.device_id));
      return Order(DeviceOrder{command.command_id, SealOrder{*command.run_id, std::move(jws)}});
    }
    case SealStep::kNone:
    case SealStep::kArmed:
      return Order();
  }
  return Internal("seal step out of range");
}

// Orders that a second delivery would carry out a second time go out once.
bool IsOnce(CommandKind kind) {
  return kind == CommandKind::kRestart || kind == CommandKind::kDiagnostics;
}

// Of a command about one run.
StatusOr<Order> RunOrderFor(Tx& tx, const Command& c) {
  if (!c.run_id) return Order();
  const RunId& run = *c.run_id;
  switch (c.kind) {
    case CommandKind::kStart:
    case CommandKind::kRetry:
    case CommandKind::kSignIn: {
      ASSIGN_OR_RETURN(Run record, tx.runs.GetRun(run));
      return Order(DeviceOrder{c.command_id, StartRunOrder{run, std::move(record.plan)}});
    }
    case CommandKind::kReseal:
      return SealOrderFor(tx, c);
    case CommandKind::kHold:
    case CommandKind::kResume:
      return Order(DeviceOrder{c.command_id,
                               SetHoldOrder{run, c.kind == CommandKind::kHold, c.actor, c.text}});
    case CommandKind::kWaive:
      return Order(DeviceOrder{c.command_id, WaiveOrder{run, c.item_id, c.actor, c.text}});
    case CommandKind::kAnswerPrompt:
      return Order(DeviceOrder{c.command_id, AnswerPromptOrder{run, c.item_id, c.text, c.actor}});
    case CommandKind::kExtend:
      return Order(DeviceOrder{c.command_id, ExtendOrder{run, c.item_id, c.by}});
    case CommandKind::kContinue:
      return Order(DeviceOrder{c.command_id, ContinueOrder{run, c.actor}});
    case CommandKind::kDiagnostics:
    case CommandKind::kReset:
    case CommandKind::kRestart:
      break;
  }
  return Order();
}

// What `command` asks of its device now; nothing if it waits for something else.
StatusOr<Order> OrderFor(Tx& tx, const Command& command) {
  if (command.kind != CommandKind::kReseal && command.state >= CommandState::kDone) return Order();
  if (IsOnce(command.kind) && command.state != CommandState::kQueued) return Order();
  if (command.kind == CommandKind::kDiagnostics) {
    return Order(DeviceOrder{command.command_id, DiagnosticsOrder{}});
  }
  if (command.kind == CommandKind::kReset) {
    return Order(DeviceOrder{command.command_id, ResetOrder{}});
  }
  if (command.kind == CommandKind::kRestart) {
    return Order(DeviceOrder{command.command_id, RestartOrder{}});
  }
  return RunOrderFor(tx, command);
}

// What was delivered before stays so: the device goes on with the plan it has.
Status NoteSent(Tx& tx, const CommandId& id, SendResult sent, WallTime now) {
  ASSIGN_OR_RETURN(Command command, tx.commands.GetCommand(id));
  if (command.state != CommandState::kQueued) return OkStatus();
  if (sent == SendResult::kUnreadable) {
    command.code = "PLAN_UNREADABLE";
    command.message = "The plan stored for this run cannot be read: reset the device, start again.";
    return UpdateCommandAndNotify(tx, std::move(command), CommandState::kFailed, now);
  }
  // Without a run there is no journal to tell how it ended.
  const auto state = command.run_id ? CommandState::kDelivered : CommandState::kVerified;
  return UpdateCommandAndNotify(tx, std::move(command), state, now);
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
    const SendResult sent = link->Send(order);
    if (sent == SendResult::kLater) return;
    store_.Write([id = order.command_id, sent,
                  now = clock_.Now()](Tx& tx) { return NoteSent(tx, id, sent, now); },
                 [device](const Status& status) {
                   if (status.ok()) return;
                   log::Error("cannot note what became of a command",
                              {{"device", device.text()}, {"error", ToString(status)}});
                 });
  }
}

void Dispatcher::DispatchAndRefresh(const DeviceId& device) {
  Dispatch(device);
  if (landing_ != nullptr) landing_->Push(device);
}

Status UpdateCommandAndNotify(Tx& tx, Command command, CommandState state, WallTime now) {
  command.state = state;
  command.update_time = now;
  RETURN_IF_ERROR(tx.commands.UpdateCommand(command));
  ASSIGN_OR_RETURN(Device device, tx.devices.Get(command.device_id));
  return tx.devices.Put(&device);
}

}  // namespace preseal::server
