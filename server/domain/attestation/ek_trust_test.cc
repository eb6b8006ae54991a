// SPDX-License-Identifier: Apache-2.0
// Chains and revocation: what a device may send along, what an authority may sign, and what the
// makers' lists say.
#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "common/crypto/crl.h"
#include "common/tpmwire/der.h"
#include "server/domain/attestation/attestation_checks.h"
#include "tests/support/attestation_fixture.h"
#include "tests/support/testdata.h"

namespace preseal::server {
namespace {

using crypto::Certificate;
using crypto::RevocationList;
using Code = RefusalCode;

constexpr auto kDay = 24h;
constexpr char kEkSerial[] = "a";
constexpr char kIntermediateSerial[] = "2";

class EkTrustTest : public testing::Test {
 protected:
  EkTrustTest() {
    f_.intermediate.serial = {2};
    f_.ek_certificate.serial = {0x0A};
    f_.policy.revocation = RevocationUse::kPrefer;
  }

  Certificate Root() const { return Made(f_.root, f_.root_key); }
  Certificate Intermediate() const { return Made(f_.intermediate, f_.root_key); }
  static Certificate Made(const test::CertificateSpec& spec, const crypto::PrivateKey& signer) {
    return Certificate::FromDer(test::BuildCertificate(spec, signer)).value();
  }

  RevocationList List(const Certificate& issuer, const crypto::PrivateKey& key,
                      std::vector<std::string> serials, WallTime end) const {
    crypto::CrlSpec spec{1, f_.context.now - 30 * kDay, end, {}};
    for (const std::string& serial : serials) {
      spec.revoked.push_back({serial, f_.context.now - 31 * kDay});
    }
    return RevocationList::FromDer(crypto::IssueCrl(spec, {issuer, key}).value()).value();
  }
  // Lists of both authorities, naming these serials.
  void Publish(std::vector<std::string> of_root, std::vector<std::string> of_intermediate,
               std::chrono::hours still_good = kDay) {
    const WallTime end = f_.context.now + still_good;
    f_.trust.revocations = {
        List(Root(), f_.root_key, std::move(of_root), end),
        List(Intermediate(), f_.intermediate_key, std::move(of_intermediate), end)};
  }

  // How check 308 ended.
  CheckVerdict Revocation() {
    for (const AttestationFinding& finding : f_.Verify().findings) {
      if (finding.number == 308) return finding.verdict;
    }
    ADD_FAILURE() << "check 308 did not run";
    return CheckVerdict::kFail;
  }
  // The code of the chain and all before it; kNone if the first refusal came later, or none.
  Code ChainCode() {
    const AttestationVerdict verdict = f_.Verify();
    return verdict.findings.back().number < 400 ? verdict.code : Code::kNone;
  }

  void Send(std::vector<Bytes> chain) {
    f_.change_evidence = [chain = std::move(chain)](AttestationEvidence& e) { e.ek_chain = chain; };
  }

  test::AttestationFixture f_;
};

// --- revocation ---

TEST_F(EkTrustTest, ACurrentListOfEachIssuerMakesItKnownGood) {
  f_.policy.revocation = RevocationUse::kRequire;
  Publish({"77"}, {"78"});
  EXPECT_EQ(Revocation(), CheckVerdict::kPass);
}

TEST_F(EkTrustTest, ARevokedEkIsRefused) {
  Publish({}, {kEkSerial});
  EXPECT_EQ(ChainCode(), Code::kEkRevoked);
}

TEST_F(EkTrustTest, ARevokedIntermediateIsRefused) {
  Publish({kIntermediateSerial}, {});
  EXPECT_EQ(ChainCode(), Code::kEkRevoked);
}

TEST_F(EkTrustTest, RevokedStaysRevokedWhenTheListHasEnded) {
  Publish({}, {kEkSerial}, -kDay);
  EXPECT_EQ(ChainCode(), Code::kEkRevoked);
}

TEST_F(EkTrustTest, NotLookingIsThePolicysChoice) {
  f_.policy.revocation = RevocationUse::kOff;
  Publish({}, {kEkSerial});
  EXPECT_EQ(Revocation(), CheckVerdict::kPass);
}

TEST_F(EkTrustTest, NotKnowingIsAFindingWhereListsArePreferred) {
  f_.policy.revocation = RevocationUse::kPrefer;
  EXPECT_EQ(Revocation(), CheckVerdict::kFinding);
}

TEST_F(EkTrustTest, AnEndedListIsNotKnowing) {
  f_.policy.revocation = RevocationUse::kRequire;
  Publish({}, {}, -kDay);
  EXPECT_EQ(ChainCode(), Code::kEkRevocationUnknown);
}

TEST_F(EkTrustTest, TheListOfOneIssuerOnlyIsNotKnowing) {
  f_.policy.revocation = RevocationUse::kRequire;
  Publish({}, {});
  f_.trust.revocations.pop_back();
  EXPECT_EQ(ChainCode(), Code::kEkRevocationUnknown);
}

TEST_F(EkTrustTest, AListByAnImpostorOfThatNameCountsForNothing) {
  const auto other = crypto::PrivateKey::GenerateP256().value();
  test::CertificateSpec impostor = f_.intermediate;
  impostor.spki = other.public_key().SpkiDer();
  f_.policy.revocation = RevocationUse::kRequire;
  Publish({}, {});
  f_.trust.revocations[1] =
      List(Made(impostor, f_.root_key), other, {kEkSerial}, f_.context.now + kDay);
  EXPECT_EQ(ChainCode(), Code::kEkRevocationUnknown);
}

TEST_F(EkTrustTest, AUrlInTheCertificateIsNotFollowedButNotKnown) {
  // The verifier is pure: it has no way to a network (tests/rings). What is left to show is that
  // the address does not count as an answer either.
  const Bytes location = tpmwire::der::Tlv(0x86, AsBytes("http://127.0.0.1:9/ca.cer"));
  const Bytes access = tpmwire::der::Sequence({test::Oid("1.3.6.1.5.5.7.48.2"), location});
  f_.ek_certificate.extensions.push_back(
      {"1.3.6.1.5.5.7.1.1", false, tpmwire::der::Sequence({access})});
  f_.policy.revocation = RevocationUse::kRequire;
  EXPECT_EQ(ChainCode(), Code::kEkRevocationUnknown);
}

// --- chains ---

TEST_F(EkTrustTest, AForgedIntermediateWithAGenuineNameIsABadSignature) {
  PRESEAL_SKIP_WITHOUT_TESTDATA();
  const auto fake =
      Certificate::FromPem(AsText(test::ReadTestdata("ekcerts/hirs_fake_stm_intermediate.pem")))
          .value();
  // A genuine chip's certificate names the authority that the forgery only claims to be.
  f_.ek_certificate.issuer = "Test EK Missing";
  test::CertificateSpec forged = f_.intermediate;
  forged.subject = "Test EK Missing";
  forged.spki = fake.spki_der();
  Send({test::BuildCertificate(forged, f_.root_key)});
  EXPECT_EQ(ChainCode(), Code::kEkChainBadSignature);
}

TEST_F(EkTrustTest, TheForgedIntermediateOfTheCorpusIsSignedByNoRootOfThatName) {
  PRESEAL_SKIP_WITHOUT_TESTDATA();
  const auto fake =
      Certificate::FromPem(AsText(test::ReadTestdata("ekcerts/hirs_fake_stm_intermediate.pem")))
          .value();
  const Bytes roots = test::ReadTestdata("vendor-ca/tpm-roots.pem");
  TrustBundle trust;
  trust.roots = crypto::ParsePemBundle(AsText(roots)).value();
  EXPECT_FALSE(FindEkPath(fake, EkIssuers::Of(trust, {})).found);
}

TEST_F(EkTrustTest, ALoopOfSentIntermediatesEnds) {
  const auto a_key = crypto::PrivateKey::GenerateP256().value();
  const auto b_key = crypto::PrivateKey::GenerateP256().value();
  test::CertificateSpec a = f_.intermediate;
  a.subject = "A";
  a.issuer = "B";
  a.spki = a_key.public_key().SpkiDer();
  test::CertificateSpec b = a;
  b.subject = "B";
  b.issuer = "A";
  b.spki = b_key.public_key().SpkiDer();
  f_.ek_certificate.issuer = "A";
  Send({test::BuildCertificate(a, b_key), test::BuildCertificate(b, a_key)});
  f_.intermediate_key = a_key;  // signs the EK certificate
  EXPECT_EQ(ChainCode(), Code::kEkChainUntrusted);
}

TEST_F(EkTrustTest, FiftySentIntermediatesAreTooMany) {
  Send(std::vector<Bytes>(50, Intermediate().der()));
  EXPECT_EQ(ChainCode(), Code::kInputTooLarge);
}

TEST_F(EkTrustTest, FiftyNamesakesInTheBundleCostABoundedSearch) {
  std::vector<Certificate> namesakes;
  for (int i = 0; i < 50; ++i) {
    const auto key = crypto::PrivateKey::GenerateP256().value();
    test::CertificateSpec one = f_.intermediate;
    one.spki = key.public_key().SpkiDer();
    namesakes.push_back(Made(one, f_.root_key));
  }
  namesakes.push_back(Intermediate());
  TrustBundle trust;
  trust.roots = {Root()};
  trust.intermediates = namesakes;
  const Certificate leaf = Made(f_.ek_certificate, f_.intermediate_key);
  EXPECT_TRUE(FindEkPath(leaf, EkIssuers::Of(trust, {})).found);
  trust.intermediates.insert(trust.intermediates.begin(), namesakes.begin(),
                             namesakes.begin() + 50);
  EXPECT_FALSE(FindEkPath(leaf, EkIssuers::Of(trust, {})).found);  // beyond the limit: no
}

TEST_F(EkTrustTest, Sha1IsWeak) {
  f_.ek_certificate.sha1 = true;
  EXPECT_EQ(ChainCode(), Code::kEkSigAlgWeak);
}

// The same path with SHA-1 on the leaf, and a word on one certificate of the bundle.
class Sha1ExceptionTest : public EkTrustTest {
 protected:
  Code WithReasonAt(const Certificate& certificate) {
    f_.ek_certificate.sha1 = true;
    const Certificate leaf = Made(f_.ek_certificate, f_.intermediate_key);
    TrustBundle trust;
    trust.roots = {root_};
    trust.intermediates = {intermediate_};
    trust.notes[certificate.fingerprint()].sha1_reason = "chips of 2015";
    const EkPath path = FindEkPath(leaf, EkIssuers::Of(trust, {}));
    EXPECT_TRUE(path.found);
    return WeakSignatureIn(leaf, path, &trust).code;
  }
  const Certificate root_ = Root();
  const Certificate intermediate_ = Intermediate();
};

TEST_F(Sha1ExceptionTest, HoldsForAllBelowTheRoot) { EXPECT_EQ(WithReasonAt(root_), Code::kNone); }

TEST_F(Sha1ExceptionTest, HoldsBelowAnIntermediate) {
  EXPECT_EQ(WithReasonAt(intermediate_), Code::kNone);
}

TEST_F(Sha1ExceptionTest, OfAnotherAuthorityHelpsNobody) {
  const auto other = crypto::PrivateKey::GenerateP256().value();
  test::CertificateSpec stranger = f_.root;
  stranger.spki = other.public_key().SpkiDer();
  EXPECT_EQ(WithReasonAt(Made(stranger, other)), Code::kEkSigAlgWeak);
}

TEST_F(EkTrustTest, AnExpiredEkIsRefused) {
  f_.ek_certificate.not_after = f_.context.now - kDay;
  EXPECT_EQ(ChainCode(), Code::kEkExpired);
}

TEST_F(EkTrustTest, AnAuthorityThatEndedAfterItIssuedIsFine) {
  f_.intermediate.not_after = f_.ek_certificate.not_before + kDay;
  ASSERT_LT(f_.intermediate.not_after, f_.context.now);
  EXPECT_EQ(ChainCode(), Code::kNone);
}

TEST_F(EkTrustTest, AnAuthorityWithNameConstraintsMayNotIssue) {
  // permittedSubtrees { directoryName {} }
  const Bytes name = tpmwire::der::Tlv(0xA4, tpmwire::der::Sequence({}));
  const Bytes subtrees = tpmwire::der::Tlv(0xA0, tpmwire::der::Sequence({name}));
  f_.intermediate.extensions.push_back({"2.5.29.30", true, tpmwire::der::Sequence({subtrees})});
  EXPECT_EQ(ChainCode(), Code::kEkChainUntrusted);
}

}  // namespace
}  // namespace preseal::server
