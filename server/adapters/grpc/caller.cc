// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/caller.h"

#include <grpcpp/security/auth_context.h>

#include "common/crypto/certificate.h"
#include "common/crypto/issue.h"

namespace preseal::server {
namespace {

constexpr std::string_view kBearer = "Bearer ";

StatusOr<crypto::Certificate> PeerCertificate(const grpc::ServerContextBase& context) {
  const auto auth = context.auth_context();
  if (auth == nullptr || !auth->IsPeerAuthenticated()) {
    return Unauthenticated("a client certificate is required");
  }
  const auto pem = auth->FindPropertyValues("x509_pem_cert");
  if (pem.size() != 1) return Unauthenticated("a client certificate is required");
  auto certificate = crypto::Certificate::FromPem(std::string(pem[0].data(), pem[0].size()));
  if (!certificate.ok()) return Unauthenticated("the client certificate cannot be read");
  return certificate;
}

}  // namespace

std::string BearerOf(const grpc::ServerContextBase& context) {
  const auto& metadata = context.client_metadata();
  // A second header would leave open which of them counts.
  if (metadata.count("authorization") != 1) return {};
  const auto& value = metadata.find("authorization")->second;
  const std::string_view text(value.data(), value.size());
  if (!text.starts_with(kBearer)) return {};
  return std::string(text.substr(kBearer.size()));
}

StatusOr<Principal> Authorise(const grpc::ServerContextBase& context, Accounts& accounts,
                              Right right) {
  ASSIGN_OR_RETURN(Principal principal, accounts.Resolve(BearerOf(context)));
  RETURN_IF_ERROR(Require(principal, right));
  return principal;
}

StatusOr<DeviceCaller> DeviceOf(const grpc::ServerContextBase& context) {
  ASSIGN_OR_RETURN(const auto certificate, PeerCertificate(context));
  for (const std::string& uri : certificate.uris()) {
    const auto device = crypto::DeviceOfUri(uri);
    if (!device) continue;
    const auto fingerprint = certificate.fingerprint();
    return DeviceCaller{*device, Bytes(fingerprint.begin(), fingerprint.end())};
  }
  return Unauthenticated("the client certificate names no device");
}

StatusOr<std::string> StationOf(const grpc::ServerContextBase& context) {
  ASSIGN_OR_RETURN(const auto certificate, PeerCertificate(context));
  for (const std::string& uri : certificate.uris()) {
    if (auto station = crypto::StationOfUri(uri)) return *station;
  }
  return Unauthenticated("the client certificate names no station");
}

}  // namespace preseal::server
