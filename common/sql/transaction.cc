// SPDX-License-Identifier: Apache-2.0
#include "common/sql/transaction.h"

#include "common/log/log.h"

namespace preseal::sql {
namespace {

constexpr Sql kBeginWrite("BEGIN IMMEDIATE");
constexpr Sql kBeginRead("BEGIN");
constexpr Sql kCommit("COMMIT");
constexpr Sql kRollback("ROLLBACK");
constexpr Sql kSavepoint("SAVEPOINT part");
constexpr Sql kRelease("RELEASE part");
constexpr Sql kRollbackTo("ROLLBACK TO part");

Status Run(Connection* connection, const Sql& sql) { return connection->Execute(sql).status(); }

void RollBack(Connection* connection) {
  // SQLite may have rolled back by itself; a ROLLBACK would then be an error.
  if (!connection->InTransaction()) return;
  if (const Status status = Run(connection, kRollback); !status.ok()) {
    log::Error("rollback failed", {{"error", ToString(status)}});
  }
}

}  // namespace

StatusOr<Transaction> Transaction::Begin(Connection* connection, Kind kind) {
  RollBack(connection);  // of one whose own rollback failed
  RETURN_IF_ERROR(Run(connection, kind == Kind::kWrite ? kBeginWrite : kBeginRead));
  return Transaction(connection);
}

Transaction::~Transaction() {
  if (connection_ != nullptr) RollBack(connection_);
}

Status Transaction::Commit() {
  Connection* connection = std::exchange(connection_, nullptr);
  const Status status = Run(connection, kCommit);
  if (!status.ok()) RollBack(connection);
  return status;
}

StatusOr<Savepoint> Savepoint::Begin(Connection* connection) {
  RETURN_IF_ERROR(Run(connection, kSavepoint));
  return Savepoint(connection);
}

Savepoint::~Savepoint() {
  if (connection_ == nullptr || !connection_->InTransaction()) return;
  if (const Status status = Rollback(); !status.ok()) {
    log::Error("rollback to savepoint failed", {{"error", ToString(status)}});
  }
}

Status Savepoint::Release() {
  RETURN_IF_ERROR(Run(connection_, kRelease));
  connection_ = nullptr;
  return OkStatus();
}

Status Savepoint::Rollback() {
  Connection* connection = std::exchange(connection_, nullptr);
  if (!connection->InTransaction()) return Aborted("the transaction was rolled back");
  RETURN_IF_ERROR(Run(connection, kRollbackTo));
  return Run(connection, kRelease);
}

}  // namespace preseal::sql
