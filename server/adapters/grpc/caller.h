// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/server_context.h>

#include <optional>
#include <string>

#include "common/base/bytes.h"
#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/service/accounts.h"
#include "server/service/principal.h"

namespace preseal::server {

// The token of "authorization: Bearer …", empty if there is none. Resolved anew on every call:
// nothing about a person is kept on the connection.
std::string BearerOf(const grpc::ServerContextBase& context);

// Who is calling, with the right they need. Unauthenticated or PermissionDenied.
StatusOr<Principal> Authorise(const grpc::ServerContextBase& context, Accounts& accounts,
                              Right right);

// The device behind the client certificate of this connection.
struct DeviceCaller {
  DeviceId device_id;
  Bytes certificate_sha256;  // of the leaf's DER
};
// Unauthenticated: no certificate, or one that names no device. gRPC has checked chain and dates.
StatusOr<DeviceCaller> DeviceOf(const grpc::ServerContextBase& context);
// The station's name, likewise.
StatusOr<std::string> StationOf(const grpc::ServerContextBase& context);

}  // namespace preseal::server
