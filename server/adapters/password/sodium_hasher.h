// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/status/status.h"
#include "server/service/accounts.h"

namespace preseal::server {

// Argon2id through libsodium, INTERACTIVE limits (64 MiB, about a tenth of a second): enough
// against guessing a stolen table, small enough for kPasswordHashThreads at once. Thread-safe.
class SodiumHasher final : public PasswordHasher {
 public:
  // Internal if libsodium cannot start (no randomness).
  static StatusOr<SodiumHasher> Open();
  StatusOr<std::string> Hash(const Secret& password) override;
  bool Verify(const Secret& password, const std::string& hash) override;

 private:
  SodiumHasher() = default;
};

}  // namespace preseal::server
