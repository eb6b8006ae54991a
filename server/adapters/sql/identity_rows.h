// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/sql/connection.h"
#include "server/service/ports.h"

namespace preseal::server {

// IdentityStore on one connection, inside the caller's transaction. Not thread-safe.
class IdentityRows final : public IdentityStore {
 public:
  explicit IdentityRows(sql::Connection* connection) : connection_(*connection) {}

  Status OpenIdentity(const DeviceIdentity& identity) override;
  Status CloseIdentity(const DeviceId& device, WallTime now, std::string_view actor,
                       std::string_view reason) override;
  Status SetResetCount(const DeviceId& device, uint32_t reset_count) override;
  StatusOr<std::vector<DeviceIdentity>> Identities(const DeviceId& device) override;
  Status PutProposal(const EkProposal& proposal) override;
  StatusOr<std::vector<EkProposal>> Proposals(const DeviceId& device) override;
  Status SeeKey(SeenKeyKind kind, ByteView sha256, const DeviceId& device, WallTime now) override;
  StatusOr<DeviceId> DeviceOfKey(SeenKeyKind kind, ByteView sha256) override;

 private:
  sql::Connection& connection_;
};

}  // namespace preseal::server
