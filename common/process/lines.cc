// SPDX-License-Identifier: Apache-2.0
#include "common/process/lines.h"

#include <algorithm>
#include <utility>

namespace preseal::process::internal {

LineSplitter::LineSplitter(size_t bytes_max, std::function<void(std::string_view)> emit)
    : bytes_max_(bytes_max), emit_(std::move(emit)) {}

void LineSplitter::Feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    const size_t take = std::min({end, bytes.size(), bytes_max_ - line_.size()});
    line_.append(bytes.substr(0, take));
    bytes.remove_prefix(take);
    if (!bytes.empty() && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      EmitLine();
    } else if (line_.size() == bytes_max_ && !bytes.empty()) {
      EmitLine();
    }
  }
}

void LineSplitter::Finish() {
  if (!line_.empty()) EmitLine();
}

void LineSplitter::EmitLine() {
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  emit_(line_);
  line_.clear();
}

}  // namespace preseal::process::internal
