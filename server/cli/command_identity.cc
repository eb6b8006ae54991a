// SPDX-License-Identifier: Apache-2.0
// device identity, unblock, rebind, release, revoke, vouch.
#include "common/base/bytes.h"
#include "preseal/identity/v1/identity.grpc.pb.h"
#include "server/cli/commands.h"
#include "server/cli/connection.h"
#include "server/cli/names.h"
#include "server/cli/views_identity.h"

namespace preseal::server::cli {
namespace {

using Identity = identity_v1::IdentityService::Stub;

// "" stays empty; InvalidArgument unless 64 hex digits.
StatusOr<std::string> DigestBytes(const std::string& hex) {
  if (hex.empty()) return std::string();
  const auto bytes = FromHex(hex);
  if (!bytes.ok() || bytes->size() != 32) {
    return InvalidArgument("an EK is named by its SHA-256: 64 hex digits");
  }
  return ToString(*bytes);
}

StatusOr<identity_v1::RebindDeviceRequest::Reason> ParseReason(const std::string& text) {
  if (text == "board-swap") return identity_v1::RebindDeviceRequest::REASON_BOARD_SWAP;
  if (text == "clear") return identity_v1::RebindDeviceRequest::REASON_CLEAR;
  if (text == "resale") return identity_v1::RebindDeviceRequest::REASON_RESALE;
  return InvalidArgument("a reason is board-swap, clear or resale");
}

template <typename Request, typename Method>
StatusOr<identity_v1::Identity> Decide(const Connection& connection, Method method,
                                       const std::string& device, const IdentityOptions& options) {
  Request request;
  request.set_device(device);
  request.set_reason(options.reason);
  return connection.Call(method, request);
}

StatusOr<identity_v1::Identity> Rebind(const Connection& connection, const std::string& device,
                                       const IdentityOptions& options) {
  identity_v1::RebindDeviceRequest request;
  request.set_device(device);
  ASSIGN_OR_RETURN(*request.mutable_ek_spki_sha256(), DigestBytes(options.ek));
  ASSIGN_OR_RETURN(const auto reason, ParseReason(options.reason));
  request.set_reason(reason);
  request.set_note(options.note);
  return connection.Call(&Identity::RebindDevice, request);
}

StatusOr<identity_v1::Identity> Vouch(const Connection& connection, const std::string& device,
                                      const IdentityOptions& options) {
  identity_v1::VouchForDeviceRequest request;
  request.set_device(device);
  ASSIGN_OR_RETURN(*request.mutable_ek_spki_sha256(), DigestBytes(options.ek));
  request.set_reason(options.reason);
  return connection.Call(&Identity::VouchForDevice, request);
}

StatusOr<identity_v1::Identity> Ask(const Connection& connection, const std::string& device,
                                    const IdentityOptions& options) {
  switch (options.verb) {
    case IdentityVerb::kShow: {
      identity_v1::GetIdentityRequest request;
      request.set_device(device);
      return connection.Call(&Identity::GetIdentity, request);
    }
    case IdentityVerb::kUnblock:
      return Decide<identity_v1::UnblockDeviceRequest>(connection, &Identity::UnblockDevice, device,
                                                       options);
    case IdentityVerb::kRelease:
      return Decide<identity_v1::ReleaseDeviceRequest>(connection, &Identity::ReleaseDevice, device,
                                                       options);
    case IdentityVerb::kRevoke:
      return Decide<identity_v1::RevokeDeviceRequest>(connection, &Identity::RevokeDevice, device,
                                                      options);
    case IdentityVerb::kRebind:
      return Rebind(connection, device, options);
    case IdentityVerb::kVouch:
      return Vouch(connection, device, options);
  }
  return Internal("no such command");
}

}  // namespace

StatusOr<ExitCode> DecideIdentity(const Cli& cli, const IdentityOptions& options) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ASSIGN_OR_RETURN(const std::string device, DeviceName(*connection, options.device));
  ASSIGN_OR_RETURN(const auto identity, Ask(*connection, device, options));
  cli.Print(IdentityReport(identity));
  return ExitCode::kOk;
}

}  // namespace preseal::server::cli
