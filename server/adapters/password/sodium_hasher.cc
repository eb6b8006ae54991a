// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/password/sodium_hasher.h"

#include <sodium.h>

#include <array>

namespace preseal::server {

StatusOr<SodiumHasher> SodiumHasher::Open() {
  if (sodium_init() < 0) return Internal("libsodium cannot start");
  return SodiumHasher();
}

StatusOr<std::string> SodiumHasher::Hash(const Secret& password) {
  std::array<char, crypto_pwhash_STRBYTES> text{};
  const auto bytes = password.Reveal();
  if (crypto_pwhash_str(text.data(), reinterpret_cast<const char*>(bytes.data()), bytes.size(),
                        crypto_pwhash_OPSLIMIT_INTERACTIVE,
                        crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0) {
    return ResourceExhausted("not enough memory to hash a password");
  }
  return std::string(text.data());
}

bool SodiumHasher::Verify(const Secret& password, const std::string& hash) {
  const auto bytes = password.Reveal();
  return crypto_pwhash_str_verify(hash.c_str(), reinterpret_cast<const char*>(bytes.data()),
                                  bytes.size()) == 0;
}

}  // namespace preseal::server
