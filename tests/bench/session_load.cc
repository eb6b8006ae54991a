// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/session_load.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <array>
#include <condition_variable>
#include <mutex>

#include "common/base/limits.h"
#include "common/grpcutil/status.h"
#include "preseal/device/v1/device.grpc.pb.h"

namespace preseal::bench {

namespace dv1 = device::v1;
namespace pv1 = progress::v1;
using SteadyTime = std::chrono::steady_clock::time_point;

namespace {

constexpr auto kPatience = std::chrono::seconds(120);  // for a busy machine
constexpr size_t kHandshakesAtOnce = 16;  // a listener's backlog and a client's patience are finite

std::shared_ptr<grpc::Channel> ChannelOf(const std::string& endpoint,
                                         const std::string& server_ca_pem,
                                         const LoadDevice& device) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(
      endpoint, grpc::SslCredentials({server_ca_pem, device.key_pem, device.certificate_pem}),
      arguments);
}

constexpr int kEventKinds = 4;

// What agents send most: lines of output, and every fourth event an item's progress.
void FillEvent(int index, pv1::Event* event) {
  const std::string item = ItemAt(index / kEventKinds % kItems).text();
  if (index % kEventKinds == 0) {
    auto* change = event->mutable_item_changed();
    change->set_item_id(item);
    change->set_state(pv1::ITEM_STATE_IN_PROGRESS);
    change->set_percent(static_cast<uint32_t>(index % 100));
  } else {
    event->mutable_log_line()->set_item_id(item);
    event->mutable_log_line()->set_text("unpacking preseal-agent_0.1.0_amd64.deb into /target");
  }
  event->mutable_device_time()->set_seconds(1'790'000'000 + index);
}

}  // namespace

class LoadStream final : public grpc::ClientBidiReactor<dv1::AgentMessage, dv1::ServerMessage> {
 public:
  LoadStream(std::shared_ptr<grpc::Channel> channel, const DeviceId& device)
      : stub_(dv1::DeviceSessionService::NewStub(channel)), run_id_(RunId::Of(device, 1).text()) {
    hello_.mutable_hello()->set_agent_version("bench");
    hello_.mutable_hello()->set_boot_id("bench");
    hello_.mutable_hello()->set_run_id(run_id_);
    stub_->async()->Connect(&context_, this);
    AddHold();
    StartWrite(&hello_);
    StartRead(&incoming_);
    StartCall();
  }

  // Ends the stream and waits for its end.
  ~LoadStream() override {
    context_.TryCancel();
    RemoveHold();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
  }

  Status AwaitWelcome() {
    return Await([this] { return welcomed_; });
  }

  void Begin(int batch, SteadyTime deadline) {
    const std::lock_guard lock(mutex_);
    deadline_ = deadline;
    first_ = sent_;
    batch_ = static_cast<uint64_t>(batch);
    int index = 0;
    for (auto& message : turns_) {
      message.Clear();
      message.mutable_events()->set_run_id(run_id_);
      for (int i = 0; i < batch; ++i) FillEvent(index++, message.mutable_events()->add_events());
    }
    sending_ = true;
    SendNextLocked();
  }

  // How many events were acked since Begin.
  StatusOr<uint64_t> AwaitAcks() {
    RETURN_IF_ERROR(Await([this] { return !sending_ && acked_ == sent_; }));
    const std::lock_guard lock(mutex_);
    return acked_ - first_;
  }

 private:
  template <typename Predicate>
  Status Await(Predicate reached) {
    std::unique_lock lock(mutex_);
    const bool in_time = changed_.wait_for(lock, kPatience, [&] { return done_ || reached(); });
    if (done_) return WithContext(grpcutil::FromGrpc(end_), "stream ended");
    return in_time ? OkStatus() : DeadlineExceeded("the server answers nothing");
  }

  void OnReadDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    if (!ok) return;
    if (incoming_.has_welcome()) welcomed_ = true;
    if (incoming_.has_ack()) acked_ = incoming_.ack().sequence();
    StartRead(&incoming_);
    SendNextLocked();
    if (!sending_) changed_.notify_all();
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    if (ok) SendNextLocked();
    if (!sending_) changed_.notify_all();
  }

  void OnDone(const grpc::Status& status) override {
    const std::lock_guard lock(mutex_);
    done_ = true;
    end_ = status;
    changed_.notify_all();
  }

  void SendNextLocked() {
    if (!sending_ || writing_) return;
    if (std::chrono::steady_clock::now() >= deadline_) {
      sending_ = false;
      return;
    }
    if (sent_ - acked_ >= batch_ * kUnackedBatchesMax) return;
    dv1::AgentMessage& next = turns_[turn_++ % turns_.size()];
    for (auto& event : *next.mutable_events()->mutable_events()) event.set_sequence(++sent_);
    writing_ = true;
    StartWrite(&next);
  }

  const std::unique_ptr<dv1::DeviceSessionService::Stub> stub_;
  const std::string run_id_;
  grpc::ClientContext context_;
  std::mutex mutex_;
  std::condition_variable changed_;
  dv1::AgentMessage hello_;
  std::array<dv1::AgentMessage, kEventKinds> turns_;  // so that batches of one differ as well
  size_t turn_ = 0;
  dv1::ServerMessage incoming_;
  SteadyTime deadline_;
  uint64_t batch_ = 1;
  uint64_t first_ = 0;
  uint64_t sent_ = 0;
  uint64_t acked_ = 0;
  bool welcomed_ = false;
  bool sending_ = false;
  bool writing_ = true;  // the Hello
  bool done_ = false;
  grpc::Status end_;
};

StatusOr<std::unique_ptr<SessionLoad>> SessionLoad::Connect(
    const std::string& endpoint, const std::string& server_ca_pem,
    const std::vector<LoadDevice>& devices) {
  auto load = std::unique_ptr<SessionLoad>(new SessionLoad());
  for (const LoadDevice& device : devices) {
    load->streams_.push_back(
        std::make_unique<LoadStream>(ChannelOf(endpoint, server_ca_pem, device), device.id));
    const size_t count = load->streams_.size();
    if (count <= kHandshakesAtOnce) continue;
    RETURN_IF_ERROR(load->streams_[count - 1 - kHandshakesAtOnce]->AwaitWelcome());
  }
  for (const auto& stream : load->streams_) RETURN_IF_ERROR(stream->AwaitWelcome());
  return load;
}

SessionLoad::~SessionLoad() = default;

StatusOr<LoadResult> SessionLoad::Run(const LoadPlan& plan) {
  LoadResult result;
  const SteadyTime start = std::chrono::steady_clock::now();
  for (const auto& stream : streams_) stream->Begin(plan.batch, start + plan.time);
  for (const auto& stream : streams_) {
    ASSIGN_OR_RETURN(const uint64_t events, stream->AwaitAcks());
    result.events += events;
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace preseal::bench
