// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/run_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/limits.h"
#include "server/service/flow/action_facts.h"
#include "server/service/flow/run_progress.h"

namespace preseal::server {
namespace {

StatusOr<Item> ItemOfRun(Tx& tx, const Device& device, std::string_view item_id) {
  ASSIGN_OR_RETURN(auto items, tx.runs.Items(device.id, device.attempt));
  for (Item& item : items) {
    if (item.item_id.text() == item_id) return std::move(item);
  }
  return InvalidArgument(fmt::format("the present run has no item \"{}\"", item_id));
}

Status CheckExtension(std::chrono::milliseconds by) {
  if (by >= std::chrono::minutes(1) && by <= kStepTimeoutMax) return OkStatus();
  return InvalidArgument(
      fmt::format("a deadline is extended by 1 to {} minutes",
                  std::chrono::duration_cast<std::chrono::minutes>(kStepTimeoutMax).count()));
}

}  // namespace

StatusOr<Run> RunCommands::RunFor(Tx& tx, const Device& device, const Actor& actor,
                                  DeviceAction action) {
  RETURN_IF_ERROR(RequireAction(tx, device, profiles_, actor, action));
  return tx.runs.GetRun(RunId::Of(device.id, device.attempt));
}

StatusOr<Command> RunCommands::NewFor(const Actor& actor, CommandKind kind, const Device& device,
                                      const Run& run, std::string_view item_id,
                                      std::string_view text) const {
  ASSIGN_OR_RETURN(Command command, desk_.New(actor.name, kind, device));
  command.run_id = run.run_id;
  command.item_id = std::string(item_id);
  command.text = std::string(text);
  return command;
}

StatusOr<Command> RunCommands::Hold(const Actor& actor, const DeviceId& id, std::string_view reason,
                                    std::string_view request_id) {
  RETURN_IF_ERROR(CheckReason(reason));
  return desk_.Give(
      actor, id, request_id, "device.hold", [&](Tx& tx, Device* device) -> StatusOr<Command> {
        ASSIGN_OR_RETURN(const Run run, RunFor(tx, *device, actor, DeviceAction::kHold));
        return NewFor(actor, CommandKind::kHold, *device, run, "", reason);
      });
}

StatusOr<Command> RunCommands::Resume(const Actor& actor, const DeviceId& id,
                                      std::string_view request_id) {
  return desk_.Give(
      actor, id, request_id, "device.resume", [&](Tx& tx, Device* device) -> StatusOr<Command> {
        ASSIGN_OR_RETURN(const Run run, RunFor(tx, *device, actor, DeviceAction::kResume));
        return NewFor(actor, CommandKind::kResume, *device, run, "", "");
      });
}

StatusOr<Command> RunCommands::Waive(const Actor& actor, const DeviceId& id,
                                     std::string_view item_id, std::string_view reason,
                                     std::string_view request_id) {
  RETURN_IF_ERROR(CheckReason(reason));
  return desk_.Give(
      actor, id, request_id, "device.waive", [&](Tx& tx, Device* device) -> StatusOr<Command> {
        ASSIGN_OR_RETURN(Run run, RunFor(tx, *device, actor, DeviceAction::kWaive));
        ASSIGN_OR_RETURN(RunProgress progress, RunProgress::Load(tx, run));
        const WallTime now = clock_.Now();
        RETURN_IF_ERROR(progress.Waive(
            item_id, {.actor = actor.name, .reason = std::string(reason), .time = now}));
        RETURN_IF_ERROR(progress.Finish(tx, now, device, &run));
        RETURN_IF_ERROR(tx.runs.UpdateRun(run));
        return NewFor(actor, CommandKind::kWaive, *device, run, item_id, reason);
      });
}

StatusOr<Command> RunCommands::Answer(const Actor& actor, const DeviceId& id,
                                      std::string_view item_id, std::string_view answer,
                                      std::string_view request_id) {
  return desk_.Give(
      actor, id, request_id, "device.answer", [&](Tx& tx, Device* device) -> StatusOr<Command> {
        ASSIGN_OR_RETURN(const Run run, RunFor(tx, *device, actor, DeviceAction::kAnswer));
        ASSIGN_OR_RETURN(const Item item, ItemOfRun(tx, *device, item_id));
        if (!item.wait || item.wait->kind != Wait::Kind::kPrompt) {
          return FailedPrecondition(fmt::format("{} asks nothing now", item.display_name));
        }
        ASSIGN_OR_RETURN(const PromptRules rules, prompts_.Find(run.plan, item_id));
        RETURN_IF_ERROR(CheckAnswer(rules, answer));
        return NewFor(actor, CommandKind::kAnswerPrompt, *device, run, item_id, answer);
      });
}

StatusOr<Command> RunCommands::Extend(const Actor& actor, const DeviceId& id,
                                      std::string_view item_id, std::chrono::milliseconds by,
                                      std::string_view request_id) {
  RETURN_IF_ERROR(CheckExtension(by));
  return desk_.Give(
      actor, id, request_id, "device.extend", [&](Tx& tx, Device* device) -> StatusOr<Command> {
        ASSIGN_OR_RETURN(Run run, RunFor(tx, *device, actor, DeviceAction::kExtend));
        if (!item_id.empty()) {
          ASSIGN_OR_RETURN(const Item item, ItemOfRun(tx, *device, item_id));
          if (IsSettled(item)) {
            return FailedPrecondition(fmt::format("{} is settled already", item.display_name));
          }
        } else if (run.limit.count() != 0) {
          run.limit += by;
          RETURN_IF_ERROR(tx.runs.UpdateRun(run));
        }
        ASSIGN_OR_RETURN(Command command,
                         NewFor(actor, CommandKind::kExtend, *device, run, item_id, ""));
        command.by = by;
        return command;
      });
}

// Nothing the run left open may reach the device or the record any more.
Status RunCommands::GiveUpRun(Tx& tx, Device* device) {
  const WallTime now = clock_.Now();
  RETURN_IF_ERROR(FailOpenCommands(tx, device->id, "RESET", "The device was reset.", now));
  auto run = tx.runs.GetRun(RunId::Of(device->id, device->attempt));
  if (run.status().code() == StatusCode::kNotFound) return OkStatus();
  RETURN_IF_ERROR(run.status());
  AbandonRun(now, &*run);
  return tx.runs.UpdateRun(*run);
}

StatusOr<Command> RunCommands::Reset(const Actor& actor, const DeviceId& id,
                                     std::string_view reason, std::string_view request_id) {
  if (actor.kind != ActionActor::kDevice) RETURN_IF_ERROR(CheckReason(reason));
  return desk_.Give(
      actor, id, request_id, "device.reset", [&](Tx& tx, Device* device) -> StatusOr<Command> {
        RETURN_IF_ERROR(RequireAction(tx, *device, profiles_, actor, DeviceAction::kReset));
        RETURN_IF_ERROR(GiveUpRun(tx, device));
        RETURN_IF_ERROR(Advance(LifecycleEvent::kReset, clock_.Now(), device));
        ASSIGN_OR_RETURN(const auto preparation, tx.runs.Items(device->id, 0));
        SetProgress(preparation, device);
        device->flow = Flow::kTechnician;
        device->held = false;
        device->wait.reset();
        device->run_start_time.reset();
        device->run_end_time.reset();
        ASSIGN_OR_RETURN(Command command, desk_.New(actor.name, CommandKind::kReset, *device));
        if (device->attempt != 0) command.run_id = RunId::Of(device->id, device->attempt);
        command.text = std::string(reason);
        return command;
      });
}

StatusOr<Command> RunCommands::ForDevice(Tx& tx, const Actor& actor, CommandKind kind,
                                         DeviceAction action, Device* device) {
  RETURN_IF_ERROR(RequireAction(tx, *device, profiles_, actor, action));
  ASSIGN_OR_RETURN(Command command, desk_.New(actor.name, kind, *device));
  if (device->attempt != 0) command.run_id = RunId::Of(device->id, device->attempt);
  return command;
}

StatusOr<Command> RunCommands::CollectDiagnostics(const Actor& actor, const DeviceId& id,
                                                  std::string_view request_id) {
  return desk_.Give(actor, id, request_id, "device.diagnostics", [&](Tx& tx, Device* device) {
    return ForDevice(tx, actor, CommandKind::kDiagnostics, DeviceAction::kDiagnostics, device);
  });
}

StatusOr<Command> RunCommands::Restart(const Actor& actor, const DeviceId& id,
                                       std::string_view request_id) {
  return desk_.Give(actor, id, request_id, "device.restart", [&](Tx& tx, Device* device) {
    return ForDevice(tx, actor, CommandKind::kRestart, DeviceAction::kRestart, device);
  });
}

StatusOr<Command> RunCommands::Continue(const Actor& actor, const DeviceId& id,
                                        std::string_view request_id) {
  return desk_.Give(
      actor, id, request_id, "device.continue", [&](Tx& tx, Device* device) -> StatusOr<Command> {
        ASSIGN_OR_RETURN(Run run, RunFor(tx, *device, actor, DeviceAction::kContinue));
        // Said here, so that the device's own word that it went on is believed.
        run.continued = true;
        RETURN_IF_ERROR(tx.runs.UpdateRun(run));
        return NewFor(actor, CommandKind::kContinue, *device, run, "", "");
      });
}

StatusOr<Device> RunCommands::Refresh(const Actor& actor, const DeviceId& id) {
  Device device;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(device, tx.devices.Get(id));
    return RequireAction(tx, device, profiles_, actor, DeviceAction::kRefresh);
  }));
  landing_.Push(id);
  return device;
}

}  // namespace preseal::server
