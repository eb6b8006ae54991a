// SPDX-License-Identifier: Apache-2.0
// Internal to common/sql: the one place that turns SQLite's codes and SOCI's exceptions into
// Status.
#pragma once

#include <string_view>

#include "common/status/status.h"

namespace preseal::sql {

// `code` is an extended result code; `text` is SQLite's message, which names tables and columns but
// holds no values.
Status FromSqlite(int code, std::string_view text, std::string_view path);

// The exception in flight; call it in a catch block only. `statement` may be empty. SOCI's own
// context is left out because it quotes the parameters, and those hold password hashes.
Status FromCurrentException(std::string_view path, std::string_view statement);

}  // namespace preseal::sql
