// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "preseal/device/v1/device.grpc.pb.h"
#include "server/adapters/grpc/workers.h"
#include "server/service/device_sessions.h"
#include "server/service/identity/revocation_map.h"
#include "server/service/profile/artifact_store.h"

namespace preseal::server {

// preseal.device.v1.DeviceSessionService; what it does is said in the proto. Thread-safe.
class DeviceSessionService final : public device::v1::DeviceSessionService::CallbackService {
 public:
  // `qr_prefix` and a device id make the address of its page.
  DeviceSessionService(DeviceSessions& sessions, Workers& workers, const Clock& clock,
                       std::string qr_prefix)
      : sessions_(sessions), workers_(workers), clock_(clock), qr_prefix_(std::move(qr_prefix)) {}

  grpc::ServerBidiReactor<device::v1::AgentMessage, device::v1::ServerMessage>* Connect(
      grpc::CallbackServerContext* context) override;

 private:
  DeviceSessions& sessions_;
  Workers& workers_;
  const Clock& clock_;
  const std::string qr_prefix_;
};

// preseal.device.v1.ArtifactService. Thread-safe.
class ArtifactService final : public device::v1::ArtifactService::CallbackService {
 public:
  ArtifactService(const ArtifactStore& artifacts, RevocationMap& revocations, Workers& workers)
      : artifacts_(artifacts), revocations_(revocations), workers_(workers) {}

  grpc::ServerWriteReactor<device::v1::FetchResponse>* Fetch(
      grpc::CallbackServerContext* context, const device::v1::FetchRequest* request) override;

 private:
  const ArtifactStore& artifacts_;
  RevocationMap& revocations_;
  Workers& workers_;
};

}  // namespace preseal::server
