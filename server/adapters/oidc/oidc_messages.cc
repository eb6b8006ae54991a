// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/oidc/oidc_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "server/adapters/oidc/json_object.h"

namespace preseal::server {
namespace {

using Json = nlohmann::json;

StatusOr<Json> ParseObject(std::string_view text) {
  Json json = ParseJsonObject(text);
  if (json.is_null()) return Unavailable("the answer is not a JSON object");
  return json;
}

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// Whole seconds, at least 1; nothing if it is missing, and 0 if it is anything else.
std::optional<int64_t> SecondsAt(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end()) return std::nullopt;
  if (!found->is_number()) return 0;
  const double value = found->get<double>();
  // Compared before it is converted: a huge number has no int64_t.
  if (!(value >= 1)) return 0;
  return static_cast<int64_t>(std::min(value, 1e9));
}

StatusOr<std::string> EndpointAt(const Json& json, const char* name) {
  std::string url = TextAt(json, name);
  if (!IsHttpsUrl(url)) {
    return FailedPrecondition(fmt::format("{} is missing or no https URL", name));
  }
  return url;
}

}  // namespace

bool IsHttpsUrl(std::string_view text) {
  static constexpr std::string_view kScheme = "https://";
  if (!text.starts_with(kScheme) || text.size() > kUrlBytesMax) return false;
  const std::string_view rest = text.substr(kScheme.size());
  if (rest.empty() || rest.starts_with('/') || rest.starts_with('?')) return false;
  // "user@host" looks like another host to people.
  const std::string_view host = rest.substr(0, rest.find_first_of("/?"));
  return host.find('@') == std::string_view::npos &&
         std::all_of(rest.begin(), rest.end(), [](char c) { return c > ' ' && c <= '~'; }) &&
         rest.find_first_of("#\"<>\\^`{|}") == std::string_view::npos;
}

StatusOr<OidcMetadata> ParseMetadata(std::string_view text, std::string_view issuer) {
  ASSIGN_OR_RETURN(const Json json, ParseObject(text));
  const std::string named = TextAt(json, "issuer");
  if (named != issuer) {
    return FailedPrecondition(fmt::format("it calls itself \"{}\", the settings call it \"{}\"",
                                          EscapeForLog(named, kUrlBytesMax), issuer));
  }
  OidcMetadata metadata;
  if (!json.contains("device_authorization_endpoint")) {
    return FailedPrecondition("it does not offer the device authorization grant (RFC 8628)");
  }
  ASSIGN_OR_RETURN(metadata.device_authorization_endpoint,
                   EndpointAt(json, "device_authorization_endpoint"));
  ASSIGN_OR_RETURN(metadata.token_endpoint, EndpointAt(json, "token_endpoint"));
  ASSIGN_OR_RETURN(metadata.jwks_uri, EndpointAt(json, "jwks_uri"));
  if (json.contains("userinfo_endpoint")) {
    ASSIGN_OR_RETURN(metadata.userinfo_endpoint, EndpointAt(json, "userinfo_endpoint"));
  }
  return metadata;
}

StatusOr<DeviceAuthorization> ParseDeviceAuthorization(std::string_view text) {
  ASSIGN_OR_RETURN(const Json json, ParseObject(text));
  DeviceAuthorization begun;
  begun.device_code = TextAt(json, "device_code");
  if (begun.device_code.empty() || begun.device_code.size() > kDeviceCodeBytesMax) {
    return Unavailable("device_code is missing or too long");
  }
  begun.user_code = TextAt(json, "user_code");
  if (begun.user_code.empty() || begun.user_code.size() > kUserCodeBytesMax ||
      !IsPrintable(begun.user_code)) {
    return Unavailable("user_code is missing, too long or cannot be printed");
  }
  begun.verification_uri = TextAt(json, "verification_uri");
  // It is shown to people as the address of their sign-in.
  if (!IsHttpsUrl(begun.verification_uri)) {
    return Unavailable("verification_uri is missing or no https URL");
  }
  begun.verification_uri_complete = TextAt(json, "verification_uri_complete");
  if (!begun.verification_uri_complete.empty() && !IsHttpsUrl(begun.verification_uri_complete)) {
    return Unavailable("verification_uri_complete is no https URL");
  }
  const auto life = SecondsAt(json, "expires_in");
  const auto interval = SecondsAt(json, "interval");
  if (!life || *life == 0) return Unavailable("expires_in is missing or no positive number");
  if (interval && *interval == 0) return Unavailable("interval is no positive number");
  begun.expires_in =
      std::min<std::chrono::seconds>(std::chrono::seconds(*life), kSignInCodeLifeMax);
  begun.interval = kSignInIntervalDefault;
  if (interval) {
    begun.interval =
        std::min<std::chrono::seconds>(std::chrono::seconds(*interval), kSignInIntervalMax);
  }
  return begun;
}

StatusOr<OidcTokens> ParseOidcTokens(std::string_view text) {
  ASSIGN_OR_RETURN(const Json json, ParseObject(text));
  OidcTokens answer{TextAt(json, "id_token"), TextAt(json, "access_token")};
  if (answer.id_token.empty()) {
    return FailedPrecondition("the answer holds no id_token; is the scope \"openid\" allowed?");
  }
  return answer;
}

std::optional<SignInOutcome> ParseTokenError(std::string_view text) {
  const std::string error = TextAt(ParseJsonObject(text), "error");
  if (error == "authorization_pending") return SignInOutcome::kPending;
  if (error == "slow_down") return SignInOutcome::kSlowDown;
  if (error == "access_denied") return SignInOutcome::kDenied;
  // Providers forget old codes, and then call them invalid (RFC 6749 section 5.2).
  if (error == "expired_token" || error == "invalid_grant") return SignInOutcome::kExpired;
  return std::nullopt;
}

std::string DescribeOauthError(std::string_view text) {
  const Json json = ParseJsonObject(text);
  const std::string error = TextAt(json, "error");
  const std::string description = TextAt(json, "error_description");
  if (error.empty()) return {};
  return EscapeForLog(description.empty() ? error : error + ": " + description, kReasonBytesMax);
}

}  // namespace preseal::server
