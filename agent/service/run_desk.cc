// SPDX-License-Identifier: Apache-2.0
#include "agent/service/run_desk.h"

#include <utility>

#include "common/base/limits.h"
#include "common/crypto/digest.h"
#include "common/log/log.h"

namespace preseal::agent {
namespace {

// The two halves of a reseal share a command id.
std::string KeyOf(const Order& order) {
  return std::to_string(order.action.index()) + order.command_id;
}

bool IsWholeAcked(const RunLog& log) { return log.acked() + 1 == log.next_sequence(); }

}  // namespace

StatusOr<std::unique_ptr<RunDesk>> RunDesk::Open(DeskPorts ports, DeskSettings settings) {
  std::unique_ptr<RunDesk> desk(new RunDesk(ports, std::move(settings)));
  std::shared_ptr<RunLog> newest;
  for (auto& log : desk->Logs()) newest = log;
  if (newest) RETURN_IF_ERROR(desk->OpenRun(newest->header()));
  RunDesk* self = desk.get();
  desk->worker_ = std::thread([self] { self->Work(); });
  return desk;
}

RunDesk::RunDesk(DeskPorts ports, DeskSettings settings)
    : ports_(ports), settings_(std::move(settings)), run_began_(ports.clock.Steady()) {}

RunDesk::~RunDesk() {
  stop_.request_stop();
  {
    const std::lock_guard lock(mutex_);
    run_stop_.request_stop();
  }
  wake_.notify_all();
  // Not there if Open failed.
  if (worker_.joinable()) worker_.join();
}

void RunDesk::Submit(Order order) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= kOrderQueueMax || !pending_.insert(KeyOf(order)).second) return;
    const auto* start = std::get_if<StartRunOrder>(&order.action);
    // A newer run ends the one that is being executed.
    if (start && current_ && current_->log().header().run_id != start->run_id) {
      run_stop_.request_stop();
    }
    queue_.push_back(std::move(order));
  }
  wake_.notify_all();
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
  if (!current || !IsWholeAcked(current->log())) return std::nullopt;
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

void RunDesk::Work() {
  const std::stop_token stop = stop_.get_token();
  Status status = ContinueOpenRun();
  while (status.ok()) {
    std::optional<Order> order;
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, stop, [this] { return !queue_.empty(); })) return;
      if (stop.stop_requested()) return;
      order = NextOrderLocked();
    }
    status = Execute(*order);
    const std::lock_guard lock(mutex_);
    pending_.erase(KeyOf(*order));
  }
  // Cancelled: stopped while it waited for room in the spool.
  if (status.code() == StatusCode::kCancelled) return;
  log::Error("the run cannot be recorded", {{"error", ToString(status)}});
  {
    const std::lock_guard lock(mutex_);
    failure_ = status;
  }
  ports_.signal.Notify();
}

Order RunDesk::NextOrderLocked() {
  Order order = std::move(queue_.front());
  queue_.pop_front();
  run_stop_ = std::stop_source();
  for (const Order& later : queue_) {
    if (std::holds_alternative<StartRunOrder>(later.action)) run_stop_.request_stop();
  }
  return order;
}

Status RunDesk::ContinueOpenRun() {
  const auto current = Current();
  if (!current || current->log().header().plan.empty()) return OkStatus();
  return ContinueRun(/*ordered=*/false);
}

Status RunDesk::Execute(const Order& order) {
  return std::visit(
      [this, &order](const auto& action) { return ExecuteAction(order.command_id, action); },
      order.action);
}

Status RunDesk::ExecuteAction(const std::string& command_id, const StartRunOrder& order) {
  const auto current = Current();
  if (current && order.run_id.attempt() < current->log().header().run_id.attempt()) {
    return RefuseOldRun(command_id, order);
  }
  RETURN_IF_ERROR(OpenRun({order.run_id, command_id, order.plan}));
  return ContinueRun(/*ordered=*/true);
}

Status RunDesk::ExecuteAction(const std::string& command_id, const SealQuoteOrder& order) {
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

Status RunDesk::ExecuteAction(const std::string& command_id, const SealOrder& order) {
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

Status RunDesk::Accept(const std::string& command_id) {
  if (Current()->State().CommandStateOf(command_id)) return OkStatus();
  return RecordCommand(command_id, CommandState::kAccepted);
}

Status RunDesk::RecordCommand(const std::string& command_id, CommandState state,
                              std::optional<ItemCode> code, std::string_view message) {
  return Record(CommandChanged{command_id, state, code ? std::string(NameOf(*code)) : "",
                               EscapeForLog(message, kItemMessageBytesMax)});
}

Status RunDesk::Record(const EventBody& body) {
  return Current()->Record(body, 0, stop_.get_token());
}

}  // namespace preseal::agent
