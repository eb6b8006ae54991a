// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/sql/sqlite_store.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "common/sql/migrate.h"
#include "server/adapters/sql/group_writer.h"
#include "server/adapters/sql/migrations.h"
#include "server/adapters/sql/reader_pool.h"

namespace preseal::server {

struct SqliteStore::Impl {
  GroupWriter writer;
  std::unique_ptr<ReaderPool> readers;
};

StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::string& path,
                                                         const Clock* clock, Mode mode) {
  std::error_code error;
  // An empty file is a fresh database to SQLite; a floor whose file was emptied must not start
  // anew.
  if (mode == Mode::kMustExist && (std::filesystem::file_size(path, error) == 0 || error)) {
    return FailedPrecondition(
        fmt::format("database {} is missing or empty: initialise it or restore a backup", path));
  }
  ASSIGN_OR_RETURN(auto connection, sql::Connection::Open(path, sql::Connection::Mode::kReadWrite));
  RETURN_IF_ERROR(connection->QuickCheck());
  RETURN_IF_ERROR(sql::Migrate(connection.get(), SqliteMigrations(), clock->Now()));
  ASSIGN_OR_RETURN(auto readers, ReaderPool::Open(path, clock));
  auto impl = std::unique_ptr<Impl>(
      new Impl{.writer = GroupWriter(std::move(connection), clock), .readers = std::move(readers)});
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(impl)));
}

SqliteStore::SqliteStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

SqliteStore::~SqliteStore() { Close(); }

void SqliteStore::Write(Job job, Done done) {
  impl_->writer.Submit(std::move(job), std::move(done));
}

Status SqliteStore::Read(const Job& job) { return impl_->readers->Run(job); }

void SqliteStore::OnCommit(std::function<void(uint64_t revision)> listener) {
  impl_->writer.AddListener(std::move(listener));
}

void SqliteStore::Close() {
  impl_->writer.Close();
  impl_->readers->Close();
}

}  // namespace preseal::server
