// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/adapters/grpc/device_channel.h"
#include "agent/service/diagnostics/bundle_ports.h"

namespace preseal::agent {

// BundleUpload over DiagnosticsService. The server is asked each time how much it has, so nothing
// about an upload is kept here. Tells the device's time beside it, as metadata
// "preseal-device-time-ms". Thread-safe.
class DiagnosticsClient final : public BundleUpload {
 public:
  explicit DiagnosticsClient(DeviceChannel& channel) : channel_(channel) {}

  Status Send(const std::string& path, const BundleSubject& subject,
              std::chrono::milliseconds limit, std::stop_token stop) override;

 private:
  DeviceChannel& channel_;
};

}  // namespace preseal::agent
