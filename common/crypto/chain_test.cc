// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/chain.h"

#include "common/crypto/certificate_builder.h"
#include "common/crypto/oids.h"
#include "common/crypto/pki_fixture.h"

namespace preseal::crypto {
namespace {

using test::Days;
using test::kDay;
using test::kNow;
using test::TestCa;
using test::ValueOrDie;

// A CA below `issuer`, without a path length of its own. `issuer` null makes a root.
struct Tier {
  PrivateKey key = ValueOrDie(PrivateKey::GenerateP256());
  Certificate certificate;

  Tier(const std::string& name, const Tier* issuer, bool is_ca = true)
      : certificate(ValueOrDie(Make(name, issuer, is_ca))) {}

  StatusOr<Certificate> Make(const std::string& name, const Tier* issuer, bool is_ca) const {
    ASSIGN_OR_RETURN(auto builder, CertificateBuilder::Start(Days(-10, 100), key.public_key()));
    RETURN_IF_ERROR(builder.AddSubject(NID_commonName, name));
    if (is_ca) {
      const Bytes ca = {0x30, 0x03, 0x01, 0x01, 0xFF};
      RETURN_IF_ERROR(builder.AddExtension("2.5.29.19", true, ca));
    }
    if (issuer == nullptr) return builder.SelfSign(key);
    return builder.Sign({issuer->certificate, issuer->key});
  }
};

Certificate Leaf(const Certificate& issuer, const PrivateKey& key,
                 Validity validity = Days(-1, 10)) {
  const PrivateKey leaf_key = ValueOrDie(PrivateKey::GenerateP256());
  return ValueOrDie(IssueStation("bench-3", validity, leaf_key.public_key(), {issuer, key}));
}

// `original` as if `issuer` had signed it, without the key id that would hide the new issuer.
Certificate Resigned(const Certificate& original, const Certificate& issuer,
                     const PrivateKey& issuer_key) {
  const openssl::X509Owner x509(X509_dup(original.handle()));
  EXPECT_EQ(X509_set_issuer_name(x509.get(), X509_get_subject_name(issuer.handle())), 1);
  const int key_id = X509_get_ext_by_NID(x509.get(), NID_authority_key_identifier, -1);
  X509_EXTENSION_free(X509_delete_ext(x509.get(), key_id));
  EXPECT_GT(X509_sign(x509.get(), issuer_key.handle(), EVP_sha256()), 0);
  return ValueOrDie(Certificate::FromDer(openssl::EncodeDer(x509.get(), i2d_X509)));
}

class ChainTest : public testing::Test {
 protected:
  ChainVerdict Verify(const Certificate& leaf, const std::vector<Certificate>& intermediates,
                      const std::vector<Certificate>& roots) {
    return ValueOrDie(VerifyChain(leaf, intermediates, roots, policy_));
  }

  Tier root_{"Root", nullptr};
  Tier middle_{"Middle", &root_};
  Tier lower_{"Lower", &middle_};
  Certificate leaf_ = Leaf(lower_.certificate, lower_.key);
  std::vector<Certificate> intermediates_ = {lower_.certificate, middle_.certificate};
  ChainPolicy policy_{.at = kNow, .purpose_oid = kOidClientAuth};
};

TEST_F(ChainTest, TrustsAPathInAnyOrderAmongStrangers) {
  const TestCa stranger("Stranger");
  const auto verdict =
      Verify(leaf_, {stranger.certificate, middle_.certificate, lower_.certificate},
             {stranger.certificate, root_.certificate});
  EXPECT_EQ(verdict.outcome, ChainOutcome::kTrusted);
  EXPECT_TRUE(verdict.trusted());
  EXPECT_THAT(verdict.chain, testing::ElementsAre(leaf_, lower_.certificate, middle_.certificate,
                                                  root_.certificate));
}

TEST_F(ChainTest, RefusesWithoutTheRoot) {
  EXPECT_EQ(Verify(leaf_, intermediates_, {TestCa().certificate}).outcome,
            ChainOutcome::kUntrusted);
  EXPECT_EQ(Verify(leaf_, intermediates_, {}).outcome, ChainOutcome::kUntrusted);
}

TEST_F(ChainTest, RefusesARootThePeerBringsAlong) {
  EXPECT_EQ(Verify(leaf_, {lower_.certificate, middle_.certificate, root_.certificate},
                   {TestCa().certificate})
                .outcome,
            ChainOutcome::kUntrusted);
}

TEST_F(ChainTest, RefusesWithoutAnIntermediate) {
  EXPECT_EQ(Verify(leaf_, {lower_.certificate}, {root_.certificate}).outcome,
            ChainOutcome::kUntrusted);
}

TEST_F(ChainTest, TrustsARootThatSomebodyElseSigned) {
  const auto verdict = Verify(leaf_, intermediates_, {middle_.certificate});
  EXPECT_EQ(verdict.outcome, ChainOutcome::kTrusted);
  EXPECT_EQ(verdict.chain.back(), middle_.certificate);
}

TEST_F(ChainTest, RefusesALeafThatIsItsOwnRoot) {
  EXPECT_EQ(Verify(leaf_, {}, {leaf_}).outcome, ChainOutcome::kUntrusted);
  policy_.purpose_oid.clear();
  EXPECT_EQ(Verify(root_.certificate, {}, {root_.certificate}).outcome, ChainOutcome::kUntrusted);
}

TEST_F(ChainTest, RefusesALeafAsRootOfAnother) {
  const Tier false_ca("Not a CA", &lower_, false);
  const auto leaf = Resigned(leaf_, false_ca.certificate, false_ca.key);
  EXPECT_EQ(Verify(leaf, {}, {false_ca.certificate}).outcome, ChainOutcome::kNotACa);
}

TEST_F(ChainTest, RefusesABrokenSignature) {
  Bytes der = leaf_.der();
  der.back() ^= 1;
  const auto verdict =
      Verify(ValueOrDie(Certificate::FromDer(der)), intermediates_, {root_.certificate});
  EXPECT_EQ(verdict.outcome, ChainOutcome::kBadSignature);
  EXPECT_NE(verdict.detail.find("bench-3"), std::string::npos);
}

TEST_F(ChainTest, RefusesOutsideTheValidity) {
  policy_.at = kNow + 10 * kDay + std::chrono::seconds(1);
  EXPECT_EQ(Verify(leaf_, intermediates_, {root_.certificate}).outcome, ChainOutcome::kExpired);
  policy_.at = kNow - kDay - std::chrono::seconds(1);
  EXPECT_EQ(Verify(leaf_, intermediates_, {root_.certificate}).outcome, ChainOutcome::kNotYetValid);
}

TEST_F(ChainTest, RefusesALeafAsIssuer) {
  const Tier false_ca("Not a CA", &lower_, false);
  const auto leaf = Resigned(leaf_, false_ca.certificate, false_ca.key);
  intermediates_.push_back(false_ca.certificate);
  EXPECT_EQ(Verify(leaf, intermediates_, {root_.certificate}).outcome, ChainOutcome::kNotACa);
}

TEST_F(ChainTest, RefusesAnotherPurpose) {
  policy_.purpose_oid = kOidServerAuth;
  EXPECT_EQ(Verify(leaf_, intermediates_, {root_.certificate}).outcome,
            ChainOutcome::kWrongPurpose);
}

TEST_F(ChainTest, RefusesALeafWithoutAnyPurpose) {
  const Tier plain("Plain", &lower_, false);
  EXPECT_EQ(Verify(plain.certificate, intermediates_, {root_.certificate}).outcome,
            ChainOutcome::kWrongPurpose);
  policy_.purpose_oid.clear();
  EXPECT_EQ(Verify(plain.certificate, intermediates_, {root_.certificate}).outcome,
            ChainOutcome::kTrusted);
}

TEST_F(ChainTest, CountsTheCertificatesBetween) {
  policy_.depth_max = 2;
  EXPECT_EQ(Verify(leaf_, intermediates_, {root_.certificate}).outcome, ChainOutcome::kTrusted);
  policy_.depth_max = 1;
  EXPECT_EQ(Verify(leaf_, intermediates_, {root_.certificate}).outcome, ChainOutcome::kTooDeep);
}

TEST_F(ChainTest, RefusesPastAPathLength) {
  const TestCa flat;  // may issue leaves only
  const Certificate below = Resigned(lower_.certificate, flat.certificate, flat.key);
  EXPECT_EQ(Verify(leaf_, {below}, {flat.certificate}).outcome, ChainOutcome::kTooDeep);
}

TEST_F(ChainTest, RefusesSha1UnlessAsked) {
  const openssl::X509Owner old(X509_dup(leaf_.handle()));
  ASSERT_GT(X509_sign(old.get(), lower_.key.handle(), EVP_sha1()), 0);
  const auto leaf = ValueOrDie(Certificate::FromDer(openssl::EncodeDer(old.get(), i2d_X509)));
  EXPECT_EQ(Verify(leaf, intermediates_, {root_.certificate}).outcome, ChainOutcome::kWeakCrypto);
  policy_.allow_weak_crypto = true;
  EXPECT_EQ(Verify(leaf, intermediates_, {root_.certificate}).outcome, ChainOutcome::kTrusted);
}

TEST_F(ChainTest, RefusesUnknownCriticalExtension) {
  auto builder = ValueOrDie(CertificateBuilder::Start(Days(-1, 10), lower_.key.public_key()));
  ASSERT_TRUE(builder.AddExtendedKeyUsage(kOidClientAuth).ok());
  ASSERT_TRUE(builder.AddExtension("1.2.3.4", true, Bytes{0x05, 0x00}).ok());
  const auto leaf = ValueOrDie(builder.Sign({lower_.certificate, lower_.key}));
  EXPECT_EQ(Verify(leaf, intermediates_, {root_.certificate}).outcome,
            ChainOutcome::kBadCertificate);
}

}  // namespace
}  // namespace preseal::crypto
