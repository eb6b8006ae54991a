// SPDX-License-Identifier: Apache-2.0
// Internal to common/sql: one statement prepared by SOCI once and executed many times.
#pragma once

#include <soci/soci.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/sql/connection.h"

namespace preseal::sql {

// Throws what SOCI throws. After an exception SOCI has finalised the statement: drop the object.
// Not thread-safe; must be destroyed before its session.
class Statement {
 public:
  // Where SOCI reads a parameter from or writes a column to; its address never changes.
  struct Slot {
    Slot(soci::session& session, Type slot_type);

    Type type;
    soci::indicator indicator = soci::i_ok;
    long long integer = 0;
    std::string text;
    std::unique_ptr<soci::blob> blob;
  };

  // Types of parameters are taken from `params` and stay so.
  Statement(soci::session& session, const Sql& sql, Params params);

  // Internal if `params` differ in number or type from those it was made with.
  Status Bind(Params params);
  // Executes; true if a row is in the columns.
  bool Execute();
  // The next row, if any.
  bool Fetch();
  int64_t affected_rows() { return statement_.get_affected_rows(); }
  const Slot& column(size_t index, Type type) const;

  bool busy() const { return busy_; }
  void set_busy(bool busy) { busy_ = busy; }

 private:
  using Slots = std::vector<std::unique_ptr<Slot>>;

  Slots params_;
  Slots columns_;
  soci::statement statement_;
  bool busy_ = false;
};

}  // namespace preseal::sql
