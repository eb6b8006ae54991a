// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/secret.h"
#include "common/status/status.h"
#include "server/service/ports.h"
#include "server/service/principal.h"

namespace preseal::server {

// Slow, memory-hard password hashing; a port because it is random and costs 64 MiB a call.
// Thread-safe.
class PasswordHasher {
 public:
  virtual ~PasswordHasher() = default;
  // Text that Verify understands. ResourceExhausted when memory is short.
  virtual StatusOr<std::string> Hash(const Secret& password) = 0;
  virtual bool Verify(const Secret& password, const std::string& hash) = 0;
};

// Logs people in and resolves what a caller presents. Thread-safe; methods block on the store.
class Accounts {
 public:
  Accounts(Store& store, const Clock& clock, PasswordHasher& hasher);

  struct LoginGrant {
    std::string token;  // opaque, 256 bits
    Principal principal;
    WallTime expire_time;
  };
  // Unauthenticated: wrong name or password. FailedPrecondition: the password was one-time and
  // `new_password` is empty. InvalidArgument: `new_password` too short or long.
  // ResourceExhausted: kLoginFailuresMax refused logins within kLoginFailureWindow.
  StatusOr<LoginGrant> Login(std::string_view username, const Secret& password,
                             const Secret& new_password);
  Status Logout(std::string_view bearer);

  // `bearer` is a session token or an API token, without the "Bearer " prefix. Unauthenticated if
  // it is unknown, expired or revoked (the message says which of the last two).
  StatusOr<Principal> Resolve(std::string_view bearer);

  // Makes a user whose first login must set a new password; returns the one-time password.
  // AlreadyExists if the name is taken.
  StatusOr<std::string> CreateUser(std::string_view username, Role role);

  struct NewToken {
    ApiToken token;
    std::string secret;  // "ps_<id>.<base64url>"
  };
  StatusOr<NewToken> CreateToken(const Principal& actor, std::string_view display_name, Role role,
                                 std::vector<BatchId> batches, WallTime expire_time);
  StatusOr<std::vector<ApiToken>> ListTokens();
  Status RevokeToken(const Principal& actor, std::string_view token_id);  // NotFound

 private:
  StatusOr<Principal> ResolveSession(std::string_view bearer);
  StatusOr<Principal> ResolveToken(std::string_view bearer);
  Status CountFailure(std::string_view username);
  StatusOr<LoginGrant> OpenSession(User user);

  Store& store_;
  const Clock& clock_;
  PasswordHasher& hasher_;
  std::string decoy_hash_;  // checked for unknown names, so that they take as long
};

}  // namespace preseal::server
