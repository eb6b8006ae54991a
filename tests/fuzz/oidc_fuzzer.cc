// SPDX-License-Identifier: Apache-2.0
// What an identity provider answers: metadata, codes, tokens, key sets, claims. The ID token is
// held against a published key whose private half is gone.
#include <cstdlib>

#include "common/base/limits.h"
#include "server/adapters/oidc/id_token.h"
#include "server/adapters/oidc/oidc_messages.h"

namespace {

namespace server = preseal::server;

constexpr char kIssuer[] = "https://id.example";

void Check(bool invariant) {
  if (!invariant) std::abort();
}

// RFC 7517, appendix A.1, without the key's use.
const std::vector<server::ProviderKey>& Keys() {
  static const auto keys =
      server::ParseJwkSet(R"({"keys":[{"kty":"EC","crv":"P-256","kid":"1",)"
                          R"("x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",)"
                          R"("y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]})");
  Check(keys.ok() && keys->size() == 1);
  return *keys;
}

void CheckAuthorization(std::string_view text) {
  const auto begun = server::ParseDeviceAuthorization(text);
  if (!begun.ok()) return;
  Check(!begun->user_code.empty() && begun->user_code.size() <= preseal::kUserCodeBytesMax);
  Check(server::IsHttpsUrl(begun->verification_uri));
  Check(begun->interval >= std::chrono::seconds(1) &&
        begun->interval <= preseal::kSignInIntervalMax);
  Check(begun->expires_in >= std::chrono::seconds(1) &&
        begun->expires_in <= preseal::kSignInCodeLifeMax);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  CheckAuthorization(text);
  const auto metadata = server::ParseMetadata(text, kIssuer);
  Check(!metadata.ok() || server::IsHttpsUrl(metadata->token_endpoint));
  static_cast<void>(server::ParseOidcTokens(text));
  static_cast<void>(server::DescribeOauthError(text));
  Check(server::ParseTokenError(text) != server::SignInOutcome::kSignedIn);
  Check(server::UserOf(text, "").username.size() <= preseal::kNameBytesMax);
  Check(server::SubjectOf(text).size() <= preseal::kSubjectBytesMax);
  if (const auto keys = server::ParseJwkSet(text); keys.ok()) {
    Check(keys->size() <= preseal::kProviderKeysMax);
  }
  const auto verdict =
      server::VerifyIdToken(text, Keys(), {kIssuer, "preseal"}, preseal::WallTime());
  Check(!verdict.accepted() && verdict.claims.empty());
  return 0;
}
