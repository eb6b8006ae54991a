// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace preseal::process::internal {

// Cuts a byte stream into lines. Not thread-safe.
class LineSplitter {
 public:
  // `emit` gets each line without "\n" or "\r\n", in pieces of at most `bytes_max`.
  LineSplitter(size_t bytes_max, std::function<void(std::string_view)> emit);
  void Feed(std::string_view bytes);
  // Hands out a last line that had no end.
  void Finish();

 private:
  void EmitLine();

  size_t bytes_max_;
  std::function<void(std::string_view)> emit_;
  std::string line_;
};

}  // namespace preseal::process::internal
