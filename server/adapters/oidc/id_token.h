// SPDX-License-Identifier: Apache-2.0
// Who an ID token says signed in (OpenID Connect Core 1.0, section "ID Token"), and whether that is
// to be believed. Signatures by cjose. Pure, thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/status/status.h"
#include "server/service/user_flow/sign_in_provider.h"

namespace preseal::server {

// One key of a provider that can verify what we accept; the rest of its set is left out.
struct ProviderKey {
  std::string id;   // "kid"; may be empty
  std::string alg;  // what it verifies: "RS256" or "ES256"
  std::string jwk;  // JSON (RFC 7517). Text, because cjose's handles are not shared by threads
};

// A JWK Set (RFC 7517) of at most kProviderKeysMax keys: RSA of kRsaBitsMin bits or more and EC on
// P-256, unless "use" or "alg" say that they are for something else. UNAVAILABLE: it is no set.
StatusOr<std::vector<ProviderKey>> ParseJwkSet(std::string_view json);

enum class IdTokenOutcome {
  kMalformed,  // not a compact JWS of at most kIdTokenBytesMax over a JSON object
  kAccepted,
  kWrongAlgorithm,  // none, HS256 and everything else but RS256 and ES256; a "crit" header
  kUnknownKey,      // no key of that "kid" for that algorithm, or more than one
  kBadSignature,
  kWrongIssuer,
  kWrongAudience,  // not for this client, or issued to another one ("azp")
  kExpired,
  kNotYetValid,  // issued or valid only later than now
  kNoSubject,
};
// "malformed", "accepted", "wrong algorithm", …
std::string_view ToText(IdTokenOutcome outcome);

struct IdTokenPolicy {
  std::string_view issuer;
  std::string_view client_id;
};

struct IdTokenVerdict {
  IdTokenOutcome outcome = IdTokenOutcome::kMalformed;
  std::string subject;  // both only if accepted;
  std::string claims;   // a JSON object
  bool accepted() const { return outcome == IdTokenOutcome::kAccepted; }
};

// Times may be off by kIdTokenClockLeeway. Does NOT check "nonce" (this grant has none) nor
// "at_hash": both tokens come in one answer over a connection that names the provider.
IdTokenVerdict VerifyIdToken(const std::string& token, const std::vector<ProviderKey>& keys,
                             const IdTokenPolicy& policy, WallTime now);

// Issuer and subject aside, the user of claims (of an ID token or of the userinfo endpoint).
//   username_claim  as OidcSettings. An e-mail address which the provider calls unverified names
//                   nobody, because anybody may enter it there; without such a setting it must be
//                   called verified.
// The username is empty if there is none, or none of 1 to kNameBytesMax printable bytes; so are the
// other texts.
SignedInUser UserOf(std::string_view claims, std::string_view username_claim);

// The "sub" of a JSON object of claims; empty if it has none that is 1 to kSubjectBytesMax
// printable ASCII characters.
std::string SubjectOf(std::string_view claims);

}  // namespace preseal::server
