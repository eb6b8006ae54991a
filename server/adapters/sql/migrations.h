// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "common/sql/migrate.h"

namespace preseal::server {

// The scripts of migrations/ for SQLite, embedded at build time, by version.
std::span<const sql::Migration> SqliteMigrations();

}  // namespace preseal::server
