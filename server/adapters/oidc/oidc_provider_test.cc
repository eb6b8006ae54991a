// SPDX-License-Identifier: Apache-2.0
// What needs no provider; tests/oidc signs in at a real one.
#include "server/adapters/oidc/oidc_provider.h"

#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "common/files/files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::server {
namespace {

using preseal::test::StatusIs;
constexpr auto kInvalid = StatusCode::kInvalidArgument;

class OidcProviderTest : public testing::Test {
 protected:
  OidcProviderTest() {
    // Nobody listens on port 1.
    settings_.issuer = "https://127.0.0.1:1";
    settings_.client_id = "preseal";
  }
  auto Open() { return OidcProvider::Open(settings_, clock_); }
  void WriteSecret(std::string_view text, mode_t mode) {
    settings_.client_secret_file = folder_.File("secret");
    ASSERT_OK(files::WriteAtomic(settings_.client_secret_file.native(), AsBytes(text), mode));
  }

  const preseal::test::TempDir folder_;
  const SystemClock clock_;
  OidcSettings settings_;
};

TEST_F(OidcProviderTest, OpensWhileTheProviderIsAwayAndThenNamesIt) {
  ASSERT_OK_AND_ASSIGN(const auto provider, Open());
  const auto begun = provider->Begin();
  EXPECT_THAT(begun, StatusIs(StatusCode::kUnavailable,
                              "GET https://127.0.0.1:1/.well-known/openid-configuration: "));
  EXPECT_THAT(provider->Poll("code"), StatusIs(StatusCode::kUnavailable, "https://127.0.0.1:1/"));
}

TEST_F(OidcProviderTest, RefusesAnIssuerWithoutTls) {
  settings_.issuer = "http://127.0.0.1:1";
  EXPECT_THAT(Open(), StatusIs(kInvalid, "issuer"));
}

TEST_F(OidcProviderTest, RefusesAnIssuerWithAQuery) {
  settings_.issuer += "/?tenant=1";
  EXPECT_THAT(Open(), StatusIs(kInvalid, "issuer"));
}

TEST_F(OidcProviderTest, RefusesAnEmptyClient) {
  settings_.client_id.clear();
  EXPECT_THAT(Open(), StatusIs(kInvalid, "client_id"));
}

TEST_F(OidcProviderTest, RefusesScopesWithoutOpenid) {
  settings_.scopes = {"profile"};
  EXPECT_THAT(Open(), StatusIs(kInvalid, "openid"));
}

TEST_F(OidcProviderTest, RefusesTwoScopesInOneText) {
  settings_.scopes = {"openid", "profile email"};
  EXPECT_THAT(Open(), StatusIs(kInvalid, "scopes"));
}

TEST_F(OidcProviderTest, RefusesAClaimNobodyCanName) {
  settings_.username_claim = "upn\n";
  EXPECT_THAT(Open(), StatusIs(kInvalid, "username_claim"));
}

TEST_F(OidcProviderTest, ReadsASecretThatIsItsOwnersOnly) {
  WriteSecret("s3cret\n", 0600);
  EXPECT_OK(Open());
}

TEST_F(OidcProviderTest, RefusesASecretThatOthersCanRead) {
  WriteSecret("s3cret\n", 0640);
  const auto opened = Open();
  EXPECT_THAT(opened, StatusIs(StatusCode::kFailedPrecondition, "chmod 600"));
  EXPECT_EQ(MessageOf(opened.status()).find("s3cret"), std::string::npos);
}

TEST_F(OidcProviderTest, RefusesAnEmptySecret) {
  WriteSecret("\n", 0600);
  EXPECT_THAT(Open(), StatusIs(StatusCode::kFailedPrecondition, "empty"));
}

TEST_F(OidcProviderTest, SaysWhichFileIsMissing) {
  settings_.client_secret_file = folder_.File("nothing");
  EXPECT_THAT(Open(), StatusIs(StatusCode::kNotFound, "client_secret_file"));
  settings_.client_secret_file.clear();
  settings_.ca_file = folder_.File("nothing");
  EXPECT_THAT(Open(), StatusIs(StatusCode::kNotFound, "ca_file"));
}

}  // namespace
}  // namespace preseal::server
