// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/status/status.h"
#include "server/cli/report.h"

namespace preseal::server::cli {

enum class OutputFormat { kTable, kJson, kCsv };

// InvalidArgument unless "table", "json" or "csv".
StatusOr<OutputFormat> ParseOutputFormat(std::string_view name);

struct OutputStyle {
  bool colour = false;
  bool unicode = false;
  size_t width = 0;  // lines are cut to so many columns; 0: not at all
};

// Turns reports into text, one kind per format. Table texts are escaped (EscapeForLog), so nothing
// a device says can move the cursor; JSON and CSV carry values as they are.
class Formatter {
 public:
  virtual ~Formatter() = default;
  // The whole report, ending with a newline unless it is empty.
  virtual std::string Format(const Report& report) const = 0;
  // One report of a running series: JSON one per line, CSV and table with their heading only if
  // `first`; sections are not titled.
  virtual std::string FormatNext(const Report& report, bool first) const = 0;
};

std::unique_ptr<Formatter> MakeFormatter(OutputFormat format, const OutputStyle& style);

}  // namespace preseal::server::cli
