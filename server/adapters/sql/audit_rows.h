// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/sql/connection.h"
#include "server/service/ports.h"

namespace preseal::server {

// AuditLog on one connection; the caller owns the transaction. Not thread-safe. The bytes that are
// chained are in docs/formats.md "Audit chain".
class AuditRows final : public AuditLog {
 public:
  explicit AuditRows(sql::Connection* connection) : connection_(*connection) {}

  Status Record(const AuditRow& row) override;
  Status VerifyChain() override;

 private:
  sql::Connection& connection_;
};

}  // namespace preseal::server
