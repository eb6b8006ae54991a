// SPDX-License-Identifier: Apache-2.0
#include "common/sql/sql_error.h"

#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <new>

namespace preseal::sql {
namespace {

constexpr size_t kStatementShownMax = 80;

Status FromConstraint(int code, std::string_view text, std::string_view path) {
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return AlreadyExists(text);
    case SQLITE_CONSTRAINT_TRIGGER:
      return FailedPrecondition(text);
    default:
      // CHECK, NOT NULL, foreign keys: the caller wrote what the schema forbids.
      return Internal(fmt::format("database {}: {}", path, text));
  }
}

}  // namespace

Status FromSqlite(int code, std::string_view text, std::string_view path) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return ResourceExhausted(fmt::format("database {}: disk full: free space there", path));
    case SQLITE_NOMEM:
      return ResourceExhausted(fmt::format("database {}: out of memory", path));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return DataLoss(
          fmt::format("database {} is damaged: restore a backup of it ({})", path, text));
    case SQLITE_IOERR:
      return DataLoss(
          fmt::format("database {}: input/output error {}: check the disk ({})", path, code, text));
    case SQLITE_CANTOPEN:
      return FailedPrecondition(fmt::format(
          "database {} cannot be opened: make sure its folder exists and this user may write there",
          path));
    case SQLITE_READONLY:
      return FailedPrecondition(fmt::format(
          "database {} is read-only: give this user write access to the file and its folder",
          path));
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return FailedPrecondition(fmt::format("database {}: access denied ({})", path, text));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return Unavailable(fmt::format("database {} is locked by another program", path));
    case SQLITE_CONSTRAINT:
      return FromConstraint(code, text, path);
    default:
      return Internal(fmt::format("database {}: error {}: {}", path, code, text));
  }
}

Status FromCurrentException(std::string_view path, std::string_view statement) {
  const auto with_statement = [statement](const Status& status) {
    if (status.code() != StatusCode::kInternal || statement.empty()) return status;
    return WithContext(status, statement.substr(0, kStatementShownMax));
  };
  try {
    throw;
  } catch (const soci::sqlite3_soci_error& error) {
    return with_statement(FromSqlite(error.result(), error.get_error_message(), path));
  } catch (const soci::soci_error& error) {
    return with_statement(
        Internal(fmt::format("database {}: {}", path, error.get_error_message())));
  } catch (const std::bad_alloc&) {
    return ResourceExhausted(fmt::format("database {}: out of memory", path));
  } catch (const std::exception& error) {
    return with_statement(Internal(fmt::format("database {}: {}", path, error.what())));
  }
}

}  // namespace preseal::sql
