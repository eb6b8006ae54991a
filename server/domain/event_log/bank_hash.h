// SPDX-License-Identifier: Apache-2.0
// Hashes of PCR banks by TPM algorithm id (TCG "Algorithm Registry", hash algorithms). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "common/base/bytes.h"

namespace preseal::server {

inline constexpr uint16_t kBankSha1 = 0x0004;
inline constexpr uint16_t kBankSha256 = 0x000B;
inline constexpr uint16_t kBankSha384 = 0x000C;
inline constexpr uint16_t kBankSha512 = 0x000D;
inline constexpr uint16_t kBankSm3 = 0x0012;

// Bytes of a digest the registry fixes; 0 for an algorithm we do not know.
size_t BankDigestBytes(uint16_t algorithm);
// True if BankHash gives a digest: OpenSSL may be built without SM3.
bool CanHashBank(uint16_t algorithm);
// Empty if the algorithm is unknown or OpenSSL lacks it.
Bytes BankHash(uint16_t algorithm, ByteView data);
// "sha1", "sha256", "sha384", "sha512", "sm3_256", as tpm2-tools and Linux write them; "0x0027" for
// what is not known.
std::string BankName(uint16_t algorithm);

}  // namespace preseal::server
