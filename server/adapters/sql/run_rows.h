// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/sql/connection.h"
#include "server/service/ports.h"

namespace preseal::server {

// RunStore on one connection; the caller owns the transaction. Not thread-safe.
class RunRows final : public RunStore {
 public:
  explicit RunRows(sql::Connection* connection) : connection_(*connection) {}

  Status InsertRun(const Run& run, std::span<const Item> items) override;
  StatusOr<Run> GetRun(const RunId& id) override;
  Status UpdateRun(const Run& run) override;
  StatusOr<std::vector<Run>> ListRuns(const DeviceId& device) override;
  StatusOr<std::vector<Run>> RunningRuns() override;
  StatusOr<std::vector<Item>> Items(const DeviceId& device, uint32_t attempt) override;
  Status PutItem(const DeviceId& device, uint32_t attempt, const Item& item) override;

 private:
  sql::Connection& connection_;
};

}  // namespace preseal::server
