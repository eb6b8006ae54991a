// SPDX-License-Identifier: Apache-2.0
#include "common/sql/migrate.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "common/crypto/digest.h"
#include "common/sql/transaction.h"

namespace preseal::sql {
namespace {

constexpr Sql kCountTables("SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table'", "i");
constexpr Sql kFindMigrations(
    "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'", "i");
constexpr Sql kCreateMigrations(
    "CREATE TABLE schema_migrations ("
    " version INTEGER NOT NULL PRIMARY KEY,"
    " name TEXT NOT NULL,"
    " sha256 TEXT NOT NULL,"
    " apply_time INTEGER NOT NULL"
    ") STRICT");
constexpr Sql kListMigrations(
    "SELECT version, name, sha256 FROM schema_migrations ORDER BY version", "itt");
constexpr Sql kInsertMigration(
    "INSERT INTO schema_migrations (version, name, sha256, apply_time)"
    " VALUES (:version, :name, :sha256, :apply_time)");

struct Applied {
  int64_t version = 0;
  std::string name;
  std::string sha256;
};

std::string ChecksumOf(const Migration& migration) {
  return ToHex(crypto::Sha256(AsBytes(migration.script)));
}

StatusOr<int64_t> Count(Connection* connection, const Sql& sql) {
  int64_t count = 0;
  RETURN_IF_ERROR(
      connection->QueryOne(sql, {}, [&count](Row& row) { count = row.Integer(); }).status());
  return count;
}

Status EnsureTable(Connection* connection) {
  ASSIGN_OR_RETURN(const int64_t found, Count(connection, kFindMigrations));
  if (found > 0) return OkStatus();
  ASSIGN_OR_RETURN(const int64_t tables, Count(connection, kCountTables));
  if (tables > 0) {
    return FailedPrecondition(fmt::format(
        "database {} belongs to another program: name another file", connection->path()));
  }
  return connection->Execute(kCreateMigrations).status();
}

StatusOr<std::vector<Applied>> ListApplied(Connection* connection) {
  std::vector<Applied> applied;
  RETURN_IF_ERROR(connection->Query(kListMigrations, {}, [&applied](Row& row) {
    Applied& last = applied.emplace_back();
    last.version = row.Integer();
    last.name = row.Text();
    last.sha256 = row.Text();
    return OkStatus();
  }));
  return applied;
}

Status CheckApplied(const std::vector<Applied>& applied, std::span<const Migration> migrations,
                    const std::string& path) {
  if (applied.size() > migrations.size()) {
    return FailedPrecondition(fmt::format(
        "database {} was written by a newer version of this program (schema {}, known here {}): "
        "run that version, or restore a backup made before the upgrade",
        path, applied.back().version, migrations.size()));
  }
  for (size_t i = 0; i < applied.size(); ++i) {
    if (applied[i].version != migrations[i].version) {
      return DataLoss(fmt::format("database {} is damaged: migration {} is missing in it", path,
                                  migrations[i].version));
    }
    if (applied[i].sha256 != ChecksumOf(migrations[i])) {
      return FailedPrecondition(fmt::format(
          "database {} was written by a different build of this program: migration {} ({}) differs",
          path, applied[i].version, applied[i].name));
    }
  }
  return OkStatus();
}

Status Apply(Connection* connection, const Migration& migration, WallTime now) {
  ASSIGN_OR_RETURN(Transaction transaction,
                   Transaction::Begin(connection, Transaction::Kind::kWrite));
  RETURN_IF_ERROR(connection->ExecuteScript(std::string(migration.script)));
  RETURN_IF_ERROR(connection
                      ->Execute(kInsertMigration,
                                {migration.version, migration.name, ChecksumOf(migration), now})
                      .status());
  return transaction.Commit();
}

}  // namespace

Status Migrate(Connection* connection, std::span<const Migration> migrations, WallTime now) {
  RETURN_IF_ERROR(EnsureTable(connection));
  ASSIGN_OR_RETURN(const std::vector<Applied> applied, ListApplied(connection));
  RETURN_IF_ERROR(CheckApplied(applied, migrations, connection->path()));
  for (const Migration& migration : migrations.subspan(applied.size())) {
    RETURN_IF_ERROR_CTX(Apply(connection, migration, now),
                        fmt::format("migration {} ({})", migration.version, migration.name));
  }
  return OkStatus();
}

}  // namespace preseal::sql
