// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/sql/connection.h"
#include "server/service/ports.h"

namespace preseal::server {

// EvidenceStore on one connection; the caller owns the transaction. Not thread-safe.
class EvidenceRows final : public EvidenceStore {
 public:
  explicit EvidenceRows(sql::Connection* connection) : connection_(*connection) {}

  Status PutAttestation(const AttestationRecord& record) override;
  StatusOr<AttestationRecord> LatestAttestation(const DeviceId& device) override;
  StatusOr<AttestationRecord> LatestAccepted(const DeviceId& device) override;
  Status PutBirthCertificate(const DeviceId& device, std::string_view jws, WallTime now) override;
  StatusOr<std::string> BirthCertificate(const DeviceId& device) override;

 private:
  sql::Connection& connection_;
};

}  // namespace preseal::server
