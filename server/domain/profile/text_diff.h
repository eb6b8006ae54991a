// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace preseal::server {

// What changed between two texts, line by line: "+ " added, "- " removed, "  " two lines of context
// around them, "  ..." where more stayed the same. Equal texts give nothing. Texts of more than
// some thousand lines in their different middle are told as removed and added whole. Pure.
std::vector<std::string> DiffLines(std::string_view before, std::string_view after);

}  // namespace preseal::server
