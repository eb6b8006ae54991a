// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <utility>

#include "common/base/bytes.h"

namespace preseal::tpmwire {

// Appends big-endian TPM fields to a buffer. Pure, not thread-safe.
class Writer {
 public:
  Writer& U8(uint8_t value) { return Number(value, 1); }
  Writer& U16(uint16_t value) { return Number(value, 2); }
  Writer& U32(uint32_t value) { return Number(value, 4); }
  Writer& U64(uint64_t value) { return Number(value, 8); }
  Writer& Raw(ByteView bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  // TPM2B: 2-byte length, bytes. Aborts above 65535 bytes, which no TPM structure reaches.
  Writer& Sized(ByteView bytes) {
    if (bytes.size() > 0xFFFF) std::abort();
    return U16(static_cast<uint16_t>(bytes.size())).Raw(bytes);
  }

  ByteView view() const { return bytes_; }
  Bytes Take() { return std::move(bytes_); }

 private:
  Writer& Number(uint64_t value, int width) {
    for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) {
      bytes_.push_back(static_cast<uint8_t>(value >> shift));
    }
    return *this;
  }
  Bytes bytes_;
};

}  // namespace preseal::tpmwire
