// SPDX-License-Identifier: Apache-2.0
// What an identity provider answers, taken apart. Pure; every text is UTF-8 JSON of at most
// kSignInAnswerBytesMax, unknown members are ignored.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/status/status.h"
#include "server/service/user_flow/sign_in_provider.h"

namespace preseal::server {

// True for "https://HOST…" of at most kUrlBytesMax printable ASCII characters without a fragment.
bool IsHttpsUrl(std::string_view text);

// OpenID Provider Metadata (OpenID Connect Discovery 1.0, section 3; RFC 8628 section 4).
struct OidcMetadata {
  std::string device_authorization_endpoint;
  std::string token_endpoint;
  std::string jwks_uri;
  std::string userinfo_endpoint;  // may be empty
};
// UNAVAILABLE: no JSON object. FAILED_PRECONDITION: the issuer is not exactly `issuer` (a provider
// must not speak for another), no device authorization grant, an endpoint that is not https.
StatusOr<OidcMetadata> ParseMetadata(std::string_view json, std::string_view issuer);

// RFC 8628 section 3.2. UNAVAILABLE: a member is missing, of a wrong type or too long, or an
// address is not https. Intervals and lives beyond our limits are cut to them.
StatusOr<DeviceAuthorization> ParseDeviceAuthorization(std::string_view json);

// The good answer of the token endpoint; its other tokens are not used.
struct OidcTokens {
  std::string id_token;
  std::string access_token;  // for the userinfo endpoint; may be empty
};
// FAILED_PRECONDITION: no id_token, which is what a missing scope "openid" leads to.
StatusOr<OidcTokens> ParseOidcTokens(std::string_view json);

// The token endpoint's refusal of a poll (RFC 6749 section 5.2, RFC 8628 section 3.5): kPending,
// kSlowDown, kDenied or kExpired; nothing for every other error and what is none.
std::optional<SignInOutcome> ParseTokenError(std::string_view json);

// "invalid_scope: requested scope is not whitelisted" of an OAuth error; empty if it is none.
std::string DescribeOauthError(std::string_view json);

}  // namespace preseal::server
