// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/sql/connection.h"
#include "server/service/trust/trust_ports.h"

namespace preseal::server {

// TrustStore on one connection; the caller owns the transaction. Not thread-safe.
class TrustRows final : public TrustStore {
 public:
  explicit TrustRows(sql::Connection* connection) : connection_(*connection) {}

  Status PutBundle(const StoredText& bundle) override;
  Status PutPolicy(const StoredText& policy) override;
  StatusOr<StoredText> GetBundle(uint64_t version) override;
  StatusOr<StoredText> GetPolicy(uint64_t version) override;
  StatusOr<std::vector<StoredText>> ListPolicies(int limit) override;
  Status PutEkCertificate(const CachedEkCertificate& certificate) override;
  StatusOr<CachedEkCertificate> FindEkCertificate(ByteView spki_sha256) override;

 private:
  sql::Connection& connection_;
};

}  // namespace preseal::server
