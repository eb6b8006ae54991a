// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "preseal/device/v1/device.grpc.pb.h"
#include "server/adapters/grpc/workers.h"
#include "server/service/diagnostics/diagnostics_office.h"
#include "server/service/identity/revocation_map.h"

namespace preseal::server {

// Metadata of Upload: the device's time, milliseconds since 1970, in decimal digits. How far its
// clock is off shows nowhere else: nothing that counts is ever decided by a device's clock.
inline constexpr char kDeviceTimeMetadata[] = "preseal-device-time-ms";

// preseal.device.v1.DiagnosticsService; what it does is said in the proto. Thread-safe.
class DiagnosticsService final : public device::v1::DiagnosticsService::CallbackService {
 public:
  DiagnosticsService(DiagnosticsOffice& office, RevocationMap& revocations, Workers& workers)
      : office_(office), revocations_(revocations), workers_(workers) {}

  grpc::ServerUnaryReactor* GetUpload(grpc::CallbackServerContext* context,
                                      const device::v1::GetUploadRequest* request,
                                      device::v1::GetUploadResponse* response) override;
  grpc::ServerReadReactor<device::v1::UploadRequest>* Upload(
      grpc::CallbackServerContext* context, device::v1::UploadResponse* response) override;

 private:
  DiagnosticsOffice& office_;
  RevocationMap& revocations_;
  Workers& workers_;
};

}  // namespace preseal::server
