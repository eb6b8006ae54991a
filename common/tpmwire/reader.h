// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "common/base/bytes.h"
#include "common/status/status.h"

namespace preseal::tpmwire {

// Takes big-endian TPM fields off the front of borrowed bytes; never reads past the end. Every
// error is InvalidArgument and names `what`. Pure, not thread-safe; the bytes must outlive it.
class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}

  StatusOr<uint8_t> U8(std::string_view what);
  StatusOr<uint16_t> U16(std::string_view what);
  StatusOr<uint32_t> U32(std::string_view what);
  StatusOr<uint64_t> U64(std::string_view what);
  StatusOr<ByteView> Raw(size_t size, std::string_view what);
  // TPM2B: 2-byte length, at most `size_max`, then as many bytes.
  StatusOr<ByteView> Sized(size_t size_max, std::string_view what);

  size_t remaining() const { return rest_.size(); }
  // Error if bytes are left over: every structure ends where its last field ends.
  Status End(std::string_view what) const;

 private:
  StatusOr<uint64_t> Number(size_t width, std::string_view what);
  ByteView rest_;
};

}  // namespace preseal::tpmwire
