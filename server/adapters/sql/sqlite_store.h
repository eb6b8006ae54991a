// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "common/base/clock.h"
#include "server/service/ports.h"

namespace preseal::server {

// The store in one SQLite file. Thread-safe. An acknowledged write survives a kill of the process
// and a power cut (WAL, synchronous=FULL).
class SqliteStore final : public Store {
 public:
  enum class Mode {
    kCreateIfMissing,
    kMustExist,  // FailedPrecondition if the file is absent or empty
  };

  // Opens the file, checks it for damage (reads all of it once) and migrates it. `clock` must
  // outlive the store. Errors as sql::Connection::Open and sql::Migrate.
  static StatusOr<std::unique_ptr<SqliteStore>> Open(const std::string& path, const Clock* clock,
                                                     Mode mode = Mode::kCreateIfMissing);
  ~SqliteStore() override;

  void Write(Job job, Done done) override;
  Status Read(const Job& job) override;
  // May be called several times; each listener is called.
  void OnCommit(std::function<void(uint64_t revision)> listener) override;

  // Finishes the queued writes and running reads, then refuses everything as Unavailable. Called by
  // the destructor. Not on the writer thread.
  void Close();

 private:
  struct Impl;
  explicit SqliteStore(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace preseal::server
