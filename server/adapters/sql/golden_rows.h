// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/sql/connection.h"
#include "server/service/ports.h"

namespace preseal::server {

// GoldenStore on one connection, inside the caller's transaction. Not thread-safe.
class GoldenRows final : public GoldenStore {
 public:
  explicit GoldenRows(sql::Connection* connection) : connection_(*connection) {}

  Status InsertGolden(GoldenRow* row) override;
  Status UpdateGolden(const GoldenRow& row) override;
  StatusOr<GoldenRow> GetGolden(uint64_t number) override;
  StatusOr<std::vector<GoldenRow>> Goldens(std::string_view manufacturer,
                                           std::string_view model) override;

 private:
  StatusOr<std::vector<GoldenRow>> Select(const sql::Sql& sql, sql::Params params);

  sql::Connection& connection_;
};

}  // namespace preseal::server
