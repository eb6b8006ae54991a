// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace preseal::server {

// An OpenID Connect provider to sign in at; `sign_in: oidc:` of docs/configuration.md.
struct OidcSettings {
  std::string issuer;     // https URL, exactly as the provider names itself
  std::string client_id;  // at most kNameBytesMax
  // One line, open to its owner only. Empty: a public client.
  std::filesystem::path client_secret_file;
  std::vector<std::string> scopes{"openid", "profile", "email"};
  // The claim that names the user. Empty: preferred_username, else a verified email.
  std::string username_claim;
  std::filesystem::path ca_file;  // PEM; empty: the system's store
};

}  // namespace preseal::server
