// SPDX-License-Identifier: Apache-2.0
// The little DER that TPM evidence needs: walking tag-length-value, and writing it (ITU-T X.690,
// "Distinguished encoding rules"). Pure.
#pragma once

#include <cstdint>

#include "common/base/bytes.h"
#include "common/status/status.h"

namespace preseal::tpmwire::der {

inline constexpr uint8_t kInteger = 0x02;
inline constexpr uint8_t kBitString = 0x03;
inline constexpr uint8_t kNull = 0x05;
inline constexpr uint8_t kOid = 0x06;
inline constexpr uint8_t kUtf8String = 0x0C;
inline constexpr uint8_t kSequence = 0x30;
inline constexpr uint8_t kSet = 0x31;

struct Element {
  uint8_t tag = 0;
  ByteView content;
  ByteView whole;  // tag and length included
};

// Takes one element off the front of `bytes`. InvalidArgument: truncated, indefinite or
// non-minimal length, multi-byte tag.
StatusOr<Element> Take(ByteView& bytes);
// The same, and the tag must be `tag`.
StatusOr<Element> Take(ByteView& bytes, uint8_t tag);

// One element around `content`.
Bytes Tlv(uint8_t tag, ByteView content);
// A SEQUENCE of already encoded parts.
Bytes Sequence(std::initializer_list<ByteView> parts);
// A non-negative INTEGER from big-endian bytes; leading zeros are dropped, zero is one byte.
Bytes UnsignedInteger(ByteView big_endian);

}  // namespace preseal::tpmwire::der
