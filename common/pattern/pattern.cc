// SPDX-License-Identifier: Apache-2.0
#include "common/pattern/pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include "common/base/limits.h"

namespace preseal::pattern {
namespace {

re2::StringPiece PieceOf(std::string_view text) { return {text.data(), text.size()}; }

RE2::Options OptionsOf() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternMemoryMax);
  return options;
}

Status CheckCompiled(const RE2& compiled) {
  if (compiled.ok()) return OkStatus();
  return InvalidArgument(fmt::format("is no regular expression: {}", compiled.error()));
}

}  // namespace

Status Check(std::string_view pattern) { return CheckCompiled(RE2(PieceOf(pattern), OptionsOf())); }

StatusOr<bool> MatchesWhole(std::string_view pattern, std::string_view text) {
  const RE2 compiled(PieceOf(pattern), OptionsOf());
  RETURN_IF_ERROR(CheckCompiled(compiled));
  return RE2::FullMatch(PieceOf(text), compiled);
}

}  // namespace preseal::pattern
