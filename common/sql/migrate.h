// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "common/base/clock.h"
#include "common/sql/connection.h"
#include "common/status/status.h"

namespace preseal::sql {

// One step of a schema, embedded in the program. Never edited once released.
struct Migration {
  int version = 0;        // 1, 2, 3 …
  std::string_view name;  // "initial"
  std::string_view script;
};

// Brings the database to the last of `migrations`, which are consecutive from 1: each missing one
// in its own transaction, together with its row in schema_migrations (version, name, SHA-256 of the
// script in hex, time). Nothing to do is success.
// FailedPrecondition, with the database unchanged: it was written by a newer program, a migration
// in it differs from ours, or it holds tables but is not ours. DataLoss: versions are missing.
// Else as in connection.h, naming the migration; those before it stay applied.
Status Migrate(Connection* connection, std::span<const Migration> migrations, WallTime now);

}  // namespace preseal::sql
