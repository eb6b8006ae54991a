// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace preseal {

// A file linked into the program (see common/cmake/PresealEmbed.cmake). Points into the program's
// own read-only data.
struct EmbeddedFile {
  std::string_view path;  // relative, with '/', as in the embedded folder
  std::string_view content;
  std::string_view sha256_hex;
};

}  // namespace preseal
