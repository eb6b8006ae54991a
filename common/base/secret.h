// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "common/base/bytes.h"

namespace preseal {

// Bytes that are wiped when dropped and have no print operator. Move only. Not thread-safe.
class Secret {
 public:
  Secret() = default;
  explicit Secret(Bytes bytes) : bytes_(std::move(bytes)) {}
  explicit Secret(std::string_view text) : bytes_(ToBytes(text)) {}
  Secret(Secret&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { Wipe(); }

  // The one way to read it; do not copy the result into an ordinary string that outlives the use.
  ByteView Reveal() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }

 private:
  void Wipe();
  Bytes bytes_;
};

// True if equal; time depends only on the lengths.
bool ConstantTimeEqual(ByteView a, ByteView b);

}  // namespace preseal
