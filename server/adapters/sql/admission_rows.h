// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/sql/connection.h"
#include "server/service/ports.h"

namespace preseal::server {

// AdmissionStore on one connection, inside the caller's transaction. Not thread-safe.
class AdmissionRows final : public AdmissionStore {
 public:
  explicit AdmissionRows(sql::Connection* connection) : connection_(*connection) {}

  StatusOr<bool> ListEk(const ListedEk& ek) override;
  StatusOr<int64_t> UnlistEks(const BatchId& batch, ByteView ek_spki_sha256) override;
  StatusOr<bool> IsListed(ByteView ek_spki_sha256, const BatchId& batch) override;
  StatusOr<std::vector<ListedEk>> ListedEks(const BatchId& batch, ByteView after,
                                            int limit) override;
  StatusOr<int64_t> CountListedEks() override;
  Status PutOrderCode(const OrderCode& code) override;
  StatusOr<OrderCode> FindOrderCode(std::string_view code_id) override;
  StatusOr<std::vector<OrderCode>> OrderCodes() override;

 private:
  sql::Connection& connection_;
};

}  // namespace preseal::server
