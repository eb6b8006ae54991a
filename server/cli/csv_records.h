// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace preseal::server::cli {

struct CsvRecord {
  size_t row = 0;  // 1-based, blank rows counted
  std::vector<std::string> fields;
  std::string problem;  // empty if well formed
  // One empty bare field: a blank row.
  bool IsBlank() const { return fields.size() == 1 && fields[0].empty() && problem.empty(); }
};

// Splits RFC 4180 text with `separator` into records, well formed or not: after a problem the
// reading goes on with the next line. Accepts LF, CRLF and CR. Pure.
std::vector<CsvRecord> SplitCsv(std::string_view text, char separator);

}  // namespace preseal::server::cli
