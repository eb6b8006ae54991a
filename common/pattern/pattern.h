// SPDX-License-Identifier: Apache-2.0
// Regular expressions that people write and other people's answers are held against: RE2's syntax
// (https://github.com/google/re2/wiki/Syntax), without look-around and back-references, which no
// matcher does in bounded time. Pure, thread-safe.
#pragma once

#include <string_view>

#include "common/status/status.h"

namespace preseal::pattern {

// InvalidArgument: `pattern` is no such expression, or would take more memory than one may; says
// why.
Status Check(std::string_view pattern);

// Whether the whole of `text` (UTF-8) has the form `pattern`; takes time in proportion to its
// length, whatever the pattern. InvalidArgument as Check.
StatusOr<bool> MatchesWhole(std::string_view pattern, std::string_view text);

}  // namespace preseal::pattern
