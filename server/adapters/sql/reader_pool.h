// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/guarded.h"
#include "common/sql/connection.h"
#include "server/adapters/sql/tx_rows.h"
#include "server/service/ports.h"

namespace preseal::server {

// kReaderConnectionsMax read-only connections, lent to one job at a time each; more jobs wait.
// Readers never wait for the writer, nor it for them (WAL). Thread-safe.
class ReaderPool {
 public:
  // `clock` must outlive this. Errors as sql::Connection::Open.
  static StatusOr<std::unique_ptr<ReaderPool>> Open(const std::string& path, const Clock* clock);

  // Runs `job` on one unchanging view of the database. A job that reads through the pool again may
  // wait for ever. Unavailable after Close; FailedPrecondition if the job writes.
  Status Run(const Store::Job& job);
  // Waits for running jobs and closes the connections.
  void Close();

 private:
  struct Reader {
    Reader(std::unique_ptr<sql::Connection> opened, const Clock* clock)
        : connection(std::move(opened)), rows(connection.get(), clock) {}
    std::unique_ptr<sql::Connection> connection;
    TxRows rows;
  };
  struct Shared {
    std::vector<std::unique_ptr<Reader>> idle;
    bool closed = false;
  };

  ReaderPool() = default;
  std::unique_ptr<Reader> Borrow();  // null when closed
  void Return(std::unique_ptr<Reader> reader);

  Guarded<Shared> shared_;
  std::condition_variable returned_;
};

}  // namespace preseal::server
