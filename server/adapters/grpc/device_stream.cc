// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/device_stream.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "common/base/limits.h"
#include "common/grpcutil/status.h"
#include "common/log/log.h"
#include "server/adapters/grpc/convert.h"
#include "server/adapters/grpc/device_answers.h"
#include "server/adapters/grpc/orders.h"

namespace preseal::server {

namespace dv1 = device::v1;

DeviceStream::DeviceStream(DeviceCaller caller, DeviceSessions& sessions, Workers& workers,
                           const Clock& clock, std::string qr_prefix)
    : caller_(std::move(caller)),
      sessions_(sessions),
      workers_(workers),
      clock_(clock),
      qr_prefix_(std::move(qr_prefix)) {}

grpc::ServerBidiReactor<dv1::AgentMessage, dv1::ServerMessage>* DeviceStream::Start(
    StatusOr<DeviceCaller> caller, DeviceSessions& sessions, Workers& workers, const Clock& clock,
    std::string qr_prefix) {
  auto stream = std::shared_ptr<DeviceStream>(
      new DeviceStream(caller.ok() ? *std::move(caller) : DeviceCaller(), sessions, workers, clock,
                       std::move(qr_prefix)));
  stream->self_ = stream;
  if (!caller.ok()) {
    stream->End(caller.status());
  } else {
    stream->StartRead(&stream->incoming_);
  }
  return stream.get();
}

void DeviceStream::OnReadDone(bool ok) {
  if (!ok) return End(OkStatus());
  OnMessage();
}

void DeviceStream::OnMessage() {
  if (!greeted_) {
    if (incoming_.message_case() != dv1::AgentMessage::kHello) {
      return End(InvalidArgument("the first message must be Hello"));
    }
    greeted_ = true;
    return OnHello();
  }
  if (const Status trusted = sessions_.CheckNotRevoked(caller_.certificate_sha256); !trusted.ok()) {
    return End(trusted);
  }
  switch (incoming_.message_case()) {
    case dv1::AgentMessage::kEvents:
      return OnEvents();
    case dv1::AgentMessage::kHeartbeat:
      sessions_.Heartbeat(caller_.device_id);
      return ReadNext();
    case dv1::AgentMessage::kRenewal:
      return OnRenewal();
    case dv1::AgentMessage::kGoodbye:
      goodbye_ = true;
      return End(OkStatus());
    case dv1::AgentMessage::kTokenRequest:
    case dv1::AgentMessage::kTokenRelease:
      return OnTokenMessage();
    case dv1::AgentMessage::kAction:
      return OnAction();
    case dv1::AgentMessage::kSignIn:
      return OnSignIn();
    case dv1::AgentMessage::kHello:
      return End(InvalidArgument("Hello came twice"));
    case dv1::AgentMessage::MESSAGE_NOT_SET:
      return End(InvalidArgument("message without a kind this server knows"));
  }
}

void DeviceStream::OnHello() {
  const dv1::Hello& hello = incoming_.hello();
  HelloFacts facts{
      .device_id = caller_.device_id,
      .certificate_sha256 = caller_.certificate_sha256,
      .agent_version = hello.agent_version(),
      .boot_id = hello.boot_id(),
      .flow = hello.flow() == progress::v1::FLOW_USER ? Flow::kUser : Flow::kTechnician};
  if (hello.agent_version().size() > kNameBytesMax || hello.boot_id().size() > kNameBytesMax) {
    return End(
        InvalidArgument(fmt::format("a field of Hello is longer than {} bytes", kNameBytesMax)));
  }
  if (!hello.run_id().empty()) {
    auto run = RunId::Parse(hello.run_id());
    if (!run.ok()) return End(run.status());
    facts.run_id = *run;
  }
  const bool taken =
      workers_.Post([stream = self_, facts = std::move(facts)] { stream->Greet(facts); });
  if (!taken) End(Unavailable("the server is busy or draining"));
}

void DeviceStream::Greet(const HelloFacts& hello) {
  const auto welcome = sessions_.Hello(hello);
  if (!welcome.ok()) {
    log::Warning("device refused",
                 {{"device", caller_.device_id.text()}, {"error", ToString(welcome.status())}});
    return End(welcome.status());
  }
  {
    const std::lock_guard lock(mutex_);
    if (finished_ || end_reason_) return;
    attached_ = true;
    FillWelcome(*welcome, outbox_.emplace_back().mutable_welcome());
    WriteNextLocked();
  }
  // The Welcome is in the outbox before any order can follow it.
  const Status begun = sessions_.Begin(caller_.device_id, caller_.certificate_sha256, self_);
  if (!begun.ok()) return End(begun);
  ReadNext();
}

void DeviceStream::ReadNext() {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  if (unacked_batches_ >= kUnackedBatchesMax) {
    reading_paused_ = true;  // Ack goes on
  } else {
    StartRead(&incoming_);
  }
}

void DeviceStream::FillWelcome(const WelcomeFacts& facts, dv1::Welcome* out) const {
  out->set_device_id(caller_.device_id.text());
  SetTime(clock_.Now(), out->mutable_server_time());
  out->mutable_heartbeat_interval()->set_seconds(
      std::chrono::duration_cast<std::chrono::seconds>(kHeartbeatInterval).count());
  out->set_acked_sequence(facts.acked_sequence);
  ToProto(facts.landing, caller_.device_id, qr_prefix_, out->mutable_landing());
}

void DeviceStream::OnEvents() {
  const dv1::EventBatch& batch = incoming_.events();
  if (batch.events_size() == 0 || batch.events_size() > static_cast<int>(kEventBatchMax)) {
    return End(InvalidArgument(fmt::format("a batch holds 1 to {} events", kEventBatchMax)));
  }
  const auto run = RunId::Parse(batch.run_id());
  if (!run.ok()) return End(run.status());
  std::vector<Event> events;
  for (const auto& message : batch.events()) {
    auto event = ToDomain(message);
    if (!event.ok()) {
      log::Warning("malformed event",
                   {{"device", caller_.device_id.text()}, {"error", ToString(event.status())}});
      return End(event.status());
    }
    events.push_back(*std::move(event));
  }
  {
    const std::lock_guard lock(mutex_);
    ++unacked_batches_;
  }
  sessions_.Receive(caller_.device_id, *run, std::move(events), self_);
  ReadNext();
}

void DeviceStream::OnRenewal() {
  auto statement = ToDomain(incoming_.renewal());
  if (!statement.ok()) return End(statement.status());
  const bool taken = workers_.Post([stream = self_, statement = *std::move(statement)] {
    stream->sessions_.Renew(stream->caller_.device_id, statement, stream.get());
    stream->ReadNext();
  });
  // The office asks again later.
  if (!taken) ReadNext();
}

void DeviceStream::OnTokenMessage() {
  const bool release = incoming_.has_token_release();
  const auto& token =
      release ? incoming_.token_release().token() : incoming_.token_request().token();
  const auto& item =
      release ? incoming_.token_release().item_id() : incoming_.token_request().item_id();
  if (const Status fits = CheckTokenMessage(token, item); !fits.ok()) return End(fits);
  if (release) {
    sessions_.ReleaseToken(caller_.device_id, token, item);
  } else {
    sessions_.AskToken(caller_.device_id, token, item);
  }
  ReadNext();
}

void DeviceStream::OnAction() {
  auto ask = ToDomain(incoming_.action());
  if (!ask.ok()) return End(ask.status());
  const bool taken = workers_.Post([stream = self_, ask = *std::move(ask)] {
    stream->sessions_.Act(stream->caller_.device_id, ask.request_id, ask.action, stream.get());
    stream->ReadNext();
  });
  if (!taken) End(Unavailable("the server is busy or draining"));
}

void DeviceStream::OnSignIn() {
  auto ask = ToDomain(incoming_.sign_in());
  if (!ask.ok()) return End(ask.status());
  const bool taken = workers_.Post([stream = self_, ask = *std::move(ask)] {
    stream->sessions_.SignIn(stream->caller_.device_id, ask, stream.get());
    stream->ReadNext();
  });
  if (!taken) End(Unavailable("the server is busy or draining"));
}

bool DeviceStream::Tell(const DeviceAnswer& answer) {
  const std::lock_guard lock(mutex_);
  if (finished_ || end_reason_ || outbox_.size() >= kSessionOutboxMax) return false;
  ToProto(answer, caller_.device_id, qr_prefix_, &outbox_.emplace_back());
  WriteNextLocked();
  return true;
}

bool DeviceStream::SendRenewal(const RenewalMessage& message) {
  const std::lock_guard lock(mutex_);
  if (finished_ || end_reason_ || outbox_.size() >= kSessionOutboxMax) return false;
  ToProto(message, &outbox_.emplace_back());
  WriteNextLocked();
  return true;
}

SendResult DeviceStream::Send(const DeviceOrder& order) {
  const std::lock_guard lock(mutex_);
  if (finished_ || end_reason_ || outbox_.size() >= kSessionOutboxMax) return SendResult::kLater;
  if (!ToProto(order, outbox_.emplace_back().mutable_command())) {
    outbox_.pop_back();
    return SendResult::kUnreadable;
  }
  WriteNextLocked();
  return SendResult::kQueued;
}

void DeviceStream::Ack(const RunId& run_id, uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  acks_[run_id] = std::max(acks_[run_id], sequence);
  --unacked_batches_;
  WriteNextLocked();
  if (reading_paused_ && unacked_batches_ < kUnackedBatchesMax) {
    reading_paused_ = false;
    StartRead(&incoming_);
  }
}

void DeviceStream::WriteNextLocked() {
  if (writing_ || finished_) return;
  if (!outbox_.empty()) {
    outgoing_ = std::move(outbox_.front());
    outbox_.pop_front();
  } else if (!acks_.empty()) {
    const auto first = acks_.begin();
    outgoing_.Clear();
    outgoing_.mutable_ack()->set_run_id(first->first.text());
    outgoing_.mutable_ack()->set_sequence(first->second);
    acks_.erase(first);
  } else {
    if (end_reason_) FinishLocked();
    return;
  }
  writing_ = true;
  StartWrite(&outgoing_);
}

void DeviceStream::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  writing_ = false;
  if (!ok && !end_reason_) end_reason_ = Cancelled("the device is gone");
  if (!ok) return FinishLocked();
  WriteNextLocked();
}

void DeviceStream::End(const Status& reason) {
  const std::lock_guard lock(mutex_);
  if (!end_reason_) end_reason_ = reason;
  if (reason.code() == StatusCode::kPermissionDenied) {
    // Nothing more for a device that lost its right to hear it, and no waiting until it reads.
    outbox_.clear();
    acks_.clear();
  }
  if (!writing_) WriteNextLocked();  // what is queued goes out first
}

void DeviceStream::FinishLocked() {
  if (std::exchange(finished_, true)) return;
  Finish(grpcutil::ToGrpc(*end_reason_));
}

void DeviceStream::OnCancel() {
  const std::lock_guard lock(mutex_);
  if (!end_reason_) end_reason_ = Cancelled("the device is gone");
  outbox_.clear();
  acks_.clear();
  if (!writing_) FinishLocked();
}

void DeviceStream::OnDone() {
  const auto last = std::move(self_);
  if (attached_) sessions_.Ended(caller_.device_id, this, goodbye_);
}

}  // namespace preseal::server
