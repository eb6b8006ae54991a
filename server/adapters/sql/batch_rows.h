// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/sql/connection.h"
#include "server/service/ports.h"

namespace preseal::server {

// BatchStore on one connection; the caller owns the transaction. Counts are kept by triggers on
// devices, so a status costs the same whatever the batch's size. Not thread-safe.
class BatchRows final : public BatchStore {
 public:
  explicit BatchRows(sql::Connection* connection) : connection_(*connection) {}

  Status EnsureBatch(const BatchId& id, WallTime now) override;
  StatusOr<Batch> GetBatch(const BatchId& id) override;
  StatusOr<std::vector<Batch>> ListBatches(const std::optional<std::vector<BatchId>>& visible,
                                           std::optional<BatchId> after, int limit) override;

 private:
  StatusOr<std::optional<Batch>> Find(const BatchId& id);
  StatusOr<std::vector<Batch>> ListVisible(std::vector<BatchId> visible, std::string_view after,
                                           int limit);
  Status ReadCounts(Batch* batch);

  sql::Connection& connection_;
};

}  // namespace preseal::server
