// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "common/sql/connection.h"
#include "common/status/status.h"

namespace preseal::sql {

// BEGIN … COMMIT; rolls back when dropped without a successful Commit. One at a time per
// connection, which must outlive it. Errors as in connection.h.
class Transaction {
 public:
  enum class Kind {
    kWrite,  // takes the write lock at once, so that no later statement can meet a rival
    kRead,   // one unchanging view of the database
  };
  static StatusOr<Transaction> Begin(Connection* connection, Kind kind);
  Transaction(Transaction&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // After an error nothing of it is in the database.
  Status Commit();

 private:
  explicit Transaction(Connection* connection) : connection_(connection) {}

  Connection* connection_;  // null when over
};

// A part of a transaction that can be undone alone; undone when dropped without Release. May nest.
class Savepoint {
 public:
  static StatusOr<Savepoint> Begin(Connection* connection);
  Savepoint(Savepoint&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  Savepoint& operator=(Savepoint&&) = delete;
  ~Savepoint();

  // Keeps the changes; they become durable with the transaction.
  Status Release();
  // Undoes them. Aborted if the transaction itself is gone, as after a full disk.
  Status Rollback();

 private:
  explicit Savepoint(Connection* connection) : connection_(connection) {}

  Connection* connection_;  // null when over
};

}  // namespace preseal::sql
