// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/watch_devices.h"

#include <memory>
#include <optional>
#include <utility>

#include "common/base/limits.h"
#include "server/adapters/grpc/convert.h"
#include "server/adapters/grpc/device_views.h"
#include "server/adapters/grpc/feed_reactor.h"
#include "server/adapters/grpc/resource_names.h"
#include "server/service/principal.h"

namespace preseal::server {
namespace {

namespace fv1 = fleet::v1;

class DeviceWatch {
 public:
  DeviceWatch(Store& store, Accounts& accounts, const DeviceViews& views, const Clock& clock,
              std::string bearer, fv1::WatchDevicesRequest request)
      : store_(store),
        accounts_(accounts),
        views_(views),
        clock_(clock),
        bearer_(std::move(bearer)),
        request_(std::move(request)),
        cursor_(request_.cursor()) {}

  StatusOr<bool> Next(bool heartbeat, fv1::WatchDevicesResponse* out) {
    if (heartbeat || !authorised_) {
      ASSIGN_OR_RETURN(const Principal principal, accounts_.Resolve(bearer_));
      RETURN_IF_ERROR(Require(principal, Right::kSeeFleet));
      if (!authorised_) RETURN_IF_ERROR(ParseRequest());
      authorised_ = true;
    }
    RETURN_IF_ERROR(store_.Read([&](Tx& tx) { return Read(tx, out); }));
    const bool first_complete = !snapshot_complete_ && out->devices_size() < kWatchBatchMax;
    snapshot_complete_ = snapshot_complete_ || first_complete;
    out->set_cursor(cursor_);
    out->set_snapshot_complete(snapshot_complete_);
    SetTime(clock_.Now(), out->mutable_server_time());
    return out->devices_size() > 0 || first_complete || heartbeat;
  }

 private:
  Status ParseRequest() {
    if (!request_.batch().empty()) {
      ASSIGN_OR_RETURN(filter_.batch, ParseBatchName(request_.batch()));
    }
    if (!request_.device().empty()) {
      ASSIGN_OR_RETURN(device_, ParseDeviceName(request_.device()));
    }
    return OkStatus();
  }

  Status Read(Tx& tx, fv1::WatchDevicesResponse* out) {
    if (device_) {
      ASSIGN_OR_RETURN(const Device device, tx.devices.Get(*device_));
      if (device.revision <= cursor_) return OkStatus();
      cursor_ = device.revision;
      return views_.Fill(tx, device, DeviceDetail::kPage, out->add_devices());
    }
    ASSIGN_OR_RETURN(const auto devices, tx.devices.ChangedSince(cursor_, filter_, kWatchBatchMax));
    for (const Device& device : devices) {
      cursor_ = device.revision;
      RETURN_IF_ERROR(views_.Fill(tx, device, DeviceDetail::kTile, out->add_devices()));
    }
    return OkStatus();
  }

  Store& store_;
  Accounts& accounts_;
  const DeviceViews& views_;
  const Clock& clock_;
  const std::string bearer_;
  const fv1::WatchDevicesRequest request_;
  DeviceFilter filter_;
  std::optional<DeviceId> device_;
  uint64_t cursor_;
  bool authorised_ = false;
  bool snapshot_complete_ = false;
};

}  // namespace

grpc::ServerWriteReactor<fv1::WatchDevicesResponse>* StartWatch(
    Store& store, Accounts& accounts, const DeviceViews& views, ChangeFeed& feed, Workers& workers,
    const Clock& clock, std::string bearer, const fv1::WatchDevicesRequest& request) {
  auto watch =
      std::make_shared<DeviceWatch>(store, accounts, views, clock, std::move(bearer), request);
  return FeedReactor<fv1::WatchDevicesResponse>::Start(
      feed, workers, [watch](bool heartbeat, fv1::WatchDevicesResponse* out) {
        return watch->Next(heartbeat, out);
      });
}

}  // namespace preseal::server
