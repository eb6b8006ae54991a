// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/oidc/oidc_provider.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "common/base/limits.h"
#include "common/files/files.h"

namespace preseal::server {
namespace {

constexpr char kGrantType[] = "urn:ietf:params:oauth:grant-type:device_code";
constexpr mode_t kOthersMask = 077;
constexpr long kHttpOk = 200;

bool IsVisible(std::string_view text) {
  return !text.empty() && text.size() <= kNameBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

Status CheckSettings(const OidcSettings& settings) {
  if (!IsHttpsUrl(settings.issuer) || settings.issuer.find('?') != std::string::npos) {
    return InvalidArgument("issuer must be an https URL without query and fragment");
  }
  if (!IsVisible(settings.client_id)) {
    return InvalidArgument("client_id must be visible ASCII characters");
  }
  const auto& scopes = settings.scopes;
  if (scopes.size() > kSignInScopesMax || !std::all_of(scopes.begin(), scopes.end(), IsVisible)) {
    return InvalidArgument("scopes must be a few names of visible ASCII characters");
  }
  if (std::find(scopes.begin(), scopes.end(), "openid") == scopes.end()) {
    return InvalidArgument("scopes lack \"openid\", without which there is no ID token");
  }
  if (!settings.username_claim.empty() && !IsVisible(settings.username_claim)) {
    return InvalidArgument("username_claim must be visible ASCII characters");
  }
  return OkStatus();
}

StatusOr<Secret> ReadClientSecret(const std::string& file) {
  struct stat facts {};
  if (stat(file.c_str(), &facts) != 0) return files::FromErrno(errno, "inspect", file);
  if ((facts.st_mode & kOthersMask) != 0) {
    return FailedPrecondition(
        fmt::format("{} is open to others than its owner: run chmod 600 {}", file, file));
  }
  ASSIGN_OR_RETURN(Bytes secret, files::Read(file, kClientSecretBytesMax));
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
  if (secret.empty()) return FailedPrecondition(fmt::format("{} is empty", file));
  return Secret(std::move(secret));
}

// The address of the metadata (OpenID Connect Discovery 1.0, section 4).
std::string MetadataUrl(std::string_view issuer) {
  if (issuer.ends_with('/')) issuer.remove_suffix(1);
  return std::string(issuer) + "/.well-known/openid-configuration";
}

// Of an answer that is neither good nor one this protocol foresees.
Status Unexpected(const std::string& url, const HttpsAnswer& answer) {
  const std::string error = DescribeOauthError(answer.body);
  const std::string text =
      fmt::format("{}: HTTP {}{}{}", url, answer.code, error.empty() ? "" : ": ", error);
  // 4xx is about us; a redirect, which nobody here follows, too. 429 goes by.
  const bool is_ours = answer.code >= 300 && answer.code < 500 && answer.code != 429;
  return is_ours ? FailedPrecondition(text) : Unavailable(text);
}

}  // namespace

OidcProvider::OidcProvider(const OidcSettings& settings, HttpsClient https,
                           std::optional<Secret> secret, const Clock& clock)
    : settings_(settings), https_(std::move(https)), secret_(std::move(secret)), clock_(clock) {}

StatusOr<std::unique_ptr<OidcProvider>> OidcProvider::Open(const OidcSettings& settings,
                                                           const Clock& clock) {
  RETURN_IF_ERROR_CTX(CheckSettings(settings), "sign-in");
  if (!settings.ca_file.empty()) {
    // libcurl would tell at the first sign-in only.
    RETURN_IF_ERROR_CTX(files::Read(settings.ca_file.native(), kPemBundleBytesMax).status(),
                        "sign-in: ca_file");
  }
  std::optional<Secret> secret;
  if (!settings.client_secret_file.empty()) {
    ASSIGN_OR_RETURN_CTX(secret, ReadClientSecret(settings.client_secret_file.native()),
                         "sign-in: client_secret_file");
  }
  ASSIGN_OR_RETURN(HttpsClient https, HttpsClient::Open(settings.ca_file));
  return std::unique_ptr<OidcProvider>(
      new OidcProvider(settings, std::move(https), std::move(secret), clock));
}

StatusOr<DeviceAuthorization> OidcProvider::Begin() {
  ASSIGN_OR_RETURN(const auto known, Discover());
  const std::string& url = known->metadata.device_authorization_endpoint;
  ASSIGN_OR_RETURN(
      const HttpsAnswer answer,
      PostAsClient(url, {{"scope", fmt::format("{}", fmt::join(settings_.scopes, " "))}}));
  if (answer.code != kHttpOk) return Unexpected(url, answer);
  ASSIGN_OR_RETURN_CTX(auto begun, ParseDeviceAuthorization(answer.body), url);
  return begun;
}

StatusOr<SignInPoll> OidcProvider::Poll(const std::string& device_code) {
  ASSIGN_OR_RETURN(const auto known, Discover());
  const std::string& url = known->metadata.token_endpoint;
  ASSIGN_OR_RETURN(const HttpsAnswer answer,
                   PostAsClient(url, {{"grant_type", kGrantType}, {"device_code", device_code}}));
  if (answer.code == kHttpOk) {
    ASSIGN_OR_RETURN_CTX(const OidcTokens tokens, ParseOidcTokens(answer.body), url);
    return SignIn(known, tokens);
  }
  // The RFC says 400; some providers use other codes of that class.
  if (answer.code >= 400 && answer.code < 500) {
    if (const auto outcome = ParseTokenError(answer.body)) return SignInPoll{*outcome, {}};
  }
  return Unexpected(url, answer);
}

StatusOr<std::shared_ptr<const OidcProvider::Known>> OidcProvider::Discover() {
  if (const auto known = *known_.Lock(); known && clock_.Steady() < known->until) return known;
  const std::string url = MetadataUrl(settings_.issuer);
  ASSIGN_OR_RETURN(const HttpsAnswer answer, https_.Get(url));
  if (answer.code != kHttpOk) return Unexpected(url, answer);
  ASSIGN_OR_RETURN_CTX(OidcMetadata metadata, ParseMetadata(answer.body, settings_.issuer), url);
  // Two callers may both have asked; either answer will do. The keys at once: a token can be had
  // only once, so that is no moment to find out that there are none.
  return FetchKeys(std::move(metadata), clock_.Steady() + kSignInMetadataLife);
}

StatusOr<std::shared_ptr<const OidcProvider::Known>> OidcProvider::FetchKeys(
    OidcMetadata metadata, std::chrono::steady_clock::time_point until) {
  const std::string url = metadata.jwks_uri;
  ASSIGN_OR_RETURN(const HttpsAnswer answer, https_.Get(url));
  if (answer.code != kHttpOk) return Unexpected(url, answer);
  ASSIGN_OR_RETURN_CTX(auto keys, ParseJwkSet(answer.body), url);
  auto known = std::make_shared<const Known>(Known{std::move(metadata), std::move(keys), until});
  *known_.Lock() = known;
  return known;
}

StatusOr<HttpsAnswer> OidcProvider::PostAsClient(const std::string& url, HttpsForm form) const {
  // With a secret it is in the header too; providers differ in what they look at.
  form.emplace_back("client_id", settings_.client_id);
  if (!secret_) return https_.Post(url, form, nullptr);
  const BasicLogin login{settings_.client_id, *secret_};
  return https_.Post(url, form, &login);
}

StatusOr<SignInPoll> OidcProvider::SignIn(std::shared_ptr<const Known> known,
                                          const OidcTokens& tokens) {
  const IdTokenPolicy policy{settings_.issuer, settings_.client_id};
  auto verdict = VerifyIdToken(tokens.id_token, known->keys, policy, clock_.Now());
  if (verdict.outcome == IdTokenOutcome::kUnknownKey) {
    ASSIGN_OR_RETURN(known, FetchKeys(known->metadata, known->until));
    verdict = VerifyIdToken(tokens.id_token, known->keys, policy, clock_.Now());
  }
  if (!verdict.accepted()) {
    return FailedPrecondition(fmt::format("{}: the ID token does not verify: {}", settings_.issuer,
                                          ToText(verdict.outcome)));
  }
  ASSIGN_OR_RETURN(SignedInUser user, UserBehind(*known, verdict, tokens.access_token));
  return SignInPoll{SignInOutcome::kSignedIn, std::move(user)};
}

StatusOr<SignedInUser> OidcProvider::UserBehind(const Known& known, const IdTokenVerdict& token,
                                                const std::string& access_token) const {
  SignedInUser user = UserOf(token.claims, settings_.username_claim);
  const std::string& url = known.metadata.userinfo_endpoint;
  // Who follows the letter of OpenID Connect Core, section 5.4, tells names only there.
  if (user.username.empty() && !url.empty() && !access_token.empty()) {
    ASSIGN_OR_RETURN_CTX(const HttpsAnswer answer, https_.GetAs(url, access_token), url);
    if (answer.code != kHttpOk) return Unexpected(url, answer);
    // Section 5.3.2: another's claims must not be put under this token's name.
    if (SubjectOf(answer.body) != token.subject) {
      return FailedPrecondition(fmt::format("{}: the answer is about another subject", url));
    }
    user = UserOf(answer.body, settings_.username_claim);
  }
  if (user.username.empty()) {
    return FailedPrecondition(fmt::format("{}: no usable {} among the claims", settings_.issuer,
                                          settings_.username_claim.empty()
                                              ? "preferred_username or verified email"
                                              : "\"" + settings_.username_claim + "\""));
  }
  user.issuer = settings_.issuer;
  user.subject = token.subject;
  return user;
}

}  // namespace preseal::server
