// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/config/server_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/ids.h"
#include "common/base/limits.h"
#include "common/files/files.h"
#include "common/yaml/map_reader.h"

namespace preseal::server {
namespace {

namespace fs = std::filesystem;
using yaml::MapReader;

class ConfigReader {
 public:
  ConfigReader(std::string_view name, fs::path folder) : name_(name), folder_(std::move(folder)) {}

  Status Read(const YAML::Node& node, ServerConfig* out) {
    MapReader map(node, name_);
    map.Required("organisation", &out->organisation);
    std::string text;
    map.Required("state_dir", &text);
    out->state_dir = Resolve(text);
    map.Optional("public_names", &out->public_names);
    map.Optional("public_url", &out->public_url);
    map.Optional("log_level", &out->log_level);
    RETURN_IF_ERROR(ReadEndpoint(map.Child("device_port"), &out->device_port));
    RETURN_IF_ERROR(ReadEndpoint(map.Child("enrollment_port"), &out->enrollment_port));
    RETURN_IF_ERROR(ReadEndpoint(map.Child("api_port"), &out->api_port));
    RETURN_IF_ERROR(ReadEndpoint(map.Child("web_port"), &out->web_port));
    RETURN_IF_ERROR(ReadTrust(map.Child("trust"), out));
    RETURN_IF_ERROR(ReadCa(map.Child("ca"), out));
    RETURN_IF_ERROR(ReadFlow(map.Child("technician_flow"), out));
    RETURN_IF_ERROR(ReadSignIn(map.Child("sign_in"), out));
    RETURN_IF_ERROR(ReadJoin(map.Child("join"), out));
    RETURN_IF_ERROR(ReadSeal(map.Child("seal"), out));
    RETURN_IF_ERROR(ReadTokens(map.Child("tokens"), out));
    RETURN_IF_ERROR(ReadDiagnostics(map.Child("diagnostics"), out));
    if (out->organisation.size() > kNameBytesMax) map.Fail("organisation", "too long");
    if (out->public_names.empty()) out->public_names = {"localhost", "127.0.0.1", "::1"};
    return map.Finish();
  }

 private:
  fs::path Resolve(const std::string& text) const {
    return text.empty() ? fs::path() : (folder_ / text).lexically_normal();
  }

  Status ReadEndpoint(const std::optional<YAML::Node>& node, Endpoint* out) {
    if (!node) return OkStatus();
    MapReader map(*node, name_);
    map.Optional("address", &out->address);
    int64_t port = out->port;
    map.Optional("port", 0, 65535, &port);
    out->port = static_cast<uint16_t>(port);
    return map.Finish();
  }

  Status ReadTrust(const std::optional<YAML::Node>& node, ServerConfig* out) {
    if (!node) return OkStatus();
    MapReader map(*node, name_);
    std::vector<std::string> roots;
    map.Optional("ek_roots", &roots);
    for (const std::string& root : roots) out->ek_roots.push_back(Resolve(root));
    std::string lab;
    map.Optional("lab_root", &lab);
    out->lab_root = Resolve(lab);
    size_t expired = 0;
    map.Choice("expired_ek", {"refuse", "accept-with-finding"}, &expired);
    out->accept_expired_ek = expired == 1;
    return map.Finish();
  }

  Status ReadCa(const std::optional<YAML::Node>& node, ServerConfig* out) {
    if (!node) return OkStatus();
    MapReader map(*node, name_);
    map.Optional("device_key", &out->ca_device_key);
    if (!out->ca_device_key.empty() && !out->ca_device_key.starts_with("pkcs11:")) {
      map.Fail("device_key", "must be a PKCS#11 URI (RFC 7512)");
    }
    int64_t minutes = out->device_life.count();
    map.Optional("device_life_minutes", kDeviceCertificateLifeMin.count(), minutes, &minutes);
    out->device_life = std::chrono::minutes(minutes);
    return map.Finish();
  }

  Status ReadFlow(const std::optional<YAML::Node>& node, ServerConfig* out) {
    if (!node) return OkStatus();
    MapReader map(*node, name_);
    std::string folder;
    map.Optional("profiles", &folder);
    out->profiles = Resolve(folder);
    map.Optional("default_profile", &out->default_profile);
    map.Optional("quarantine_profile", &out->quarantine_profile);
    size_t start = 0;
    map.Choice("start", {"manual", "automatic"}, &start);
    out->auto_start = start == 1;
    return map.Finish();
  }

  Status ReadSignIn(const std::optional<YAML::Node>& node, ServerConfig* out) {
    if (!node) return OkStatus();
    MapReader map(*node, name_);
    map.Optional("any_user", &out->any_user);
    if (const auto oidc = map.Child("oidc")) {
      RETURN_IF_ERROR(ReadOidc(*oidc, &out->oidc.emplace()));
    }
    return map.Finish();
  }

  // What is said here with its line; OidcProvider::Open checks the rest.
  Status ReadOidc(const YAML::Node& node, OidcSettings* out) {
    MapReader map(node, name_);
    map.Required("issuer", &out->issuer);
    map.Required("client_id", &out->client_id);
    map.Optional("scopes", &out->scopes);
    map.Optional("username_claim", &out->username_claim);
    std::string secret;
    map.Optional("client_secret_file", &secret);
    out->client_secret_file = Resolve(secret);
    std::string ca;
    map.Optional("ca_file", &ca);
    out->ca_file = Resolve(ca);
    // Tokens over plain HTTP would be anybody's.
    if (!out->issuer.empty() && !out->issuer.starts_with("https://")) {
      map.Fail("issuer", "must be an https URL");
    }
    if (std::find(out->scopes.begin(), out->scopes.end(), "openid") == out->scopes.end()) {
      map.Fail("scopes", "must name \"openid\"");
    }
    return map.Finish();
  }

  Status ReadJoin(const std::optional<YAML::Node>& node, ServerConfig* out) {
    if (!node) return OkStatus();
    MapReader map(*node, name_);
    size_t provider = 0;
    map.Choice("provider", {"samba-offline-join"}, &provider);
    JoinConfig& join = out->join.emplace();
    map.Required("domain", &join.domain);
    map.Required("ou", &join.ou);
    std::string auth_file;
    map.Required("auth_file", &auth_file);
    join.auth_file = Resolve(auth_file);
    map.Optional("server", &join.server);
    map.Optional("net_program", &join.net_program);
    std::string smb_conf;
    map.Optional("smb_conf", &smb_conf);
    join.smb_conf = Resolve(smb_conf);
    return map.Finish();
  }

  Status ReadSeal(const std::optional<YAML::Node>& node, ServerConfig* out) {
    if (!node) return OkStatus();
    MapReader map(*node, name_);
    const auto read = [&map](std::string_view key, std::chrono::seconds* age) {
      std::chrono::milliseconds value = *age;
      map.Optional(key, kSealAgeMax, &value);
      *age = std::chrono::duration_cast<std::chrono::seconds>(value);
    };
    read("fresh", &out->seal.fresh);
    read("ageing", &out->seal.ageing);
    read("expired", &out->seal.expired);
    map.Optional("refuse_expired", &out->refuse_expired_seal);
    RETURN_IF_ERROR(map.Finish());
    const Status order = CheckSealPolicy(out->seal);
    return order.ok() ? order : yaml::ErrorAt(*node, name_, MessageOf(order));
  }

  Status ReadDiagnostics(const std::optional<YAML::Node>& node, ServerConfig* out) {
    if (!node) return OkStatus();
    MapReader map(*node, name_);
    std::chrono::milliseconds life = out->diagnostics_life;
    map.Optional("life", kSealAgeMax, &life);
    RETURN_IF_ERROR(map.Finish());
    out->diagnostics_life = std::chrono::duration_cast<std::chrono::hours>(life);
    if (out->diagnostics_life >= std::chrono::hours(1)) return OkStatus();
    return yaml::ErrorAt(*node, name_, "a bundle lives an hour at least");
  }

  // Classes are named by the plans, so the keys are free.
  Status ReadTokens(const std::optional<YAML::Node>& node, ServerConfig* out) {
    if (!node) return OkStatus();
    MapReader map(*node, name_);
    if (node->size() > kTokenClassesMax) {
      return yaml::ErrorAt(*node, name_, fmt::format("more than {} classes", kTokenClassesMax));
    }
    for (const auto& entry : *node) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : std::string();
      if (!ItemId::Parse(key).ok()) {
        return yaml::ErrorAt(entry.first, name_, "a class is named with a-z, 0-9 and hyphens");
      }
      int64_t limit = 0;
      map.Required(key, 1, kTokensMax, &limit);
      out->tokens[key] = static_cast<uint32_t>(limit);
    }
    return map.Finish();
  }

  const std::string name_;
  const fs::path folder_;
};

}  // namespace

StatusOr<ServerConfig> ParseConfig(std::string_view text, std::string_view name,
                                   const fs::path& folder) {
  ASSIGN_OR_RETURN(const YAML::Node node, yaml::ParseMap(text, name));
  ServerConfig config;
  RETURN_IF_ERROR(ConfigReader(name, folder).Read(node, &config));
  return config;
}

StatusOr<ServerConfig> LoadConfig(const fs::path& file) {
  ASSIGN_OR_RETURN(const Bytes text, files::Read(file.string(), kConfigBytesMax));
  return ParseConfig(AsText(text), file.string(), fs::absolute(file).parent_path());
}

}  // namespace preseal::server
