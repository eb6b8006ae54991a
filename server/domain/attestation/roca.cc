// SPDX-License-Identifier: Apache-2.0
#include "server/domain/attestation/roca.h"

#include <algorithm>
#include <cstdint>

namespace preseal::server {
namespace {

// The odd primes up to 167, whose product the faulty generator works modulo (Nemec and others, "The
// Return of Coppersmith's Attack", CCS 2017, section 2).
constexpr uint32_t kPrimes[] = {3,   5,   7,   11,  13,  17,  19,  23,  29,  31,  37,  41,  43,
                                47,  53,  59,  61,  67,  71,  73,  79,  83,  89,  97,  101, 103,
                                107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};
constexpr uint32_t kGenerator = 65537;

uint32_t Remainder(ByteView number, uint32_t prime) {
  uint32_t remainder = 0;
  for (const uint8_t byte : number) remainder = (remainder << 8 | byte) % prime;
  return remainder;
}

bool IsPowerOfGenerator(uint32_t value, uint32_t prime) {
  uint32_t power = 1;
  do {
    if (power == value) return true;
    power = power * (kGenerator % prime) % prime;
  } while (power != 1);
  return false;
}

}  // namespace

bool HasRocaFingerprint(ByteView modulus) {
  return std::all_of(std::begin(kPrimes), std::end(kPrimes), [&](uint32_t prime) {
    return IsPowerOfGenerator(Remainder(modulus, prime), prime);
  });
}

}  // namespace preseal::server
