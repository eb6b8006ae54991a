// SPDX-License-Identifier: Apache-2.0
// How much room text takes on a character screen. Pure; does not look at the locale.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace preseal {

// Columns of valid UTF-8 `text` without control characters (see EscapeForLog): combining marks take
// none, East Asian wide characters and emoji two, everything else one. Close to Unicode Standard
// Annex #11, not complete: rare scripts may be off by one column, never by more per character.
size_t DisplayWidth(std::string_view text);

// `text` in exactly `columns`: padded with spaces, or cut with `ellipsis` as the last column.
std::string FitWidth(std::string_view text, size_t columns, std::string_view ellipsis = "…");

// As FitWidth but never padded.
std::string CutWidth(std::string_view text, size_t columns, std::string_view ellipsis = "…");

}  // namespace preseal
