// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "preseal/device/v1/device.grpc.pb.h"
#include "server/adapters/grpc/workers.h"
#include "server/service/identity/revocation_map.h"
#include "server/service/join/join_desk.h"

namespace preseal::server {

// preseal.device.v1.JoinService; what it does is said in the proto. Thread-safe.
class JoinService final : public device::v1::JoinService::CallbackService {
 public:
  // `workers` should serve nothing else: a call may wait for a directory for
  // kJoinProvisionWithin.
  JoinService(JoinDesk& desk, RevocationMap& revocations, Workers& workers)
      : desk_(desk), revocations_(revocations), workers_(workers) {}

  grpc::ServerUnaryReactor* FetchJoin(grpc::CallbackServerContext* context,
                                      const device::v1::FetchJoinRequest* request,
                                      device::v1::FetchJoinResponse* response) override;

 private:
  JoinDesk& desk_;
  RevocationMap& revocations_;
  Workers& workers_;
};

}  // namespace preseal::server
