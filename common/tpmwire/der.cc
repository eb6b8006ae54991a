// SPDX-License-Identifier: Apache-2.0
#include "common/tpmwire/der.h"

#include <fmt/format.h>

namespace preseal::tpmwire::der {
namespace {

// Length octets after the tag; minimal, definite, at most 4 octets.
StatusOr<size_t> TakeLength(ByteView& bytes) {
  if (bytes.empty()) return InvalidArgument("DER: truncated in a length");
  const uint8_t first = bytes[0];
  bytes = bytes.subspan(1);
  if (first < 0x80) return first;
  const size_t width = first & 0x7F;
  if (width == 0) return InvalidArgument("DER: indefinite length");
  if (width > 4 || width > bytes.size()) return InvalidArgument("DER: truncated in a length");
  size_t length = 0;
  for (size_t i = 0; i < width; ++i) length = length << 8 | bytes[i];
  if (bytes[0] == 0 || length < 0x80) return InvalidArgument("DER: length is not minimal");
  bytes = bytes.subspan(width);
  return length;
}

}  // namespace

StatusOr<Element> Take(ByteView& bytes) {
  const ByteView start = bytes;
  if (bytes.empty()) return InvalidArgument("DER: empty");
  Element element;
  element.tag = bytes[0];
  if ((element.tag & 0x1F) == 0x1F) return InvalidArgument("DER: multi-byte tag");
  ByteView rest = bytes.subspan(1);
  ASSIGN_OR_RETURN(const size_t length, TakeLength(rest));
  if (length > rest.size()) {
    return InvalidArgument(fmt::format("DER: {} bytes announced, {} there", length, rest.size()));
  }
  element.content = rest.first(length);
  bytes = rest.subspan(length);
  element.whole = start.first(start.size() - bytes.size());
  return element;
}

StatusOr<Element> Take(ByteView& bytes, uint8_t tag) {
  ByteView rest = bytes;
  ASSIGN_OR_RETURN(const Element element, Take(rest));
  if (element.tag != tag) {
    return InvalidArgument(
        fmt::format("DER: tag 0x{:02X} where 0x{:02X} is due", element.tag, tag));
  }
  bytes = rest;
  return element;
}

Bytes Tlv(uint8_t tag, ByteView content) {
  Bytes out = {tag};
  const size_t length = content.size();
  if (length < 0x80) {
    out.push_back(static_cast<uint8_t>(length));
  } else {
    Bytes big_endian;
    for (size_t rest = length; rest != 0; rest >>= 8) {
      big_endian.insert(big_endian.begin(), static_cast<uint8_t>(rest));
    }
    out.push_back(static_cast<uint8_t>(0x80 | big_endian.size()));
    out.insert(out.end(), big_endian.begin(), big_endian.end());
  }
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

Bytes Sequence(std::initializer_list<ByteView> parts) {
  Bytes content;
  for (const ByteView part : parts) content.insert(content.end(), part.begin(), part.end());
  return Tlv(kSequence, content);
}

Bytes UnsignedInteger(ByteView big_endian) {
  while (big_endian.size() > 1 && big_endian[0] == 0) big_endian = big_endian.subspan(1);
  Bytes content = ToBytes(big_endian);
  if (content.empty() || content[0] >= 0x80) content.insert(content.begin(), 0);
  return Tlv(kInteger, content);
}

}  // namespace preseal::tpmwire::der
