// SPDX-License-Identifier: Apache-2.0
// How `preseal evidence lint` says what it found; docs/lint.md is the contract. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/cli/report.h"
#include "server/domain/lint/lint.h"

namespace preseal::server::cli {

struct LintLine {
  std::string file;
  LintResult result;
};

struct LintCounts {
  size_t valid = 0;
  size_t findings = 0;
  size_t refused = 0;
  size_t unreadable = 0;
};
void Count(LintCounts& counts, const LintResult& result);
// "57 judged: 26 valid, 20 with findings, 11 refused; 1 could not be read"
std::string LintSummary(const LintCounts& counts);

// One JSON object without line breaks. Bytes of `file` that are no UTF-8 become U+FFFD.
std::string LintJsonLine(std::string_view file, const LintResult& result);
// One table of the verdicts, one of what speaks against them.
Report LintReport(const std::vector<LintLine>& lines);

}  // namespace preseal::server::cli
