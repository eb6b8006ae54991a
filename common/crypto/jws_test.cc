// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/jws.h"

#include <nlohmann/json.hpp>

#include "common/base/limits.h"
#include "common/crypto/encoding.h"
#include "common/crypto/pki_fixture.h"

namespace preseal::crypto {
namespace {

using preseal::test::StatusIs;
using test::Days;
using test::kDay;
using test::kNow;
using test::TestCa;
using test::ValueOrDie;
using Json = nlohmann::json;

constexpr char kPayload[] = R"({"device":"D-1042","lab":false})";

class JwsTest : public testing::Test {
 protected:
  JwsOutcome Outcome(std::string_view jws) { return Verify(jws).outcome; }
  JwsVerdict Verify(std::string_view jws) {
    return ValueOrDie(VerifyCompact(
        jws, {.type = kBirthCertificateType, .roots = roots_, .at = kNow + at_ * kDay}));
  }
  // The good JWS with another header, signed properly, so that only the header is wrong.
  std::string WithHeader(const std::string& header) {
    const std::string text =
        Base64UrlEncode(AsBytes(header)) + "." + Base64UrlEncode(AsBytes(kPayload));
    return text + "." + Base64UrlEncode(ValueOrDie(key_.SignRaw(AsBytes(text))));
  }
  Json Header() {
    const Bytes header = ValueOrDie(Base64UrlDecode(good_.substr(0, good_.find('.'))));
    return Json::parse(AsText(header));
  }
  std::string WithMember(const char* name, const Json& value) {
    Json header = Header();
    header[name] = value;
    return WithHeader(header.dump());
  }

  TestCa ca_;
  PrivateKey key_ = ValueOrDie(PrivateKey::GenerateP256());
  Certificate signer_ = ValueOrDie(
      IssueSealSigner("Example Works", "Seal signer", Days(-1, 30), key_.public_key(), ca_.ref()));
  std::vector<Certificate> roots_ = {ca_.certificate};
  int at_ = 0;
  std::string good_ = ValueOrDie(SignCompact(kBirthCertificateType, kPayload, key_, {signer_}));
};

TEST_F(JwsTest, AcceptsWhatItSigned) {
  const auto verdict = Verify(good_);
  EXPECT_TRUE(verdict.accepted()) << verdict.detail;
  EXPECT_EQ(verdict.payload, kPayload);
  EXPECT_EQ(verdict.signer, signer_);
  EXPECT_EQ(Outcome(WithHeader(Header().dump())), JwsOutcome::kAccepted);
}

TEST_F(JwsTest, RefusesEveryFlippedCharacter) {
  for (size_t i = 0; i < good_.size(); i += 7) {
    std::string spoilt = good_;
    spoilt[i] = spoilt[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(Outcome(spoilt), JwsOutcome::kAccepted) << "at " << i;
  }
}

TEST_F(JwsTest, RefusesChangedPayload) {
  const std::string other = Base64UrlEncode(AsBytes(R"({"device":"D-1043","lab":false})"));
  const size_t first = good_.find('.');
  const size_t second = good_.rfind('.');
  const auto verdict = Verify(good_.substr(0, first + 1) + other + good_.substr(second));
  EXPECT_EQ(verdict.outcome, JwsOutcome::kBadSignature);
  EXPECT_TRUE(verdict.payload.empty());
}

TEST_F(JwsTest, RefusesOtherAlgorithms) {
  for (const char* alg : {"none", "HS256", "RS256", "es256", ""}) {
    EXPECT_EQ(Outcome(WithMember("alg", alg)), JwsOutcome::kWrongAlgorithm) << alg;
  }
  EXPECT_EQ(Outcome(WithMember("alg", Json::array({"ES256"}))), JwsOutcome::kWrongAlgorithm);
}

TEST_F(JwsTest, RefusesAnotherType) {
  EXPECT_EQ(Outcome(WithMember("typ", "JWT")), JwsOutcome::kWrongType);
  Json header = Header();
  header.erase("typ");
  EXPECT_EQ(Outcome(WithHeader(header.dump())), JwsOutcome::kWrongType);
}

TEST_F(JwsTest, RefusesWithoutUsableCertificates) {
  Json header = Header();
  header.erase("x5c");
  EXPECT_EQ(Outcome(WithHeader(header.dump())), JwsOutcome::kNoCertificate);
  EXPECT_EQ(Outcome(WithMember("x5c", Json::array())), JwsOutcome::kNoCertificate);
  EXPECT_EQ(Outcome(WithMember("x5c", Base64Encode(signer_.der()))), JwsOutcome::kNoCertificate);
  EXPECT_EQ(Outcome(WithMember("x5c", {1})), JwsOutcome::kNoCertificate);
  EXPECT_EQ(Outcome(WithMember("x5c", {"AAAA"})), JwsOutcome::kNoCertificate);
  const std::string der = Base64Encode(signer_.der());
  EXPECT_EQ(Outcome(WithMember("x5c", {der, der, der, der, der})), JwsOutcome::kNoCertificate);
}

TEST_F(JwsTest, RefusesSignerOfAnotherCa) {
  roots_ = {TestCa().certificate};
  const auto verdict = Verify(good_);
  EXPECT_EQ(verdict.outcome, JwsOutcome::kUntrusted);
  EXPECT_EQ(verdict.chain.outcome, ChainOutcome::kUntrusted);
}

TEST_F(JwsTest, RefusesSignerOutsideItsValidity) {
  at_ = 31;
  EXPECT_EQ(Verify(good_).chain.outcome, ChainOutcome::kExpired);
}

TEST_F(JwsTest, RefusesCertificateMadeForAnotherPurpose) {
  // A station's key must not be able to write birth certificates, whoever issued it.
  const auto station =
      ValueOrDie(IssueStation("bench-3", Days(-1, 30), key_.public_key(), ca_.ref()));
  const auto jws = ValueOrDie(SignCompact(kBirthCertificateType, kPayload, key_, {station}));
  EXPECT_EQ(Verify(jws).chain.outcome, ChainOutcome::kWrongPurpose);
}

TEST_F(JwsTest, RefusesSignatureByAnotherKeyThanTheCertificates) {
  const PrivateKey other = ValueOrDie(PrivateKey::GenerateP256());
  const std::string text = good_.substr(0, good_.rfind('.'));
  const Bytes signature = ValueOrDie(other.SignRaw(AsBytes(text)));
  EXPECT_EQ(Outcome(text + "." + Base64UrlEncode(signature)), JwsOutcome::kBadSignature);
}

TEST_F(JwsTest, RefusesSignatureInDerForm) {
  const std::string text = good_.substr(0, good_.rfind('.'));
  const Bytes signature = ValueOrDie(key_.SignDer(AsBytes(text)));
  EXPECT_EQ(Outcome(text + "." + Base64UrlEncode(signature)), JwsOutcome::kBadSignature);
}

TEST_F(JwsTest, RefusesMalformedText) {
  const std::string dump = Header().dump();
  const std::string repeated = R"({"alg":"none",)" + dump.substr(1);
  for (const std::string& text :
       {std::string(), std::string("."), std::string(".."), std::string("a.b.c"), good_ + ".",
        good_ + "=", good_ + "\n", " " + good_, good_.substr(0, good_.rfind('.')), WithHeader("[]"),
        WithHeader(repeated), WithMember("crit", {"exp"}), WithMember("b64", false),
        std::string(kJwsBytesMax + 1, 'A')}) {
    EXPECT_EQ(Outcome(text), JwsOutcome::kMalformed) << text.substr(0, 40);
  }
}

TEST_F(JwsTest, RefusesToSignWhatItWouldNotAccept) {
  const PrivateKey other = ValueOrDie(PrivateKey::GenerateP256());
  const auto invalid = StatusIs(StatusCode::kInvalidArgument);
  EXPECT_THAT(SignCompact("t", "[]", key_, {signer_}), invalid);
  EXPECT_THAT(SignCompact("t", "{", key_, {signer_}), invalid);
  EXPECT_THAT(SignCompact("t", "{}", other, {signer_}), invalid);
  EXPECT_THAT(SignCompact("t", "{}", key_, {}), invalid);
  const std::string huge = R"({"a":")" + std::string(kJwsBytesMax, 'x') + "\"}";
  EXPECT_THAT(SignCompact("t", huge, key_, {signer_}), invalid);
}

}  // namespace
}  // namespace preseal::crypto
