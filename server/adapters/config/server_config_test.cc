// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/config/server_config.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace preseal::server {
namespace {

using test::StatusIs;
constexpr auto kInvalid = StatusCode::kInvalidArgument;

StatusOr<ServerConfig> Parse(const std::string& text) {
  return ParseConfig(text, "preseal.yaml", "/etc/preseal");
}

constexpr char kLeast[] = "organisation: Example\nstate_dir: state\n";

TEST(ParseConfigTest, TakesDefaultsAndResolvesPathsFromTheFile) {
  ASSERT_OK_AND_ASSIGN(const ServerConfig config, Parse(kLeast));
  EXPECT_EQ(config.state_dir, "/etc/preseal/state");
  EXPECT_EQ(config.device_port.port, 7441);
  EXPECT_EQ(config.public_names.front(), "localhost");
  EXPECT_FALSE(config.auto_start);
  EXPECT_TRUE(config.lab_root.empty())
      << "virtual TPMs must be refused unless somebody names a root";
  EXPECT_FALSE(config.accept_expired_ek);
  EXPECT_EQ(config.device_life, kDeviceCertificateLife);
  EXPECT_FALSE(config.oidc.has_value());
  EXPECT_FALSE(config.join.has_value());
}

TEST(ParseConfigTest, ReadsEverySetting) {
  ASSERT_OK_AND_ASSIGN(const ServerConfig config, Parse(R"(organisation: Example
state_dir: /var/lib/preseal
public_names: [floor.example]
public_url: https://floor.example
device_port: {address: 127.0.0.1, port: 1}
enrollment_port: {port: 2}
api_port: {port: 3}
web_port: {port: 0}
trust: {ek_roots: [a.pem, /b], lab_root: lab.pem, expired_ek: accept-with-finding}
ca: {device_key: "pkcs11:token=t;object=o?pin-source=file:/p", device_life_minutes: 1440}
technician_flow: {profiles: p, default_profile: x, start: automatic}
log_level: debug
)"));
  EXPECT_EQ(config.device_port.address, "127.0.0.1");
  EXPECT_EQ(config.web_port.port, 0);
  ASSERT_EQ(config.ek_roots.size(), 2u);
  EXPECT_EQ(config.ek_roots[0], "/etc/preseal/a.pem");
  EXPECT_EQ(config.ek_roots[1], "/b");
  EXPECT_EQ(config.lab_root, "/etc/preseal/lab.pem");
  EXPECT_TRUE(config.accept_expired_ek);
  EXPECT_EQ(config.ca_device_key, "pkcs11:token=t;object=o?pin-source=file:/p");
  EXPECT_EQ(config.device_life, std::chrono::hours(24));
  EXPECT_TRUE(config.auto_start);
  EXPECT_EQ(config.default_profile, "x");
}

TEST(ParseConfigTest, ReadsWhereUsersSignIn) {
  ASSERT_OK_AND_ASSIGN(const ServerConfig config, Parse(std::string(kLeast) + R"(sign_in:
  oidc:
    issuer: https://id.example/realm
    client_id: preseal
    client_secret_file: oidc-secret
    scopes: [openid, groups]
    username_claim: upn
    ca_file: /ca.pem
)"));
  ASSERT_TRUE(config.oidc.has_value());
  EXPECT_EQ(config.oidc->issuer, "https://id.example/realm");
  EXPECT_EQ(config.oidc->client_id, "preseal");
  EXPECT_EQ(config.oidc->client_secret_file, "/etc/preseal/oidc-secret");
  EXPECT_EQ(config.oidc->scopes, (std::vector<std::string>{"openid", "groups"}));
  EXPECT_EQ(config.oidc->username_claim, "upn");
  EXPECT_EQ(config.oidc->ca_file, "/ca.pem");
}

TEST(ParseConfigTest, TakesAPublicClientAndTheUsualScopesForSignIn) {
  ASSERT_OK_AND_ASSIGN(const ServerConfig config,
                       Parse(std::string(kLeast) +
                             "sign_in: {oidc: {issuer: \"https://id.example\", client_id: c}}\n"));
  ASSERT_TRUE(config.oidc.has_value());
  EXPECT_EQ(config.oidc->client_secret_file, "");
  EXPECT_EQ(config.oidc->scopes, (std::vector<std::string>{"openid", "profile", "email"}));
  EXPECT_EQ(config.oidc->username_claim, "");
  EXPECT_EQ(config.oidc->ca_file, "");
}

TEST(ParseConfigTest, ReadsWhereDevicesJoin) {
  ASSERT_OK_AND_ASSIGN(const ServerConfig config, Parse(std::string(kLeast) + R"(join:
  provider: samba-offline-join
  domain: corp.example.com
  ou: OU=Devices,DC=corp,DC=example,DC=com
  auth_file: join.auth
  server: dc1.corp.example.com
)"));
  ASSERT_TRUE(config.join.has_value());
  EXPECT_EQ(config.join->domain, "corp.example.com");
  EXPECT_EQ(config.join->ou, "OU=Devices,DC=corp,DC=example,DC=com");
  EXPECT_EQ(config.join->auth_file, "/etc/preseal/join.auth");
  EXPECT_EQ(config.join->server, "dc1.corp.example.com");
  EXPECT_EQ(config.join->net_program, "net");
  EXPECT_TRUE(config.join->smb_conf.empty());
}

TEST(ParseConfigTest, RefusesAJoinWithoutAnOuOrOfAnUnknownProvider) {
  EXPECT_THAT(Parse(std::string(kLeast) + "join: {domain: a.example, auth_file: x}\n"),
              StatusIs(kInvalid, "ou"));
  EXPECT_THAT(Parse(std::string(kLeast) +
                    "join: {provider: other, domain: a.example, ou: OU=x, auth_file: x}\n"),
              StatusIs(kInvalid, "provider"));
}

TEST(ParseConfigTest, NamesTheLineOfEachMistake) {
  const struct {
    const char* text;
    const char* message;
  } kRows[] = {
      {"state_dir: s\n", "\"organisation\" is missing"},
      {"organisation: e\n", "\"state_dir\" is missing"},
      {"organisation: e\nstate_dir: s\nports: 1\n", "preseal.yaml:3:1: unknown key \"ports\""},
      {"organisation: e\nstate_dir: s\nweb_port: {prot: 1}\n",
       "preseal.yaml:3:12: unknown key \"prot\""},
      {"organisation: e\nstate_dir: s\nweb_port: {port: 65536}\n", "preseal.yaml:3:18"},
      {"organisation: e\nstate_dir: s\nca: {device_key: device-ca.key}\n", "PKCS#11 URI"},
      {"organisation: e\nstate_dir: s\nca: {device_life_minutes: 9}\n", "preseal.yaml:3"},
      {"organisation: e\nstate_dir: s\nca: {device_life_minutes: 525601}\n", "preseal.yaml:3"},
      {"organisation: e\nstate_dir: s\nsign_in: {oidc: {client_id: c}}\n", "\"issuer\" is missing"},
      {"organisation: e\nstate_dir: s\nsign_in: {oidc: {issuer: \"https://i\"}}\n",
       "\"client_id\" is missing"},
      {"organisation: e\nstate_dir: s\nsign_in: {oidc: {issuer: \"http://i\", client_id: c}}\n",
       "preseal.yaml:3:26: must be an https URL"},
      {"organisation: e\nstate_dir: s\n"
       "sign_in: {oidc: {issuer: \"https://i\", client_id: c, scopes: [email]}}\n",
       "must name \"openid\""},
      {"organisation: e\nstate_dir: s\nsign_in: {saml: {}}\n", "unknown key \"saml\""},
      {"organisation: e\nstate_dir: s\ntrust: {expired_ek: allow}\n", "must be one of: refuse"},
      {"organisation: e\nstate_dir: s\nseal: {fresh: 5000h}\n",
       "preseal.yaml:3:7: a seal is fresh"},
      {"organisation: e\nstate_dir: s\nseal: {ageing: 4393h}\n", "then expired"},
      {"organisation: e\nstate_dir: s\nseal: {stale: 1h}\n", "unknown key \"stale\""},
      {"organisation: e\nstate_dir: s\ntokens: {download: 0}\n", "preseal.yaml:3"},
      {"organisation: e\nstate_dir: s\ndiagnostics: {life: 59min}\n",
       "preseal.yaml:3:14: a bundle"},
      {"organisation: e\nstate_dir: s\ntokens: {Download: 1}\n", "preseal.yaml:3:10: a class"},
      {"organisation: e\nstate_dir: s\nstate_dir: t\n",
       "preseal.yaml:3:1: key \"state_dir\" comes twice"},
  };
  for (const auto& row : kRows) EXPECT_THAT(Parse(row.text), StatusIs(kInvalid, row.message));
}

TEST(ParseConfigTest, SealsAgeAsWindowsAutopilotsUnlessTheFloorSaysOtherwise) {
  const auto plain = Parse("organisation: e\nstate_dir: s\n");
  ASSERT_OK(plain);
  EXPECT_EQ(plain->seal.fresh, std::chrono::minutes(90));
  EXPECT_EQ(plain->seal.expired, std::chrono::hours(24 * 183));
  const auto own =
      Parse("organisation: e\nstate_dir: s\nseal: {fresh: 30s, ageing: 2min, expired: 1h}\n");
  ASSERT_OK(own);
  EXPECT_EQ(own->seal.fresh, std::chrono::seconds(30));
  EXPECT_EQ(own->seal.ageing, std::chrono::minutes(2));
  EXPECT_EQ(own->seal.expired, std::chrono::hours(1));
}

TEST(ParseConfigTest, EveryTokenClassHasItsOwnLimit) {
  const auto config = Parse("organisation: e\nstate_dir: s\ntokens: {download: 4, wim-apply: 2}\n");
  ASSERT_OK(config);
  EXPECT_EQ(config->tokens, (std::map<std::string, uint32_t>{{"download", 4}, {"wim-apply", 2}}));
}

TEST(LoadConfigTest, SaysWhichFileIsMissing) {
  EXPECT_THAT(LoadConfig("/nonexistent/preseal.yaml"),
              StatusIs(StatusCode::kNotFound, "/nonexistent/preseal.yaml"));
}

TEST(ParseConfigTest, ExpiredSealsAndStrangersAreRefusedUnlessItSaysOtherwise) {
  ASSERT_OK_AND_ASSIGN(const ServerConfig plain, Parse(kLeast));
  EXPECT_TRUE(plain.refuse_expired_seal);
  EXPECT_FALSE(plain.any_user);
  ASSERT_OK_AND_ASSIGN(const ServerConfig open,
                       Parse(std::string(kLeast) + "sign_in: {any_user: true}\n" +
                             "seal: {refuse_expired: false}\n"));
  EXPECT_FALSE(open.refuse_expired_seal);
  EXPECT_TRUE(open.any_user);
  EXPECT_FALSE(open.oidc.has_value());
}

TEST(ParseConfigTest, BundlesOfDiagnosticsLive28DaysUnlessItSaysOtherwise) {
  ASSERT_OK_AND_ASSIGN(const ServerConfig plain, Parse(kLeast));
  EXPECT_EQ(plain.diagnostics_life, std::chrono::hours(24 * 28));
  ASSERT_OK_AND_ASSIGN(const ServerConfig set,
                       Parse(std::string(kLeast) + "diagnostics: {life: 48h}\n"));
  EXPECT_EQ(set.diagnostics_life, std::chrono::hours(48));
}

}  // namespace
}  // namespace preseal::server
