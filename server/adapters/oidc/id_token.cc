// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/oidc/id_token.h"

#include <cjose/cjose.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/crypto/encoding.h"
#include "server/adapters/oidc/json_object.h"

namespace preseal::server {
namespace {

using Json = nlohmann::json;

struct ReleaseKey {
  void operator()(cjose_jwk_t* key) const { cjose_jwk_release(key); }
};
struct ReleaseJws {
  void operator()(cjose_jws_t* jws) const { cjose_jws_release(jws); }
};
using JwkHandle = std::unique_ptr<cjose_jwk_t, ReleaseKey>;
using JwsHandle = std::unique_ptr<cjose_jws_t, ReleaseJws>;

// Which algorithm a key may verify; empty: none of ours. The key decides, not the token: a public
// key must never serve as an HMAC secret.
std::string AlgorithmOf(const Json& jwk) {
  const std::string type = TextAt(jwk, "kty");
  std::string alg;
  if (type == "RSA") alg = "RS256";
  if (type == "EC" && TextAt(jwk, "crv") == "P-256") alg = "ES256";
  if (jwk.contains("use") && TextAt(jwk, "use") != "sig") return {};
  if (jwk.contains("alg") && TextAt(jwk, "alg") != alg) return {};
  return alg;
}

bool IsUsable(const std::string& jwk, std::string_view alg) {
  cjose_err error{};
  const JwkHandle key(cjose_jwk_import(jwk.data(), jwk.size(), &error));
  return key && (alg != "RS256" || cjose_jwk_get_keysize(key.get(), &error) >= kRsaBitsMin);
}

std::string HeaderText(cjose_header_t* header, const char* name) {
  cjose_err error{};
  const char* const text = cjose_header_get(header, name, &error);
  return text == nullptr ? std::string() : std::string(text);
}

// RFC 7515 section 4.1.11: who does not understand a critical extension must refuse. cjose neither
// looks at it nor gives values that are no texts.
bool NamesExtensions(std::string_view token) {
  const auto header = crypto::Base64UrlDecode(token.substr(0, token.find('.')));
  return !header.ok() || ParseJsonObject(AsText(*header)).contains("crit");
}

// The one key the token may mean. A token without "kid" needs a set with one such key only.
const ProviderKey* FindKey(const std::vector<ProviderKey>& keys, std::string_view id,
                           std::string_view alg) {
  const ProviderKey* found = nullptr;
  for (const ProviderKey& key : keys) {
    if (key.alg != alg || (!id.empty() && key.id != id)) continue;
    if (found != nullptr) return nullptr;
    found = &key;
  }
  return found;
}

// Whether the signature holds; `payload` only if it does.
IdTokenOutcome CheckSignature(const std::string& token, const std::vector<ProviderKey>& keys,
                              std::string* payload) {
  cjose_err error{};
  if (token.size() > kIdTokenBytesMax) return IdTokenOutcome::kMalformed;
  const JwsHandle jws(cjose_jws_import(token.data(), token.size(), &error));
  if (!jws) return IdTokenOutcome::kMalformed;
  cjose_header_t* const header = cjose_jws_get_protected(jws.get());
  const std::string alg = HeaderText(header, CJOSE_HDR_ALG);
  if (alg != "RS256" && alg != "ES256") return IdTokenOutcome::kWrongAlgorithm;
  if (NamesExtensions(token)) return IdTokenOutcome::kWrongAlgorithm;
  const ProviderKey* const known = FindKey(keys, HeaderText(header, CJOSE_HDR_KID), alg);
  if (known == nullptr) return IdTokenOutcome::kUnknownKey;
  const JwkHandle key(cjose_jwk_import(known->jwk.data(), known->jwk.size(), &error));
  if (!key || !cjose_jws_verify(jws.get(), key.get(), &error)) {
    return IdTokenOutcome::kBadSignature;
  }
  uint8_t* bytes = nullptr;  // stays the token's
  size_t length = 0;
  if (!cjose_jws_get_plaintext(jws.get(), &bytes, &length, &error)) {
    return IdTokenOutcome::kMalformed;
  }
  payload->assign(reinterpret_cast<const char*>(bytes), length);
  return IdTokenOutcome::kAccepted;
}

bool IsFor(const Json& claims, std::string_view client_id) {
  const auto audience = claims.find("aud");
  if (audience == claims.end()) return false;
  const auto names_us = [&](const Json& one) {
    return one.is_string() && one.get_ref<const std::string&>() == client_id;
  };
  const bool many = audience->is_array() && audience->size() > 1;
  const bool ours = audience->is_array() ? std::any_of(audience->begin(), audience->end(), names_us)
                                         : names_us(*audience);
  if (!ours) return false;
  // Asked for by one client and made for several: only the asker may use it.
  return claims.contains("azp") ? TextAt(claims, "azp") == client_id : !many;
}

// NumericDate, which may have a fraction; NaN if it is missing or no number.
double TimeAt(const Json& claims, const char* name) {
  const auto found = claims.find(name);
  return found != claims.end() && found->is_number() ? found->get<double>() : std::nan("");
}

// Written so that NaN fails.
IdTokenOutcome CheckTimes(const Json& claims, WallTime now) {
  const double at = std::chrono::duration<double>(now.time_since_epoch()).count();
  const double leeway = std::chrono::duration<double>(kIdTokenClockLeeway).count();
  if (!(at < TimeAt(claims, "exp") + leeway)) return IdTokenOutcome::kExpired;
  if (!(TimeAt(claims, "iat") <= at + leeway)) return IdTokenOutcome::kNotYetValid;
  if (claims.contains("nbf") && !(TimeAt(claims, "nbf") <= at + leeway)) {
    return IdTokenOutcome::kNotYetValid;
  }
  return IdTokenOutcome::kAccepted;
}

// Empty if somebody could not read it: too long, or with control characters.
std::string NameAt(const Json& claims, const std::string& name) {
  std::string text = TextAt(claims, name.c_str());
  const bool readable =
      text.size() <= kNameBytesMax &&
      std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; });
  return readable ? text : std::string();
}

std::string UsernameOf(const Json& claims, const std::string& claim) {
  const std::string name = NameAt(claims, claim.empty() ? "preferred_username" : claim);
  if (!claim.empty() && claim != "email") return name;
  if (claim.empty() && !name.empty()) return name;
  const auto verified = claims.find("email_verified");
  if (verified == claims.end()) return claim.empty() ? std::string() : name;
  return *verified == Json(true) ? NameAt(claims, "email") : std::string();
}

}  // namespace

std::string_view ToText(IdTokenOutcome outcome) {
  switch (outcome) {
    case IdTokenOutcome::kMalformed:
      return "malformed";
    case IdTokenOutcome::kAccepted:
      return "accepted";
    case IdTokenOutcome::kWrongAlgorithm:
      return "wrong algorithm";
    case IdTokenOutcome::kUnknownKey:
      return "unknown key";
    case IdTokenOutcome::kBadSignature:
      return "bad signature";
    case IdTokenOutcome::kWrongIssuer:
      return "wrong issuer";
    case IdTokenOutcome::kWrongAudience:
      return "wrong audience";
    case IdTokenOutcome::kExpired:
      return "expired";
    case IdTokenOutcome::kNotYetValid:
      return "not yet valid";
    case IdTokenOutcome::kNoSubject:
      return "no subject";
  }
  return "unknown";
}

StatusOr<std::vector<ProviderKey>> ParseJwkSet(std::string_view text) {
  const Json json = ParseJsonObject(text);
  const auto set = json.find("keys");
  if (json.is_null() || set == json.end() || !set->is_array()) {
    return Unavailable("the answer is no JSON Web Key Set");
  }
  if (set->size() > kProviderKeysMax) return Unavailable("the key set is too large");
  std::vector<ProviderKey> keys;
  for (const Json& jwk : *set) {
    if (!jwk.is_object()) continue;
    ProviderKey key{TextAt(jwk, "kid"), AlgorithmOf(jwk), jwk.dump()};
    if (!key.alg.empty() && IsUsable(key.jwk, key.alg)) keys.push_back(std::move(key));
  }
  return keys;
}

IdTokenVerdict VerifyIdToken(const std::string& token, const std::vector<ProviderKey>& keys,
                             const IdTokenPolicy& policy, WallTime now) {
  IdTokenVerdict verdict;
  std::string payload;
  verdict.outcome = CheckSignature(token, keys, &payload);
  if (!verdict.accepted()) return verdict;
  const Json claims = ParseJsonObject(payload);
  const std::string subject = SubjectOf(payload);
  if (claims.is_null()) {
    verdict.outcome = IdTokenOutcome::kMalformed;
  } else if (TextAt(claims, "iss") != policy.issuer) {
    verdict.outcome = IdTokenOutcome::kWrongIssuer;
  } else if (!IsFor(claims, policy.client_id)) {
    verdict.outcome = IdTokenOutcome::kWrongAudience;
  } else if (const auto times = CheckTimes(claims, now); times != IdTokenOutcome::kAccepted) {
    verdict.outcome = times;
  } else if (subject.empty()) {
    verdict.outcome = IdTokenOutcome::kNoSubject;
  } else {
    verdict.subject = subject;
    verdict.claims = std::move(payload);
  }
  return verdict;
}

SignedInUser UserOf(std::string_view text, std::string_view username_claim) {
  const Json claims = ParseJsonObject(text);
  SignedInUser user;
  if (claims.is_null()) return user;
  user.username = UsernameOf(claims, std::string(username_claim));
  user.display_name = NameAt(claims, "name");
  user.email = NameAt(claims, "email");
  return user;
}

std::string SubjectOf(std::string_view text) {
  const Json claims = ParseJsonObject(text);
  if (claims.is_null()) return {};
  std::string subject = TextAt(claims, "sub");
  const bool fits =
      subject.size() <= kSubjectBytesMax &&
      std::all_of(subject.begin(), subject.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return fits ? subject : std::string();
}

}  // namespace preseal::server
