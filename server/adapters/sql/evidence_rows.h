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
  StatusOr<StoredEvidence> LastEvidence() override;
  Status AppendEvidence(const StoredEvidence& evidence, const DeviceId& device,
                        bool accepted) override;
  StatusOr<std::vector<StoredEvidence>> EvidenceAfter(uint64_t sequence,
                                                      std::optional<DeviceId> device,
                                                      int limit) override;
  StatusOr<StoredEvidence> NewestEvidence(std::optional<DeviceId> after, DeviceId* device) override;
  StatusOr<uint64_t> DevicesWithEvidence() override;

 private:
  sql::Connection& connection_;
};

}  // namespace preseal::server
