// SPDX-License-Identifier: Apache-2.0
// EFI_GUID as text (UEFI Specification, "GUID and Time Formats"). Pure.
#pragma once

#include <string>
#include <string_view>

#include "common/base/bytes.h"

namespace preseal::server {

inline constexpr size_t kGuidBytes = 16;
inline constexpr std::string_view kGuidGlobalVariable = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
inline constexpr std::string_view kGuidSecurityDatabase = "d719b2cb-3d3a-4596-a3bc-dad00e67656f";
inline constexpr std::string_view kGuidShimLock = "605dab50-e046-4300-abb6-3dd810dd8b23";
inline constexpr std::string_view kGuidCertX509 = "a5c059a1-94e4-4aa7-87b5-ab155c2bf072";
inline constexpr std::string_view kGuidCertSha256 = "c1c41626-504c-4092-aca9-41f936934328";

// "8be4df61-93ca-11d2-aa0d-00e098032b8c"; "" unless `bytes` is kGuidBytes long.
std::string FormatGuid(ByteView bytes);
// The bytes of a text FormatGuid gives. Aborts on any other: for constants only.
Bytes GuidBytes(std::string_view text);

}  // namespace preseal::server
