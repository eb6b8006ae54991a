// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/output_filter.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "common/base/bytes.h"
#include "common/base/limits.h"

namespace preseal::agent::steps {
namespace {

constexpr std::string_view kProgressMark = "PRESEAL_PROGRESS ";
constexpr std::string_view kOf = " of ";
constexpr size_t kLastLineBytesMax = 200;

template <typename Number>
std::optional<Number> NumberIn(std::string_view text) {
  Number number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

void OutputFilter::Take(process::Output from, std::string_view line) {
  if (from == process::Output::kStandard && TakeProgress(line)) return;
  if (!line.empty()) last_line_ = EscapeForLog(line, kLastLineBytesMax);
  if (dropping_) return;
  bytes_ += line.size();
  if (++lines_ <= kStepLinesMax && bytes_ <= kStepOutputBytesMax) return observer_.OnLine(line);
  dropping_ = true;
  observer_.OnLine(fmt::format("over {} lines or {} MiB: further output is dropped", kStepLinesMax,
                               kStepOutputBytesMax >> 20));
}

// True if the line was a report of progress and not text.
bool OutputFilter::TakeProgress(std::string_view line) {
  if (!line.starts_with(kProgressMark)) return false;
  line.remove_prefix(kProgressMark.size());
  const size_t of = line.find(kOf);
  if (of == std::string_view::npos) {
    const auto percent = NumberIn<uint32_t>(line);
    if (percent) observer_.OnPercent(*percent);
    return percent.has_value();
  }
  const auto done = NumberIn<uint64_t>(line.substr(0, of));
  const auto total = NumberIn<uint64_t>(line.substr(of + kOf.size()));
  if (!done || !total || *total == 0 || *done > *total) return false;
  observer_.OnCount(*done, *total);
  return true;
}

}  // namespace preseal::agent::steps
