// SPDX-License-Identifier: Apache-2.0
// Structured log lines on standard error, one per event:
//   2026-11-22T02:47:24.123Z info  device enrolled  device=D-1042 lab=true
// The text is constant; what varies goes into fields, escaped. Thread-safe. Never log a secret.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace preseal::log {

enum class Level { kDebug, kInfo, kWarning, kError };

struct Field {
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
  template <typename Int>
  requires std::is_integral_v<Int> Field(std::string_view k, Int v)
      : key(k), value(std::to_string(v)) {}

  std::string_view key;
  std::string value;
};

// Lines below `level` are dropped. Default kInfo.
void SetLevel(Level level);
// InvalidArgument-free parse for flags: false if `name` is none of debug, info, warning, error.
bool ParseLevel(std::string_view name, Level* level);

void Write(Level level, std::string_view text, std::initializer_list<Field> fields);

inline void Debug(std::string_view text, std::initializer_list<Field> fields = {}) {
  Write(Level::kDebug, text, fields);
}
inline void Info(std::string_view text, std::initializer_list<Field> fields = {}) {
  Write(Level::kInfo, text, fields);
}
inline void Warning(std::string_view text, std::initializer_list<Field> fields = {}) {
  Write(Level::kWarning, text, fields);
}
inline void Error(std::string_view text, std::initializer_list<Field> fields = {}) {
  Write(Level::kError, text, fields);
}

}  // namespace preseal::log
