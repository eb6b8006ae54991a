// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/grpc/join_client.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "agent/domain/back_off.h"
#include "agent/service/change_signal.h"
#include "common/base/limits.h"
#include "common/grpcutil/status.h"
#include "preseal/device/v1/device.grpc.pb.h"

namespace preseal::agent {
namespace {

namespace wire = device::v1;
using std::chrono::steady_clock;

StatusOr<JoinBlob> FetchOnce(DeviceChannel& channel, const wire::FetchJoinRequest& request,
                             steady_clock::time_point deadline, const std::stop_token& stop) {
  grpc::ClientContext context;
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_clock::now());
  context.set_deadline(std::chrono::system_clock::now() + left);
  const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
  wire::FetchJoinResponse response;
  const auto stub = wire::JoinService::NewStub(channel.Current());
  RETURN_IF_ERROR(grpcutil::FromGrpc(stub->FetchJoin(&context, request, &response)));
  if (response.blob().empty() || response.blob().size() > kJoinBlobBytesMax) {
    return DataLoss(fmt::format("the server sent a join blob of {} bytes", response.blob().size()));
  }
  return JoinBlob{response.provider(), response.domain(), Secret(response.blob())};
}

// Whether asking again can help. Aborted: an earlier call of ours is still under way there.
bool IsPassing(const Status& status) {
  switch (status.code()) {
    case StatusCode::kUnavailable:
    case StatusCode::kAborted:
    case StatusCode::kDeadlineExceeded:
    case StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

}  // namespace

// Empty if there is none; the server refuses that.
std::string JoinClient::PresentRun() const {
  std::string newest;
  for (const auto& log : runs_.Runs()) {
    const RunId& run = log->header().run_id;
    if (run.device().text() == device_id_) newest = run.text();
  }
  return newest;
}

StatusOr<JoinBlob> JoinClient::Fetch(const std::string& item_id, std::chrono::milliseconds limit,
                                     const std::function<void(std::string_view)>& on_wait,
                                     std::stop_token stop) {
  const auto deadline = steady_clock::now() + limit;
  wire::FetchJoinRequest request;
  request.set_run_id(PresentRun());
  request.set_item_id(item_id);
  BackOff back_off(kReconnectFirst, kReconnectLongest);
  while (true) {
    auto blob = FetchOnce(channel_, request, deadline, stop);
    if (stop.stop_requested()) return Cancelled("stopped");
    if (blob.ok() || !IsPassing(blob.status())) return blob;
    const std::string why = MessageOf(blob.status());
    if (steady_clock::now() >= deadline) {
      return Unavailable(fmt::format("not answered in time: {}", why));
    }
    on_wait(why);
    if (!PauseUnlessStopped(back_off.Next(0), stop)) return Cancelled("stopped");
  }
}

}  // namespace preseal::agent
