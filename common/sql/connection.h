// SPDX-License-Identifier: Apache-2.0
// A thin layer over SOCI: prepared statements, transactions and one mapping of errors to Status.
// SQL stays visible; there is no object mapping.
//
// Every function here that can fail returns one of
//   AlreadyExists       a UNIQUE or PRIMARY KEY constraint was broken
//   FailedPrecondition  the file cannot be opened or written (names it and the fix), or a trigger
//                       refused the change
//   ResourceExhausted   disk full (names the file), out of memory
//   DataLoss            the file is damaged, is no database, or reading it fails
//   Unavailable         locked by another process for longer than kSqlBusyTimeout
//   Internal            anything else, a bug; names the statement, never its values
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/status/status.h"

namespace preseal::sql {

// One statement: a literal, with each :placeholder used once, and the types of its result columns,
// one letter each: i integer, t text, b blob. Statements are cached by the literal's address.
struct Sql {
  consteval explicit Sql(const char* statement, const char* column_types = "")
      : text(statement), columns(column_types) {}
  const char* text;
  const char* columns;
};

enum class Type : char { kInteger = 'i', kText = 't', kBlob = 'b' };

// A value for one placeholder, in the order of the placeholders. Borrows texts and blobs.
class Param {
 public:
  template <typename T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>) Param(T value)
      : type_(Type::kInteger), integer_(static_cast<int64_t>(value)) {}
  Param(WallTime time) : Param(ToMicros(time)) {}
  Param(std::string_view text) : type_(Type::kText), text_(text) {}
  Param(const std::string& text) : Param(std::string_view(text)) {}
  Param(const char* text) : Param(std::string_view(text)) {}
  Param(ByteView blob) : type_(Type::kBlob), text_(AsText(blob)) {}
  Param(const Bytes& blob) : Param(ByteView(blob)) {}
  // Nothing becomes NULL.
  Param(std::optional<WallTime> time) : Param(time ? Param(*time) : Null(Type::kInteger)) {}
  Param(std::optional<int32_t> value) : Param(value ? Param(*value) : Null(Type::kInteger)) {}

  static Param Null(Type type) { return Param(type, {}, true); }
  // Empty becomes NULL.
  static Param OrNull(std::string_view text) { return Param(Type::kText, text, text.empty()); }
  static Param OrNull(ByteView blob) { return Param(Type::kBlob, AsText(blob), blob.empty()); }

  Type type() const { return type_; }
  bool null() const { return null_; }
  int64_t integer() const { return integer_; }
  std::string_view text() const { return text_; }  // also the bytes of a blob

 private:
  Param(Type type, std::string_view text, bool null) : type_(type), text_(text), null_(null) {}

  Type type_;
  int64_t integer_ = 0;
  std::string_view text_;
  bool null_ = false;
};
using Params = std::initializer_list<Param>;

class Statement;

// A result row, read from left to right. Valid only inside the callback it was handed to. Reading a
// column as another type than Sql::columns declares, or past the end, is a bug and aborts.
class Row {
 public:
  explicit Row(const Statement& statement) : statement_(statement) {}

  int64_t Integer();  // NULL reads as 0
  std::optional<int64_t> OptionalInteger();
  uint64_t Unsigned() { return static_cast<uint64_t>(Integer()); }
  uint32_t Unsigned32() { return static_cast<uint32_t>(Integer()); }
  bool Flag() { return Integer() != 0; }
  WallTime Time() { return FromMicros(Integer()); }
  std::optional<WallTime> OptionalTime();
  std::string Text();  // NULL reads as empty
  Bytes Blob();        // NULL reads as empty

 private:
  const Statement& statement_;
  size_t column_ = 0;
};

// One connection to one SQLite database file. Not thread-safe; use it from one thread at a time.
class Connection {
 public:
  enum class Mode {
    kReadWrite,  // creates the file, readable by its owner only, if it is absent
    kReadOnly,   // writing is FailedPrecondition
  };
  using OnRow = std::function<Status(Row&)>;

  // WAL, synchronous=FULL, foreign keys on; every PRAGMA is read back. A path may not contain a
  // double quote (InvalidArgument).
  static StatusOr<std::unique_ptr<Connection>> Open(const std::string& path, Mode mode);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Runs a statement without result; the number of rows it inserted, changed or deleted.
  StatusOr<int64_t> Execute(const Sql& sql, Params params = {});
  // Calls `on_row` for each row. Its first error ends the query and is returned. It may run other
  // statements, but not this one.
  Status Query(const Sql& sql, Params params, const OnRow& on_row);
  // As Query, for at most one row: whether there was one.
  StatusOr<bool> QueryOne(const Sql& sql, Params params, const std::function<void(Row&)>& on_row);
  // Several statements separated by semicolons. Not cached, no parameters.
  Status ExecuteScript(const std::string& script);

  // Whether BEGIN was executed and neither COMMIT nor ROLLBACK since. SQLite itself rolls back when
  // the disk is full, so ask after an error.
  bool InTransaction() const;
  // DataLoss if SQLite's quick_check finds damage. Reads the whole file.
  Status QuickCheck();
  const std::string& path() const;

 private:
  struct Impl;
  explicit Connection(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace preseal::sql
