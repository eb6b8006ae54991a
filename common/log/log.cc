// SPDX-License-Identifier: Apache-2.0
#include "common/log/log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <iterator>

#include "common/base/bytes.h"

namespace preseal::log {
namespace {

constexpr size_t kFieldBytesMax = 2048;
std::atomic<Level> g_level{Level::kInfo};

std::string_view NameOf(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warn";
    case Level::kError:
      return "error";
  }
  return "?";
}

void AppendValue(std::string& line, std::string_view value) {
  const std::string escaped = EscapeForLog(value, kFieldBytesMax);
  if (!escaped.empty() && escaped.find_first_of(" \"=") == std::string::npos) {
    line += escaped;
    return;
  }
  line += '"';
  for (const char c : escaped) {
    if (c == '"') line += '\\';
    line += c;
  }
  line += '"';
}

}  // namespace

void SetLevel(Level level) { g_level = level; }

bool ParseLevel(std::string_view name, Level* level) {
  if (name == "debug")
    *level = Level::kDebug;
  else if (name == "info")
    *level = Level::kInfo;
  else if (name == "warning")
    *level = Level::kWarning;
  else if (name == "error")
    *level = Level::kError;
  else
    return false;
  return true;
}

void Write(Level level, std::string_view text, std::initializer_list<Field> fields) {
  if (level < g_level.load(std::memory_order_relaxed)) return;
  const auto now =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  std::string line = fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z {:<5} {}",
                                 fmt::gmtime(std::chrono::system_clock::to_time_t(now)),
                                 now.time_since_epoch().count() % 1000, NameOf(level), text);
  for (const Field& field : fields) {
    fmt::format_to(std::back_inserter(line), " {}=", field.key);
    AppendValue(line, field.value);
  }
  line += '\n';
  // One write per line keeps lines of several threads and processes whole.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace preseal::log
