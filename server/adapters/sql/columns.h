// SPDX-License-Identifier: Apache-2.0
// Internal to server/adapters/sql: reading columns into domain types. The file may have been
// changed by another hand, so enums and ids are checked; what does not fit is DataLoss.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "common/base/ids.h"
#include "common/sql/connection.h"
#include "common/status/status.h"

namespace preseal::server {

// A row of `table` with the first problem found in it.
class Columns {
 public:
  Columns(sql::Row& row, std::string_view table) : row_(row), table_(table) {}

  sql::Row* operator->() { return &row_; }

  template <typename E>
  E Enum(E min, E max) {
    const int64_t value = row_.Integer();
    if (value >= static_cast<int64_t>(min) && value <= static_cast<int64_t>(max)) {
      return static_cast<E>(value);
    }
    Fail(fmt::format("unknown value {}", value));
    return min;
  }
  // An empty or NULL text is an empty id.
  template <typename Id>
  Id TextId() {
    const std::string text = row_.Text();
    if (text.empty()) return Id();
    auto id = Id::Parse(text);
    if (id.ok()) return *std::move(id);
    Fail(MessageOf(id.status()));
    return Id();
  }

  const Status& status() const { return status_; }

 private:
  void Fail(std::string_view problem) {
    if (status_.ok()) {
      status_ = DataLoss(fmt::format("table {} is damaged: {}: restore a backup", table_, problem));
    }
  }

  sql::Row& row_;
  std::string_view table_;
  Status status_;
};

// For changes of a record that must exist; its absence is the caller's bug.
inline Status ExpectOneRow(const StatusOr<int64_t>& changed, std::string_view what) {
  if (!changed.ok()) return changed.status();
  if (*changed == 1) return OkStatus();
  return Internal(fmt::format("{} is not in the store", what));
}

// For INSERT … ON CONFLICT DO NOTHING.
inline Status ExpectInserted(const StatusOr<int64_t>& changed, std::string_view what) {
  if (!changed.ok()) return changed.status();
  if (*changed == 1) return OkStatus();
  return AlreadyExists(fmt::format("{} is taken", what));
}

}  // namespace preseal::server
