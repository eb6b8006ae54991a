// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/limits.h"
#include "common/status/status.h"
#include "server/domain/reports/seal_age.h"
#include "server/service/user_flow/oidc_settings.h"

namespace preseal::server {

struct Endpoint {
  std::string address;  // IPv4 or IPv6 literal
  uint16_t port = 0;    // 0: any free one, told in the ports file
};

// Where devices of a hybrid join get their computer accounts, docs/hybrid-join.md.
struct JoinConfig {
  std::string net_program = "net";
  std::filesystem::path smb_conf;  // empty: made from what stands here
  std::string domain;
  std::string ou;
  std::filesystem::path auth_file;
  std::string server;  // domain controller; empty: found by DNS
};

// preseal.yaml, docs/configuration.md. Relative paths are taken from the file's folder.
struct ServerConfig {
  std::string organisation;
  std::filesystem::path state_dir;
  std::vector<std::string> public_names;  // DNS names and addresses in the server certificate
  std::string public_url;                 // of the dashboard, for QR codes; may be empty
  Endpoint device_port{"::", 7441};
  Endpoint enrollment_port{"::", 7442};
  Endpoint api_port{"::", 7443};
  Endpoint web_port{"::", 7444};
  std::vector<std::filesystem::path> ek_roots;  // PEM files or folders of them
  std::filesystem::path lab_root;               // PEM; empty: virtual TPMs are refused
  bool accept_expired_ek = false;
  std::chrono::minutes device_life = kDeviceCertificateLife;  // of device certificates
  std::string ca_device_key;       // PKCS#11 URI of the device authority's key; empty: a file
  std::filesystem::path profiles;  // folder of *.yaml
  std::string default_profile;
  std::string quarantine_profile;  // empty: quarantined devices run nothing
  bool auto_start = false;
  std::optional<OidcSettings> oidc;        // where users sign in; absent: with one-time codes only
  std::optional<JoinConfig> join;          // absent: no device can join a domain
  SealPolicy seal;                         // ages of a seal
  bool refuse_expired_seal = true;         // the user flow of a device whose seal is expired
  bool any_user = false;                   // a device nobody is assigned to takes whoever signs in
  std::map<std::string, uint32_t> tokens;  // class -> how many at once; others: the default
  std::chrono::hours diagnostics_life = kDiagnosticsLifeDefault;  // of a bundle from a device
  std::string log_level = "info";
};

// InvalidArgument with file, line and column; NotFound if the file does not exist.
StatusOr<ServerConfig> LoadConfig(const std::filesystem::path& file);
// The same from text; `name` stands in messages, `folder` is what relative paths start from.
StatusOr<ServerConfig> ParseConfig(std::string_view text, std::string_view name,
                                   const std::filesystem::path& folder);

}  // namespace preseal::server
