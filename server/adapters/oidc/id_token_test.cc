// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/oidc/id_token.h"

#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "server/adapters/oidc/jose_fixture.h"
#include "tests/support/status_matchers.h"

namespace preseal::server {
namespace {

using nlohmann::json;
using preseal::test::StatusIs;
using test::Jwk;

constexpr char kIssuer[] = "https://id.example";
constexpr char kClient[] = "preseal";
constexpr int64_t kNowSeconds = 1'800'000'000;
const WallTime kNow{std::chrono::seconds(kNowSeconds)};

// A good token of a provider with one P-256 key, to be spoilt.
class IdTokenTest : public testing::Test {
 protected:
  std::vector<ProviderKey> Keys(const std::vector<json>& published) const {
    auto keys = ParseJwkSet(test::JwkSet(published));
    EXPECT_TRUE(keys.ok());
    return keys.ok() ? *keys : std::vector<ProviderKey>();
  }
  IdTokenVerdict Verify(const std::string& token) const {
    return VerifyIdToken(token, Keys({test::Published(key_)}), {kIssuer, kClient}, kNow);
  }
  IdTokenOutcome Outcome(const std::string& token) const { return Verify(token).outcome; }
  std::string Token() const { return test::SignToken(key_, header_, claims_.dump()); }

  const Jwk key_ = test::MakeEcKey("k1");
  json header_{{"alg", "ES256"}, {"kid", "k1"}};
  json claims_{
      {"iss", kIssuer},          {"aud", kClient},           {"sub", "u-1"},
      {"iat", kNowSeconds - 30}, {"exp", kNowSeconds + 300}, {"preferred_username", "ada"}};
};

TEST_F(IdTokenTest, AcceptsAGoodTokenAndGivesItsClaims) {
  const IdTokenVerdict verdict = Verify(Token());
  EXPECT_EQ(ToText(verdict.outcome), "accepted");
  EXPECT_EQ(verdict.subject, "u-1");
  EXPECT_EQ(json::parse(verdict.claims), claims_);
}

TEST_F(IdTokenTest, AcceptsRs256) {
  const Jwk rsa = test::MakeRsaKey("r", kRsaBitsMin);
  const std::string token = test::SignToken(rsa, {{"alg", "RS256"}, {"kid", "r"}}, claims_.dump());
  const auto keys = Keys({test::Published(key_), test::Published(rsa)});
  EXPECT_TRUE(VerifyIdToken(token, keys, {kIssuer, kClient}, kNow).accepted());
}

TEST_F(IdTokenTest, GivesNothingOfATokenItRefuses) {
  claims_["iss"] = "https://other.example";
  const IdTokenVerdict verdict = Verify(Token());
  EXPECT_EQ(verdict.subject, "");
  EXPECT_EQ(verdict.claims, "");
}

TEST_F(IdTokenTest, RefusesAnotherIssuer) {
  claims_["iss"] = std::string(kIssuer) + "/";
  EXPECT_EQ(Outcome(Token()), IdTokenOutcome::kWrongIssuer);
}

TEST_F(IdTokenTest, RefusesAnotherAudience) {
  claims_["aud"] = "payroll";
  EXPECT_EQ(Outcome(Token()), IdTokenOutcome::kWrongAudience);
}

TEST_F(IdTokenTest, TakesUsAmongSeveralAudiencesOnlyAsTheAskingClient) {
  claims_["aud"] = {"payroll", kClient};
  EXPECT_EQ(Outcome(Token()), IdTokenOutcome::kWrongAudience);
  claims_["azp"] = "payroll";
  EXPECT_EQ(Outcome(Token()), IdTokenOutcome::kWrongAudience);
  claims_["azp"] = kClient;
  EXPECT_EQ(Outcome(Token()), IdTokenOutcome::kAccepted);
}

TEST_F(IdTokenTest, RefusesATokenIssuedToAnotherClient) {
  claims_["azp"] = "payroll";
  EXPECT_EQ(Outcome(Token()), IdTokenOutcome::kWrongAudience);
}

TEST_F(IdTokenTest, RefusesAnExpiredTokenAfterTheLeeway) {
  const int64_t leeway = std::chrono::seconds(kIdTokenClockLeeway).count();
  claims_["exp"] = kNowSeconds - leeway + 1;
  EXPECT_EQ(Outcome(Token()), IdTokenOutcome::kAccepted);
  claims_["exp"] = kNowSeconds - leeway;
  EXPECT_EQ(Outcome(Token()), IdTokenOutcome::kExpired);
}

TEST_F(IdTokenTest, RefusesATokenWithoutAnEnd) {
  claims_.erase("exp");
  EXPECT_EQ(Outcome(Token()), IdTokenOutcome::kExpired);
}

TEST_F(IdTokenTest, RefusesATokenFromTheFutureBeyondTheLeeway) {
  const int64_t leeway = std::chrono::seconds(kIdTokenClockLeeway).count();
  claims_["iat"] = kNowSeconds + leeway;
  EXPECT_EQ(Outcome(Token()), IdTokenOutcome::kAccepted);
  claims_["iat"] = kNowSeconds + leeway + 1;
  EXPECT_EQ(Outcome(Token()), IdTokenOutcome::kNotYetValid);
}

TEST_F(IdTokenTest, RefusesATokenThatBeginsLater) {
  claims_["nbf"] = kNowSeconds + 3600;
  EXPECT_EQ(Outcome(Token()), IdTokenOutcome::kNotYetValid);
}

TEST_F(IdTokenTest, RefusesASubjectThatIsMissingOrTooLong) {
  claims_["sub"] = std::string(kSubjectBytesMax + 1, 'a');
  EXPECT_EQ(Outcome(Token()), IdTokenOutcome::kNoSubject);
  claims_.erase("sub");
  EXPECT_EQ(Outcome(Token()), IdTokenOutcome::kNoSubject);
}

TEST_F(IdTokenTest, RefusesAnotherKeyUnderTheSameName) {
  const Jwk other = test::MakeEcKey("k1");
  EXPECT_EQ(Outcome(test::SignToken(other, header_, claims_.dump())),
            IdTokenOutcome::kBadSignature);
}

TEST_F(IdTokenTest, RefusesChangedClaims) {
  const std::string token = Token();
  const size_t first = token.find('.');
  json changed = claims_;
  changed["sub"] = "u-2";
  const std::string spoilt = token.substr(0, first + 1) +
                             crypto::Base64UrlEncode(AsBytes(changed.dump())) +
                             token.substr(token.find('.', first + 1));
  EXPECT_EQ(Outcome(spoilt), IdTokenOutcome::kBadSignature);
}

TEST_F(IdTokenTest, DoesNotKnowAKeyOfAnotherName) {
  header_["kid"] = "k2";
  EXPECT_EQ(Outcome(Token()), IdTokenOutcome::kUnknownKey);
}

TEST_F(IdTokenTest, NeedsTheKeysNameOnlyWhereThereAreSeveral) {
  header_.erase("kid");
  EXPECT_EQ(Outcome(Token()), IdTokenOutcome::kAccepted);
  const auto two = Keys({test::Published(key_), test::Published(test::MakeEcKey("k2"))});
  EXPECT_EQ(VerifyIdToken(Token(), two, {kIssuer, kClient}, kNow).outcome,
            IdTokenOutcome::kUnknownKey);
}

TEST_F(IdTokenTest, RefusesAlgNone) {
  EXPECT_EQ(Outcome(test::UnsignedToken({{"alg", "none"}, {"kid", "k1"}}, claims_)),
            IdTokenOutcome::kWrongAlgorithm);
  // The good token's signature does not help.
  std::string token = Token();
  token.replace(0, token.find('.'),
                crypto::Base64UrlEncode(AsBytes(R"({"alg":"none","kid":"k1"})")));
  EXPECT_EQ(Outcome(token), IdTokenOutcome::kWrongAlgorithm);
}

TEST_F(IdTokenTest, RefusesHs256WithThePublicKeyAsItsSecret) {
  const Jwk rsa = test::MakeRsaKey("r", kRsaBitsMin);
  for (const Jwk* const key : {&key_, &rsa}) {
    const std::string public_key = test::Published(*key).dump();
    const std::string token = test::SignToken(test::MakeHmacKey(public_key),
                                              {{"alg", "HS256"}, {"kid", "k1"}}, claims_.dump());
    EXPECT_EQ(Outcome(token), IdTokenOutcome::kWrongAlgorithm);
  }
}

TEST_F(IdTokenTest, RefusesAlgorithmsThatAreNotOnTheList) {
  const Jwk rsa = test::MakeRsaKey("r", kRsaBitsMin);
  for (const char* const alg : {"PS256", "RS512"}) {
    const std::string token = test::SignToken(rsa, {{"alg", alg}, {"kid", "r"}}, claims_.dump());
    EXPECT_EQ(VerifyIdToken(token, Keys({test::Published(rsa)}), {kIssuer, kClient}, kNow).outcome,
              IdTokenOutcome::kWrongAlgorithm)
        << alg;
  }
}

TEST_F(IdTokenTest, RefusesACriticalExtension) {
  header_["crit"] = {"b64"};
  EXPECT_EQ(Outcome(Token()), IdTokenOutcome::kWrongAlgorithm);
}

TEST_F(IdTokenTest, RefusesWhatIsNoToken) {
  const std::string token = Token();
  for (const std::string& text :
       {std::string(), std::string("."), std::string("a.b.c"), token + ".x",
        token.substr(0, token.rfind('.')), std::string(kIdTokenBytesMax + 1, 'a')}) {
    EXPECT_EQ(Outcome(text), IdTokenOutcome::kMalformed) << text.substr(0, 40);
  }
  EXPECT_EQ(Outcome(test::SignToken(key_, header_, "[]")), IdTokenOutcome::kMalformed);
}

TEST_F(IdTokenTest, LeavesKeysOutThatAreForSomethingElse) {
  json encryption = test::Published(key_);
  encryption["use"] = "enc";
  json other_algorithm = test::Published(key_);
  other_algorithm["alg"] = "ES384";
  const json wide = test::Published(test::MakeEcKey("w", CJOSE_JWK_EC_P_384));
  const json short_rsa = test::Published(test::MakeRsaKey("s", 1024));
  const json secret{{"kty", "oct"}, {"kid", "k1"}, {"k", "AAAA"}};
  const json rubbish{{"kty", "EC"}, {"crv", "P-256"}, {"kid", "k1"}, {"x", "AA"}, {"y", "AA"}};
  EXPECT_TRUE(Keys({encryption, other_algorithm, wide, short_rsa, secret, rubbish, 7}).empty());
  json good = test::Published(key_);
  good["use"] = "sig";
  good["alg"] = "ES256";
  EXPECT_EQ(Keys({good}).size(), 1u);
}

TEST_F(IdTokenTest, RefusesWhatIsNoKeySet) {
  const json key = test::Published(key_);
  for (const std::string& text :
       {std::string("<html>"), std::string("{}"), std::string(R"({"keys":{}})"),
        test::JwkSet(std::vector<json>(kProviderKeysMax + 1, key))}) {
    EXPECT_THAT(ParseJwkSet(text), StatusIs(StatusCode::kUnavailable)) << text.substr(0, 40);
  }
}

std::string UsernameOf(const char* claims, std::string_view claim = {}) {
  return UserOf(claims, claim).username;
}

TEST(UserOfTest, TakesPreferredUsernameAndTheOtherNames) {
  const SignedInUser user =
      UserOf(R"({"preferred_username":"ada","name":"Ada L","email":"ada@example"})", {});
  EXPECT_EQ(user.username, "ada");
  EXPECT_EQ(user.display_name, "Ada L");
  EXPECT_EQ(user.email, "ada@example");
}

TEST(UserOfTest, TakesAnEmailOnlyIfItIsCalledVerified) {
  EXPECT_EQ(UsernameOf(R"({"email":"a@b","email_verified":true})"), "a@b");
  EXPECT_EQ(UsernameOf(R"({"email":"a@b","email_verified":false})"), "");
  EXPECT_EQ(UsernameOf(R"({"email":"a@b","email_verified":"true"})"), "");
  EXPECT_EQ(UsernameOf(R"({"email":"a@b"})"), "");
}

TEST(UserOfTest, TakesAnEmailThatIsAskedForUnlessItIsCalledUnverified) {
  EXPECT_EQ(UsernameOf(R"({"email":"a@b"})", "email"), "a@b");
  EXPECT_EQ(UsernameOf(R"({"email":"a@b","email_verified":false})", "email"), "");
}

TEST(UserOfTest, TakesTheClaimThatIsAskedForAndNoOther) {
  EXPECT_EQ(UsernameOf(R"({"upn":"ada","preferred_username":"eve"})", "upn"), "ada");
  EXPECT_EQ(UsernameOf(R"({"preferred_username":"eve"})", "upn"), "");
}

TEST(UserOfTest, TakesNoNameThatNobodyCouldRead) {
  EXPECT_EQ(UsernameOf(R"({"preferred_username":"a\u001b[2J"})"), "");
  EXPECT_EQ(UsernameOf(R"({"preferred_username":7})"), "");
  EXPECT_EQ(
      UsernameOf(json{{"preferred_username", std::string(kNameBytesMax + 1, 'a')}}.dump().c_str()),
      "");
  EXPECT_EQ(UsernameOf("<html>"), "");
}

}  // namespace
}  // namespace preseal::server
