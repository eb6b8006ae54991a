// SPDX-License-Identifier: Apache-2.0
#include "server/cli/device_watch.h"

#include "preseal/fleet/v1/fleet.grpc.pb.h"
#include "server/cli/stream.h"

namespace preseal::server::cli {

namespace fleet_v1 = ::preseal::fleet::v1;

Status FollowDevices(const Connection& connection, Interrupts& interrupts, const std::string& batch,
                     const std::string& device,
                     const std::function<bool(const fleet_v1::WatchDevicesResponse&)>& on_message,
                     std::optional<std::chrono::steady_clock::time_point> until) {
  fleet_v1::FleetService::Stub stub(connection.channel());
  fleet_v1::WatchDevicesRequest request;
  request.set_batch(batch);
  request.set_device(device);
  const auto open = [&stub, &request](grpc::ClientContext* context) {
    return stub.WatchDevices(context, request);
  };
  const auto remember = [&request, &on_message](const fleet_v1::WatchDevicesResponse& message) {
    // Half a snapshot is no place to go on from.
    if (message.snapshot_complete()) request.set_cursor(message.cursor());
    return on_message(message);
  };
  return ReadStream<fleet_v1::WatchDevicesResponse>(connection, interrupts, open, remember, until);
}

}  // namespace preseal::server::cli
