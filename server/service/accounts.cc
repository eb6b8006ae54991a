// SPDX-License-Identifier: Apache-2.0
#include "server/service/accounts.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.h"
#include "common/crypto/digest.h"
#include "common/crypto/encoding.h"
#include "common/crypto/random.h"

namespace preseal::server {
namespace {

constexpr size_t kTokenBytes = 32;
constexpr size_t kTokenIdBytes = 8;
constexpr std::string_view kTokenPrefix = "ps_";
constexpr size_t kBearerBytesMax = 256;
constexpr auto kLastUseResolution = std::chrono::minutes(5);  // one write per token in this time

constexpr std::string_view kWrongLogin = "wrong user name or password";

Bytes Sha256Of(std::string_view text) {
  const auto digest = crypto::Sha256(AsBytes(text));
  return Bytes(digest.begin(), digest.end());
}

StatusOr<std::string> RandomText(size_t bytes) {
  ASSIGN_OR_RETURN(const Bytes random, crypto::RandomBytes(bytes));
  return crypto::Base64UrlEncode(random);
}

Status CheckPassword(const Secret& password) {
  const size_t size = password.Reveal().size();
  if (size >= kPasswordBytesMin && size <= kPasswordBytesMax) return OkStatus();
  return InvalidArgument(
      fmt::format("a password needs {} to {} characters", kPasswordBytesMin, kPasswordBytesMax));
}

Status CheckUsername(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' ||
           c == '@';
  };
  if (!name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), allowed)) {
    return OkStatus();
  }
  return InvalidArgument("a user name is 1 to 64 of a-z, 0-9, '.', '-', '_' or '@'");
}

}  // namespace

Accounts::Accounts(Store& store, const Clock& clock, PasswordHasher& hasher)
    : store_(store), clock_(clock), hasher_(hasher) {
  const auto decoy = hasher_.Hash(Secret("decoy for names nobody has"));
  if (decoy.ok()) decoy_hash_ = *decoy;
}

StatusOr<Accounts::LoginGrant> Accounts::Login(std::string_view username, const Secret& password,
                                               const Secret& new_password) {
  if (password.Reveal().size() > kPasswordBytesMax) return InvalidArgument("password too long");
  User user;
  const Status found = store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(user, tx.accounts.GetUser(username));
    return OkStatus();
  });
  if (!found.ok() && found.code() != StatusCode::kNotFound) return found;
  const WallTime now = clock_.Now();
  if (found.ok() && user.failure_window_start &&
      now < *user.failure_window_start + kLoginFailureWindow &&
      user.failures >= kLoginFailuresMax) {
    return ResourceExhausted("too many wrong passwords for this user, wait five minutes");
  }
  if (!hasher_.Verify(password, found.ok() ? user.password_hash : decoy_hash_) || !found.ok()) {
    if (found.ok()) RETURN_IF_ERROR(CountFailure(username));
    return Unauthenticated(kWrongLogin);
  }
  if (user.one_time && new_password.empty()) {
    return FailedPrecondition("this password was for one login: choose a new password");
  }
  if (!new_password.empty()) {
    RETURN_IF_ERROR(CheckPassword(new_password));
    if (ConstantTimeEqual(new_password.Reveal(), password.Reveal())) {
      return InvalidArgument("the new password must differ from the old one");
    }
    ASSIGN_OR_RETURN(user.password_hash, hasher_.Hash(new_password));
    user.one_time = false;
  }
  user.failures = 0;
  user.failure_window_start.reset();
  return OpenSession(std::move(user));
}

StatusOr<Accounts::LoginGrant> Accounts::OpenSession(User user) {
  LoginGrant grant;
  ASSIGN_OR_RETURN(grant.token, RandomText(kTokenBytes));
  const WallTime now = clock_.Now();
  grant.expire_time = now + kSessionLife;
  grant.principal = {.name = user.username, .role = user.role};
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) -> Status {
    RETURN_IF_ERROR(tx.accounts.PutUser(user));
    RETURN_IF_ERROR(tx.accounts.PutSession({.token_sha256 = Sha256Of(grant.token),
                                            .username = user.username,
                                            .create_time = now,
                                            .expire_time = grant.expire_time}));
    return tx.audit.Record({.time = now,
                            .actor = user.username,
                            .action = "session.open",
                            .subject = "users/" + user.username});
  }));
  return grant;
}

Status Accounts::CountFailure(std::string_view username) {
  const WallTime now = clock_.Now();
  return store_.WriteAndWait([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(User user, tx.accounts.GetUser(username));
    if (!user.failure_window_start || now >= *user.failure_window_start + kLoginFailureWindow) {
      user.failure_window_start = now;
      user.failures = 0;
    }
    ++user.failures;
    return tx.accounts.PutUser(user);
  });
}

Status Accounts::Logout(std::string_view bearer) {
  const Bytes digest = Sha256Of(bearer);
  return store_.WriteAndWait([&](Tx& tx) { return tx.accounts.DropSession(digest); });
}

StatusOr<Principal> Accounts::Resolve(std::string_view bearer) {
  if (bearer.empty()) return Unauthenticated("no credentials: log in or send an API token");
  if (bearer.size() > kBearerBytesMax) return Unauthenticated("credentials not understood");
  return bearer.starts_with(kTokenPrefix) ? ResolveToken(bearer) : ResolveSession(bearer);
}

StatusOr<Principal> Accounts::ResolveSession(std::string_view bearer) {
  Principal principal;
  const Status status = store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(const Session session, tx.accounts.FindSession(Sha256Of(bearer)));
    if (session.expire_time <= clock_.Now()) return Unauthenticated("session expired, log in");
    ASSIGN_OR_RETURN(const User user, tx.accounts.GetUser(session.username));
    principal = {.name = user.username, .role = user.role};
    return OkStatus();
  });
  if (status.code() == StatusCode::kNotFound) return Unauthenticated("unknown session, log in");
  RETURN_IF_ERROR(status);
  return principal;
}

StatusOr<Principal> Accounts::ResolveToken(std::string_view bearer) {
  std::string_view rest = bearer.substr(kTokenPrefix.size());
  const size_t split = rest.find('.');
  if (split == std::string_view::npos) return Unauthenticated("API token not understood");
  const std::string token_id(rest.substr(0, split));
  ApiToken token;
  const Status status = store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(token, tx.accounts.FindToken(token_id));
    return OkStatus();
  });
  if (status.code() == StatusCode::kNotFound) return Unauthenticated("unknown API token");
  RETURN_IF_ERROR(status);
  if (!ConstantTimeEqual(Sha256Of(rest.substr(split + 1)), token.secret_sha256)) {
    return Unauthenticated("unknown API token");
  }
  if (token.revoked) return Unauthenticated("this API token was revoked");
  const WallTime now = clock_.Now();
  if (token.expire_time <= now) return Unauthenticated("this API token has expired");
  if (!token.last_use_time || now - *token.last_use_time > kLastUseResolution) {
    // Informative only: nobody waits for it, and a refusal of the write changes no answer.
    // The record is read again: written back as it was read above, it would undo a revocation that
    // came in between.
    store_.Write(
        [token_id, now](Tx& tx) -> Status {
          ASSIGN_OR_RETURN(ApiToken used, tx.accounts.FindToken(token_id));
          used.last_use_time = now;
          return tx.accounts.PutToken(used);
        },
        [](const Status&) {});
  }
  return Principal{.name = "token:" + token.token_id, .role = token.role, .batches = token.batches};
}

StatusOr<std::string> Accounts::CreateUser(std::string_view username, Role role) {
  RETURN_IF_ERROR(CheckUsername(username));
  ASSIGN_OR_RETURN(const std::string password, RandomText(15));
  User user{.username = std::string(username), .role = role, .one_time = true};
  ASSIGN_OR_RETURN(user.password_hash, hasher_.Hash(Secret(password)));
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) -> Status {
    if (tx.accounts.GetUser(username).ok()) {
      return AlreadyExists(fmt::format("there is a user {} already", username));
    }
    RETURN_IF_ERROR(tx.accounts.PutUser(user));
    return tx.audit.Record({.time = clock_.Now(),
                            .actor = "server",
                            .action = "user.create",
                            .subject = "users/" + user.username,
                            .detail = std::string(NameOf(role))});
  }));
  return password;
}

StatusOr<Accounts::NewToken> Accounts::CreateToken(const Principal& actor,
                                                   std::string_view display_name, Role role,
                                                   std::vector<BatchId> batches,
                                                   WallTime expire_time) {
  const WallTime now = clock_.Now();
  if (expire_time <= now) return InvalidArgument("expire_time lies in the past");
  if (expire_time > now + kApiTokenLifeMax)
    return InvalidArgument("expire_time is over a year away");
  if (display_name.empty() || display_name.size() > kNameBytesMax) {
    return InvalidArgument("display_name must have 1 to 256 characters");
  }
  if (role == Role::kReseller && batches.empty()) {
    return InvalidArgument("a reseller's token needs at least one batch");
  }
  NewToken made;
  ASSIGN_OR_RETURN(const Bytes id, crypto::RandomBytes(kTokenIdBytes));
  ASSIGN_OR_RETURN(const std::string secret, RandomText(kTokenBytes));
  made.token = {.token_id = ToHex(id),
                .secret_sha256 = Sha256Of(secret),
                .display_name = std::string(display_name),
                .role = role,
                .batches = std::move(batches),
                .create_time = now,
                .expire_time = expire_time};
  made.secret = fmt::format("{}{}.{}", kTokenPrefix, made.token.token_id, secret);
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) -> Status {
    RETURN_IF_ERROR(tx.accounts.PutToken(made.token));
    return tx.audit.Record({.time = now,
                            .actor = actor.name,
                            .action = "token.create",
                            .subject = "apiTokens/" + made.token.token_id,
                            .detail = std::string(NameOf(role))});
  }));
  return made;
}

StatusOr<std::vector<ApiToken>> Accounts::ListTokens() {
  std::vector<ApiToken> tokens;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(tokens, tx.accounts.ListTokens());
    return OkStatus();
  }));
  return tokens;
}

Status Accounts::RevokeToken(const Principal& actor, std::string_view token_id) {
  return store_.WriteAndWait([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(ApiToken token, tx.accounts.FindToken(token_id));
    if (token.revoked) return OkStatus();
    token.revoked = true;
    RETURN_IF_ERROR(tx.accounts.PutToken(token));
    return tx.audit.Record({.time = clock_.Now(),
                            .actor = actor.name,
                            .action = "token.revoke",
                            .subject = "apiTokens/" + token.token_id});
  });
}

}  // namespace preseal::server
