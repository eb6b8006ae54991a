// SPDX-License-Identifier: Apache-2.0
#include "agent/service/run/run_desk.h"

#include <utility>

#include "common/base/limits.h"
#include "common/crypto/digest.h"
#include "common/log/log.h"

namespace preseal::agent {
namespace {

bool IsLive(const Order& order) {
  return std::holds_alternative<SetHoldOrder>(order.action) ||
         std::holds_alternative<WaiveOrder>(order.action) ||
         std::holds_alternative<AnswerPromptOrder>(order.action) ||
         std::holds_alternative<ExtendDeadlineOrder>(order.action) ||
         std::holds_alternative<RestartOrder>(order.action);
}

}  // namespace

StatusOr<std::unique_ptr<RunDesk>> RunDesk::Open(DeskPorts ports, DeskSettings settings) {
  std::unique_ptr<RunDesk> desk(new RunDesk(ports, std::move(settings)));
  std::shared_ptr<RunLog> newest;
  for (auto& log : desk->Logs()) newest = log;
  if (newest) RETURN_IF_ERROR(desk->OpenRun(newest->header()));
  desk->StartLanes();
  return desk;
}

RunDesk::RunDesk(DeskPorts ports, DeskSettings settings)
    : ports_(ports), settings_(std::move(settings)) {}

RunDesk::~RunDesk() {
  stop_.request_stop();
  {
    const std::lock_guard lock(mutex_);
    run_stop_.request_stop();
  }
  main_.Stop();
  live_.Stop();
  diagnostics_.Stop();
}

void RunDesk::StartLanes() {
  const auto failed = [this](const Status& status) { Fail(status); };
  const auto nothing = [] { return OkStatus(); };
  main_.Start([this] { return ContinueOpenRun(); },
              [this](const Order& order) { return Execute(order); }, failed);
  live_.Start(
      nothing, [this](const Order& order) { return ExecuteLive(order); }, failed);
  diagnostics_.Start(
      nothing, [this](const Order& order) { return ExecuteDiagnostics(order.command_id); }, failed);
}

void RunDesk::Fail(const Status& status) {
  log::Error("the run cannot be recorded", {{"error", ToString(status)}});
  {
    const std::lock_guard lock(mutex_);
    failure_ = status;
  }
  ports_.signal.Notify();
}

void RunDesk::Submit(Order order) {
  if (IsLive(order)) {
    live_.Submit(std::move(order));
  } else if (std::holds_alternative<CollectDiagnosticsOrder>(order.action)) {
    diagnostics_.Submit(std::move(order));
  } else {
    const bool ends_run = EndsCurrentRun(order);
    if (!main_.Submit(std::move(order)) || !ends_run) return;
    const std::lock_guard lock(mutex_);
    run_stop_.request_stop();
  }
}

// A newer run, a reset and a user who goes on all the same do not wait for the run under way.
bool RunDesk::EndsCurrentRun(const Order& order) const {
  if (std::holds_alternative<ResetOrder>(order.action)) return true;
  const auto current = Current();
  if (!current) return false;
  const RunId& run_id = current->log().header().run_id;
  if (const auto* start = std::get_if<StartRunOrder>(&order.action)) {
    return start->run_id.attempt() > run_id.attempt();
  }
  const auto* go_on = std::get_if<ContinueAnywayOrder>(&order.action);
  return go_on != nullptr && go_on->run_id == run_id;
}

Hello RunDesk::MakeHello() const {
  Hello hello{.agent_version = settings_.agent_version, .boot_id = settings_.boot_id};
  if (const auto current = Current()) {
    hello.run_id = current->log().header().run_id.text();
    hello.next_sequence = current->log().next_sequence();
    hello.open_command_ids = current->State().OpenCommands();
  }
  return hello;
}

std::vector<std::shared_ptr<RunLog>> RunDesk::Logs() const {
  std::vector<std::shared_ptr<RunLog>> logs;
  for (auto& log : ports_.store.Runs()) {
    if (log->header().run_id.device().text() == settings_.device_id) logs.push_back(log);
  }
  return logs;
}

void RunDesk::Acked(const RunId& run_id, uint64_t sequence) {
  for (const auto& log : Logs()) {
    if (log->header().run_id != run_id) continue;
    const Status status = log->Acked(sequence);
    if (!status.ok()) log::Warning("cannot free spool space", {{"error", ToString(status)}});
  }
  ports_.signal.Notify();
}

std::optional<std::string> RunDesk::SealedCommand() const {
  const auto current = Current();
  if (!current || !current->log().AckedWhole()) return std::nullopt;
  return current->State().seal_armed();
}

Status RunDesk::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

std::shared_ptr<RunRecorder> RunDesk::Current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

Status RunDesk::Execute(const Order& order) {
  const std::string& id = order.command_id;
  if (const auto* start = std::get_if<StartRunOrder>(&order.action))
    return ExecuteStart(id, *start);
  if (const auto* quote = std::get_if<SealQuoteOrder>(&order.action)) {
    return ExecuteQuote(id, *quote);
  }
  if (const auto* seal = std::get_if<SealOrder>(&order.action)) return ExecuteSeal(id, *seal);
  if (std::holds_alternative<ResetOrder>(order.action)) return ExecuteReset(id);
  return ExecuteContinue(id, std::get<ContinueAnywayOrder>(order.action));
}

Status RunDesk::ExecuteQuote(const std::string& command_id, const SealQuoteOrder& order) {
  RETURN_IF_ERROR(OpenRun({order.run_id, "", {}}));
  if (Current()->State().SealQuotedFor(command_id)) return OkStatus();
  RETURN_IF_ERROR(Accept(command_id));
  ports_.display.ShowActivity("Taking the seal's TPM quote");
  const auto quote = ports_.quoter.QuoteForSeal(order.nonce, order.pcrs);
  if (!quote.ok()) {
    return RecordCommand(command_id, CommandState::kFailed, ItemCode::kSealQuoteFailed,
                         MessageOf(quote.status()));
  }
  return Record(SealQuoted{command_id, quote->attest, quote->signature});
}

Status RunDesk::ExecuteSeal(const std::string& command_id, const SealOrder& order) {
  RETURN_IF_ERROR(OpenRun({order.run_id, "", {}}));
  if (Current()->State().seal_armed() == command_id) return OkStatus();
  RETURN_IF_ERROR(Accept(command_id));
  const Status sealed = SealFor(command_id, order);
  if (!sealed.ok()) {
    return RecordCommand(command_id, CommandState::kFailed, ItemCode::kSealFailed,
                         MessageOf(sealed));
  }
  RETURN_IF_ERROR(RecordCommand(command_id, CommandState::kDone));
  SealArmed armed{.command_id = command_id};
  armed.birth_certificate_sha256 = crypto::Sha256(AsBytes(order.birth_certificate));
  return Record(armed);
}

Status RunDesk::SealFor(const std::string& command_id, const SealOrder& order) {
  ports_.display.ShowActivity("Sealing");
  RETURN_IF_ERROR_CTX(ports_.target.StoreBirthCertificate(order.birth_certificate),
                      "store birth certificate");
  RETURN_IF_ERROR_CTX(ports_.target.ScrubSecrets(), "scrub secrets");
  const FirstBoot first_boot{settings_.device_id, order.run_id.text(), command_id};
  return WithContext(ports_.target.ArmFirstBoot(first_boot), "arm first boot");
}

bool RunDesk::IsDone(const std::string& command_id) const {
  const auto current = Current();
  const auto state = current ? current->State().CommandStateOf(command_id) : std::nullopt;
  return state == CommandState::kDone || state == CommandState::kFailed;
}

Status RunDesk::Accept(const std::string& command_id) {
  const auto current = Current();
  if (!current || current->State().CommandStateOf(command_id)) return OkStatus();
  return RecordCommand(command_id, CommandState::kAccepted);
}

Status RunDesk::RecordCommand(const std::string& command_id, CommandState state,
                              std::optional<ItemCode> code, std::string_view message) {
  return Record(CommandChanged{command_id, state, code ? std::string(NameOf(*code)) : "",
                               EscapeForLog(message, kItemMessageBytesMax)});
}

Status RunDesk::Record(const EventBody& body) {
  const auto current = Current();
  return current ? current->Record(body, stop_.get_token()) : OkStatus();
}

}  // namespace preseal::agent
