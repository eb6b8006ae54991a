// SPDX-License-Identifier: Apache-2.0
#include "common/sql/connection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <unordered_map>

#include "common/base/limits.h"
#include "common/files/unique_fd.h"
#include "common/sql/sql_error.h"
#include "common/sql/statement.h"

namespace preseal::sql {
namespace {

// A new database is made here, not by SQLite, so that password hashes are never readable by others.
// An existing file is not even opened: closing a second descriptor would drop the process's locks.
Status CreateIfAbsent(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (fd.valid() || errno == EEXIST) return OkStatus();
  if (errno == ENOSPC || errno == EDQUOT) return FromSqlite(SQLITE_FULL, "", path);
  return FailedPrecondition(
      fmt::format("database {} cannot be created: {}: make sure its folder exists and this user "
                  "may write there",
                  path, std::strerror(errno)));
}

// Before SQLite's first use in the process: a connection is used by one thread at a time, so its
// own locks, and those around memory statistics nobody reads, would only cost (8 % of an insert).
// Where something else has used SQLite before, the settings stay as they are, which is as correct.
void ConfigureLibrary() {
  static const bool once = [] {
    return sqlite_api::sqlite3_config(SQLITE_CONFIG_MULTITHREAD) == SQLITE_OK &&
           sqlite_api::sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK;
  }();
  static_cast<void>(once);
}

}  // namespace

struct Connection::Impl {
  soci::session session;
  std::string path;
  // After the session: statements must be destroyed first.
  std::unordered_map<const char*, std::unique_ptr<Statement>> statements;

  sqlite_api::sqlite3* handle() {
    return static_cast<soci::sqlite3_session_backend*>(session.get_backend())->conn_;
  }
  void SetPragma(const std::string& name, const std::string& value);
  Status CheckPragma(const std::string& name, std::string_view expected);
  Status ConfigureWriter();
  Status ConfigureReader();
  StatusOr<Statement*> Prepare(const Sql& sql, Params params);
  StatusOr<int64_t> Run(const Sql& sql, Params params, const OnRow* on_row);
};

void Connection::Impl::SetPragma(const std::string& name, const std::string& value) {
  std::string ignored;
  soci::indicator indicator = soci::i_ok;
  session.once << "PRAGMA " + name + " = " + value, soci::into(ignored, indicator);
}

Status Connection::Impl::CheckPragma(const std::string& name, std::string_view expected) {
  std::string value;
  session.once << "PRAGMA " + name, soci::into(value);
  if (value == expected) return OkStatus();
  return Internal(fmt::format("database {}: {} is {} instead of {}", path, name, value, expected));
}

Status Connection::Impl::ConfigureReader() {
  SetPragma("busy_timeout", std::to_string(std::chrono::milliseconds(kSqlBusyTimeout).count()));
  SetPragma("query_only", "ON");
  return CheckPragma("query_only", "1");
}

Status Connection::Impl::ConfigureWriter() {
  // SQLite opens what it may not write as read-only and says so only at the first write.
  if (sqlite3_db_readonly(handle(), "main") != 0) return FromSqlite(SQLITE_READONLY, "", path);
  SetPragma("busy_timeout", std::to_string(std::chrono::milliseconds(kSqlBusyTimeout).count()));
  SetPragma("journal_mode", "WAL");
  SetPragma("synchronous", "FULL");
  SetPragma("foreign_keys", "ON");
  // Savepoints keep the pages they may have to restore; in memory, not in a temporary file.
  SetPragma("temp_store", "MEMORY");
  SetPragma("cell_size_check", "ON");
  SetPragma("trusted_schema", "OFF");
  SetPragma("wal_autocheckpoint", std::to_string(kSqlCheckpointPages));
  SetPragma("journal_size_limit", std::to_string(kSqlWalBytesKept));
  RETURN_IF_ERROR(CheckPragma("journal_mode", "wal"));
  RETURN_IF_ERROR(CheckPragma("synchronous", "2"));
  RETURN_IF_ERROR(CheckPragma("foreign_keys", "1"));
  RETURN_IF_ERROR(CheckPragma("temp_store", "2"));
  return CheckPragma("wal_autocheckpoint", std::to_string(kSqlCheckpointPages));
}

StatusOr<std::unique_ptr<Connection>> Connection::Open(const std::string& path, Mode mode) {
  if (path.empty() || path.find_first_of(std::string_view("\"\0", 2)) != std::string::npos) {
    return InvalidArgument("path of a database is empty or contains a double quote");
  }
  ConfigureLibrary();
  if (mode == Mode::kReadWrite) RETURN_IF_ERROR(CreateIfAbsent(path));
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  const bool read_only = mode == Mode::kReadOnly;
  try {
    impl->session.open(soci::sqlite3,
                       fmt::format("db=\"{}\"{}", path, read_only ? " readonly=true" : ""));
    if (sqlite3_extended_result_codes(impl->handle(), 1) != SQLITE_OK) {
      return Internal("SQLite refuses extended result codes");
    }
    RETURN_IF_ERROR(read_only ? impl->ConfigureReader() : impl->ConfigureWriter());
  } catch (...) {
    return FromCurrentException(path, "open");
  }
  return std::unique_ptr<Connection>(new Connection(std::move(impl)));
}

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() = default;

StatusOr<Statement*> Connection::Impl::Prepare(const Sql& sql, Params params) {
  auto& statement = statements[sql.text];
  if (statement == nullptr) statement = std::make_unique<Statement>(session, sql, params);
  if (statement->busy()) return Internal("statement is already running");
  return statement.get();
}

// With `on_row` null the result is the number of rows changed, else the number of rows read.
StatusOr<int64_t> Connection::Impl::Run(const Sql& sql, Params params, const OnRow* on_row) {
  Status failure = OkStatus();
  try {
    ASSIGN_OR_RETURN_CTX(Statement * statement, Prepare(sql, params), sql.text);
    RETURN_IF_ERROR_CTX(statement->Bind(params), sql.text);
    bool has_row = statement->Execute();
    if (on_row == nullptr) return statement->affected_rows();
    int64_t rows = 0;
    statement->set_busy(true);
    // Reading on until there is no row ends the statement, and with it SQLite's read lock.
    for (; has_row && failure.ok(); has_row = failure.ok() && statement->Fetch()) {
      Row row(*statement);
      failure = (*on_row)(row);
      ++rows;
    }
    statement->set_busy(false);
    if (failure.ok()) return rows;
  } catch (...) {
    failure = FromCurrentException(path, sql.text);
  }
  // An unfinished statement would pin the transaction, a failed one was finalised by SOCI.
  statements.erase(sql.text);
  return failure;
}

StatusOr<int64_t> Connection::Execute(const Sql& sql, Params params) {
  return impl_->Run(sql, params, nullptr);
}

Status Connection::Query(const Sql& sql, Params params, const OnRow& on_row) {
  return impl_->Run(sql, params, &on_row).status();
}

StatusOr<bool> Connection::QueryOne(const Sql& sql, Params params,
                                    const std::function<void(Row&)>& on_row) {
  const OnRow once = [&on_row](Row& row) {
    on_row(row);
    return OkStatus();
  };
  ASSIGN_OR_RETURN(const int64_t rows, impl_->Run(sql, params, &once));
  if (rows > 1) return Internal(fmt::format("{}: more than one row", sql.text));
  return rows == 1;
}

Status Connection::ExecuteScript(const std::string& script) {
  // SOCI executes the first statement of a text and forgets the rest, hence SQLite's own call.
  char* message = nullptr;
  const int code = sqlite3_exec(impl_->handle(), script.c_str(), nullptr, nullptr, &message);
  const std::string text = message == nullptr ? "" : message;
  sqlite_api::sqlite3_free(message);
  if (code == SQLITE_OK) return OkStatus();
  return FromSqlite(code, text, impl_->path);
}

bool Connection::InTransaction() const { return sqlite3_get_autocommit(impl_->handle()) == 0; }

Status Connection::QuickCheck() {
  try {
    std::string result;
    impl_->session.once << "PRAGMA quick_check(1)", soci::into(result);
    if (result == "ok") return OkStatus();
    return FromSqlite(SQLITE_CORRUPT, result, impl_->path);
  } catch (...) {
    return FromCurrentException(impl_->path, "PRAGMA quick_check");
  }
}

const std::string& Connection::path() const { return impl_->path; }

}  // namespace preseal::sql
