// SPDX-License-Identifier: Apache-2.0
// Sign-in at an OpenID Connect provider by the device authorization grant (RFC 8628).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/guarded.h"
#include "common/base/secret.h"
#include "common/status/status.h"
#include "server/adapters/oidc/https_client.h"
#include "server/adapters/oidc/id_token.h"
#include "server/adapters/oidc/oidc_messages.h"
#include "server/service/user_flow/oidc_settings.h"
#include "server/service/user_flow/sign_in_provider.h"

namespace preseal::server {

// Thread-safe. What the provider says about itself and its keys are asked for at the first use and
// once in kSignInMetadataLife, the keys also when a token names one that is not known: keys rotate.
// A sign-in whose last step fails is lost, since the provider gives a token once: the next poll is
// kExpired, and the person begins again.
class OidcProvider final : public SignInProvider {
 public:
  // Asks nobody: a server starts while its provider is away. `clock` must outlive this.
  // INVALID_ARGUMENT: the issuer is no https URL or has a query; client id, scopes or claim do not
  // fit or lack "openid". FAILED_PRECONDITION: the secret's file is open to others or empty. Of
  // common/files/files.h: that file or the CA file cannot be read.
  static StatusOr<std::unique_ptr<OidcProvider>> Open(const OidcSettings& settings,
                                                      const Clock& clock);

  StatusOr<DeviceAuthorization> Begin() override;
  StatusOr<SignInPoll> Poll(const std::string& device_code) override;

 private:
  // What the provider said about itself; immutable.
  struct Known {
    OidcMetadata metadata;
    std::vector<ProviderKey> keys;
    std::chrono::steady_clock::time_point until;
  };

  OidcProvider(const OidcSettings& settings, HttpsClient https, std::optional<Secret> secret,
               const Clock& clock);

  StatusOr<std::shared_ptr<const Known>> Discover();
  StatusOr<std::shared_ptr<const Known>> FetchKeys(OidcMetadata metadata,
                                                   std::chrono::steady_clock::time_point until);
  StatusOr<HttpsAnswer> PostAsClient(const std::string& url, HttpsForm form) const;
  StatusOr<SignInPoll> SignIn(std::shared_ptr<const Known> known, const OidcTokens& tokens);
  StatusOr<SignedInUser> UserBehind(const Known& known, const IdTokenVerdict& token,
                                    const std::string& access_token) const;

  const OidcSettings settings_;
  const HttpsClient https_;
  const std::optional<Secret> secret_;
  const Clock& clock_;
  Guarded<std::shared_ptr<const Known>> known_;
};

}  // namespace preseal::server
