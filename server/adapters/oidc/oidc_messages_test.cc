// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/oidc/oidc_messages.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/base/limits.h"
#include "server/adapters/oidc/id_token.h"
#include "tests/support/status_matchers.h"

namespace preseal::server {
namespace {

using nlohmann::json;
using test::StatusIs;
constexpr auto kUnavailable = StatusCode::kUnavailable;
constexpr auto kPrecondition = StatusCode::kFailedPrecondition;
constexpr char kIssuer[] = "https://id.example/realm";

json GoodMetadata() {
  return {{"issuer", kIssuer},
          {"device_authorization_endpoint", "https://id.example/device"},
          {"token_endpoint", "https://id.example/token"},
          {"jwks_uri", "https://id.example/jwks"},
          {"userinfo_endpoint", "https://id.example/me"}};
}

TEST(MetadataTest, GivesTheEndpoints) {
  ASSERT_OK_AND_ASSIGN(const OidcMetadata metadata, ParseMetadata(GoodMetadata().dump(), kIssuer));
  EXPECT_EQ(metadata.device_authorization_endpoint, "https://id.example/device");
  EXPECT_EQ(metadata.token_endpoint, "https://id.example/token");
  EXPECT_EQ(metadata.jwks_uri, "https://id.example/jwks");
  EXPECT_EQ(metadata.userinfo_endpoint, "https://id.example/me");
}

TEST(MetadataTest, RefusesAProviderThatCallsItselfOtherwise) {
  json metadata = GoodMetadata();
  metadata["issuer"] = std::string(kIssuer) + "/";
  EXPECT_THAT(ParseMetadata(metadata.dump(), kIssuer),
              StatusIs(kPrecondition, "calls itself \"https://id.example/realm/\""));
}

TEST(MetadataTest, RefusesAProviderWithoutTheGrant) {
  json metadata = GoodMetadata();
  metadata.erase("device_authorization_endpoint");
  EXPECT_THAT(ParseMetadata(metadata.dump(), kIssuer),
              StatusIs(kPrecondition, "device authorization grant"));
}

TEST(MetadataTest, RefusesEachEndpointThatIsNotHttps) {
  for (const char* const name :
       {"device_authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"}) {
    json metadata = GoodMetadata();
    metadata[name] = "http://id.example/x";
    EXPECT_THAT(ParseMetadata(metadata.dump(), kIssuer), StatusIs(kPrecondition, name));
  }
}

TEST(MetadataTest, CallsAProviderThatTalksNonsenseUnavailable) {
  for (const char* const text : {"", "<html>", "[]", "{\"issuer\":\"\xff\"}"}) {
    EXPECT_THAT(ParseMetadata(text, kIssuer), StatusIs(kUnavailable)) << text;
  }
}

TEST(HttpsUrlTest, TakesNothingThatCouldMisleadPeople) {
  for (const char* const good :
       {"https://a", "https://a:1/b?c=d", "https://[::1]:4/x", "https://a/@b"}) {
    EXPECT_TRUE(IsHttpsUrl(good)) << good;
  }
  for (const char* const bad :
       {"", "http://a", "HTTPS://a", "https://", "https:///x", "https://?x", "https://a b",
        "https://a\nb", "https://good.example@evil.example", "https://a#b", "https://\xc3\xa4"}) {
    EXPECT_FALSE(IsHttpsUrl(bad)) << bad;
  }
  EXPECT_FALSE(IsHttpsUrl("https://" + std::string(kUrlBytesMax, 'a')));
}

json GoodDevice() {
  return {{"device_code", "secret"},
          {"user_code", "WDJB-MJHT"},
          {"verification_uri", "https://id.example/device"},
          {"verification_uri_complete", "https://id.example/device?user_code=WDJB-MJHT"},
          {"expires_in", 1800},
          {"interval", 7}};
}

TEST(DeviceAuthorizationTest, GivesWhatPeopleAreShown) {
  ASSERT_OK_AND_ASSIGN(const auto begun, ParseDeviceAuthorization(GoodDevice().dump()));
  EXPECT_EQ(begun.device_code, "secret");
  EXPECT_EQ(begun.user_code, "WDJB-MJHT");
  EXPECT_EQ(begun.verification_uri, "https://id.example/device");
  EXPECT_EQ(begun.verification_uri_complete, "https://id.example/device?user_code=WDJB-MJHT");
  EXPECT_EQ(begun.expires_in, std::chrono::minutes(30));
  EXPECT_EQ(begun.interval, std::chrono::seconds(7));
}

TEST(DeviceAuthorizationTest, DoesWithoutWhatMayBeMissing) {
  json answer = GoodDevice();
  answer.erase("interval");
  answer.erase("verification_uri_complete");
  ASSERT_OK_AND_ASSIGN(const auto begun, ParseDeviceAuthorization(answer.dump()));
  EXPECT_EQ(begun.interval, kSignInIntervalDefault);
  EXPECT_EQ(begun.verification_uri_complete, "");
}

TEST(DeviceAuthorizationTest, CutsTimesToTheLimits) {
  json answer = GoodDevice();
  answer["expires_in"] = 1e300;
  answer["interval"] = 18446744073709551615ull;
  ASSERT_OK_AND_ASSIGN(const auto begun, ParseDeviceAuthorization(answer.dump()));
  EXPECT_EQ(begun.expires_in, kSignInCodeLifeMax);
  EXPECT_EQ(begun.interval, kSignInIntervalMax);
}

TEST(DeviceAuthorizationTest, RefusesEachMemberThatIsWrong) {
  const struct {
    const char* name;
    json value;
  } kRows[] = {
      {"device_code", nullptr},
      {"device_code", std::string(kDeviceCodeBytesMax + 1, 'a')},
      {"user_code", nullptr},
      {"user_code", std::string(kUserCodeBytesMax + 1, 'A')},
      {"user_code", "A\u001b[2J"},
      {"verification_uri", "http://id.example/device"},
      {"verification_uri", 1},
      {"verification_uri_complete", "javascript:alert(1)"},
      {"expires_in", nullptr},
      {"expires_in", 0},
      {"expires_in", "1800"},
      {"interval", 0},
      {"interval", -5},
  };
  for (const auto& row : kRows) {
    json answer = GoodDevice();
    answer[row.name] = row.value;
    EXPECT_THAT(ParseDeviceAuthorization(answer.dump()), StatusIs(kUnavailable, row.name))
        << row.value;
  }
}

TEST(TokenAnswerTest, NeedsAnIdToken) {
  ASSERT_OK_AND_ASSIGN(const auto answer,
                       ParseOidcTokens(R"({"id_token":"i","access_token":"a"})"));
  EXPECT_EQ(answer.id_token, "i");
  EXPECT_EQ(answer.access_token, "a");
  EXPECT_THAT(ParseOidcTokens(R"({"access_token":"a"})"), StatusIs(kPrecondition, "openid"));
  EXPECT_THAT(ParseOidcTokens("<html>"), StatusIs(kUnavailable));
}

TEST(TokenErrorTest, TellsEveryAnswerToAPoll) {
  const struct {
    const char* error;
    SignInOutcome outcome;
  } kRows[] = {
      {"authorization_pending", SignInOutcome::kPending},
      {"slow_down", SignInOutcome::kSlowDown},
      {"access_denied", SignInOutcome::kDenied},
      {"expired_token", SignInOutcome::kExpired},
      {"invalid_grant", SignInOutcome::kExpired},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(ParseTokenError(json{{"error", row.error}}.dump()), row.outcome) << row.error;
  }
}

TEST(TokenErrorTest, TakesNothingElseForAnAnswerToAPoll) {
  for (const char* const text :
       {"", "{}", "<html>", R"({"error":7})", R"({"error":"invalid_client"})"}) {
    EXPECT_EQ(ParseTokenError(text), std::nullopt) << text;
  }
}

TEST(OauthErrorTest, IsDescribedInPrintableText) {
  EXPECT_EQ(DescribeOauthError(R"({"error":"invalid_client","error_description":"no\u001bgrant"})"),
            "invalid_client: no\\x1bgrant");
  EXPECT_EQ(DescribeOauthError(R"({"error":"invalid_client"})"), "invalid_client");
  EXPECT_EQ(DescribeOauthError("<html>"), "");
}

TEST(JsonTest, RefusesDepthThatWouldEndTheServer) {
  // As deep as an answer can be.
  const std::string deep = R"({"keys":[{"kty":)" + std::string(kSignInAnswerBytesMax / 2, '[') +
                           std::string(kSignInAnswerBytesMax / 2, ']') + "}]}";
  EXPECT_THAT(ParseJwkSet(deep), StatusIs(kUnavailable));
  EXPECT_THAT(ParseMetadata(deep, kIssuer), StatusIs(kUnavailable));
  const std::string brackets_in_a_text =
      R"({"error":"slow_down","error_description":"\")" + std::string(100, '[') + "\"}";
  EXPECT_EQ(ParseTokenError(brackets_in_a_text), SignInOutcome::kSlowDown);
}

}  // namespace
}  // namespace preseal::server
