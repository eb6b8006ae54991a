// SPDX-License-Identifier: Apache-2.0
// A provider's keys and the ID tokens it signs with them; for tests.
#pragma once

#include <cjose/cjose.h>

#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "common/crypto/encoding.h"

namespace preseal::server::test {

struct ReleaseJwk {
  void operator()(cjose_jwk_t* key) const { cjose_jwk_release(key); }
};
using Jwk = std::unique_ptr<cjose_jwk_t, ReleaseJwk>;

inline Jwk MakeEcKey(const std::string& kid, cjose_jwk_ec_curve curve = CJOSE_JWK_EC_P_256) {
  cjose_err error{};
  Jwk key(cjose_jwk_create_EC_random(curve, &error));
  if (!key || !cjose_jwk_set_kid(key.get(), kid.data(), kid.size(), &error)) std::abort();
  return key;
}

inline Jwk MakeRsaKey(const std::string& kid, size_t bits) {
  static constexpr uint8_t kExponent[] = {1, 0, 1};
  cjose_err error{};
  Jwk key(cjose_jwk_create_RSA_random(bits, kExponent, sizeof(kExponent), &error));
  if (!key || !cjose_jwk_set_kid(key.get(), kid.data(), kid.size(), &error)) std::abort();
  return key;
}

inline Jwk MakeHmacKey(const std::string& secret) {
  cjose_err error{};
  Jwk key(cjose_jwk_create_oct_spec(reinterpret_cast<const uint8_t*>(secret.data()), secret.size(),
                                    &error));
  if (!key) std::abort();
  return key;
}

// The public half, as a provider publishes it.
inline nlohmann::json Published(const Jwk& key) {
  cjose_err error{};
  char* const text = cjose_jwk_to_json(key.get(), /*priv=*/false, &error);
  if (text == nullptr) std::abort();
  nlohmann::json json = nlohmann::json::parse(text);
  cjose_get_dealloc()(text);
  return json;
}

inline std::string JwkSet(const nlohmann::json& keys) {
  return nlohmann::json{{"keys", keys}}.dump();
}

// A compact JWS over `claims`; `header` holds texts and arrays.
inline std::string SignToken(const Jwk& key, const nlohmann::json& header,
                             const std::string& claims) {
  cjose_err error{};
  cjose_header_t* const protected_header = cjose_header_new(&error);
  for (const auto& [name, value] : header.items()) {
    const bool set =
        value.is_string()
            ? cjose_header_set(protected_header, name.c_str(),
                               value.get_ref<const std::string&>().c_str(), &error)
            : cjose_header_set_raw(protected_header, name.c_str(), value.dump().c_str(), &error);
    if (!set) std::abort();
  }
  cjose_jws_t* const jws =
      cjose_jws_sign(key.get(), protected_header, reinterpret_cast<const uint8_t*>(claims.data()),
                     claims.size(), &error);
  const char* text = nullptr;
  if (jws == nullptr || !cjose_jws_export(jws, &text, &error)) std::abort();
  std::string token = text;
  cjose_jws_release(jws);
  cjose_header_release(protected_header);
  return token;
}

inline std::string UnsignedToken(const nlohmann::json& header, const nlohmann::json& claims) {
  return crypto::Base64UrlEncode(AsBytes(header.dump())) + '.' +
         crypto::Base64UrlEncode(AsBytes(claims.dump())) + '.';
}

}  // namespace preseal::server::test
