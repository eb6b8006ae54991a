// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648 section "Base 64 Encoding") and base64url without padding. Pure.
#pragma once

#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/status/status.h"

namespace preseal::crypto {

// With '=' padding, no line breaks.
std::string Base64Encode(ByteView bytes);
// "+" and "/" become "-" and "_"; no padding (RFC 7515 section "Terminology").
std::string Base64UrlEncode(ByteView bytes);

// Both decoders are strict, so that one byte string has exactly one text: INVALID_ARGUMENT on any
// character outside the alphabet (white space too), wrong length or padding, or unused bits set.
StatusOr<Bytes> Base64Decode(std::string_view text);
StatusOr<Bytes> Base64UrlDecode(std::string_view text);

}  // namespace preseal::crypto
