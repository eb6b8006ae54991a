// SPDX-License-Identifier: Apache-2.0
#include "server/service/identity/revocation_map.h"

#include "common/base/limits.h"

namespace preseal::server {

Status RevocationMap::Load(Store& store, WallTime now) {
  return store.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(const auto revoked,
                     tx.certificates.Revoked(now, static_cast<int>(kCrlEntriesMax)));
    for (const DeviceCertificate& certificate : revoked) Add(certificate.sha256);
    return OkStatus();
  });
}

void RevocationMap::Add(ByteView certificate_sha256) {
  revoked_.Lock()->insert(ToString(certificate_sha256));
}

Status RevocationMap::Check(ByteView certificate_sha256) {
  if (!revoked_.Lock()->contains(ToString(certificate_sha256))) return OkStatus();
  return PermissionDenied("DEVICE_REVOKED: this device's certificate was revoked");
}

}  // namespace preseal::server
