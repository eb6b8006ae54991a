// SPDX-License-Identifier: Apache-2.0
// Made evidence: attacks and damage, one thing spoiled at a time.
#include "server/domain/lint/lint.h"

#include <gtest/gtest.h>

#include "common/tpmwire/signature.h"
#include "common/tpmwire/writer.h"
#include "tests/support/attestation_fixture.h"
#include "tests/support/testdata.h"

namespace preseal::server {
namespace {

using enum LintKind;
using enum RefusalCode;
using test::AttestationFixture;

crypto::Certificate Made(const test::CertificateSpec& spec, const crypto::PrivateKey& key) {
  return crypto::Certificate::FromDer(test::BuildCertificate(spec, key)).value();
}

class LintTest : public testing::Test {
 protected:
  LintTest() { options_.now = chip_.context.now; }

  void Trust() {
    trust_ =
        MakeLintTrust({Made(chip_.root, chip_.root_key), Made(chip_.intermediate, chip_.root_key)});
    options_.trust = &trust_;
  }
  LintResult One(ByteView bytes, std::string_view path = "file", ByteView signature = {}) {
    LintInput input;
    input.path = path;
    input.bytes = bytes;
    input.signature = signature;
    input.nonce = nonce_;
    const auto results = Lint(input, options_);
    EXPECT_EQ(results.size(), 1u);
    return results.at(0);
  }
  LintResult Ek() { return One(chip_.Build().ek_certificate); }
  LintResult Quote() {
    const AttestationEvidence evidence = chip_.Build();
    options_.key = chip_.ak_key.public_key();
    return One(evidence.quote_attest, "quote.attest", evidence.quote_signature);
  }
  LintResult Certify() {
    const AttestationEvidence evidence = chip_.Build();
    options_.key = chip_.ak_key.public_key();
    return One(evidence.certify_attest, "certify.attest", evidence.certify_signature);
  }

  AttestationFixture chip_;
  LintTrust trust_;
  LintOptions options_;
  std::optional<Bytes> nonce_;
};

// --- EK certificates ---

TEST_F(LintTest, GoodEkCertificateUnderItsAuthoritiesIsValid) {
  Trust();
  const LintResult result = Ek();
  EXPECT_EQ(result.kind, kEkCertificate);
  EXPECT_EQ(result.verdict(), LintVerdict::kValid)
      << result.findings.at(0).check << ": " << result.findings.at(0).seen;
  EXPECT_EQ(result.chain.size(), 2u);
}

TEST_F(LintTest, EkCertificateOfAnUnknownMakerIsUntrusted) {
  Trust();
  trust_.roots.clear();
  EXPECT_EQ(Ek().code(), kEkChainUntrusted);
}

TEST_F(LintTest, EkCertificateNotSignedByItsNamedIssuerIsABadSignature) {
  Trust();
  const Bytes forged = test::BuildCertificate(chip_.ek_certificate, chip_.tls_key);
  EXPECT_EQ(One(forged).code(), kEkChainBadSignature);
}

TEST_F(LintTest, EkCertificateThatSaysItIsAnAuthorityStaysAnEkCertificate) {
  chip_.ek_certificate.Extension("2.5.29.19").value = test::BasicConstraints(true);
  const LintResult result = Ek();
  EXPECT_EQ(result.kind, kEkCertificate);
  EXPECT_EQ(result.code(), kEkIsCa);
}

TEST_F(LintTest, CertificatesForOtherPurposesAreNoEkCertificates) {
  for (const char* purpose : {"1.3.6.1.5.5.7.3.2", "2.23.133.8.3"}) {
    chip_.ek_certificate.Extension("2.5.29.37").value = test::ExtendedKeyUsage(purpose);
    EXPECT_EQ(Ek().code(), kEkEku) << purpose;
  }
}

TEST_F(LintTest, AVirtualMakerIsRefusedThoughItsRootIsTrustedAndNotInTheLab) {
  Trust();
  chip_.ek_certificate.Extension("2.5.29.17").value =
      test::TpmNames("id:474F4F47", "vTPM", "id:00010002");
  EXPECT_EQ(Ek().code(), kTpmIsVirtual);
  options_.lab = true;
  EXPECT_EQ(Ek().verdict(), LintVerdict::kFindings);
}

TEST_F(LintTest, ExpiredAndFutureCertificatesAreRefused) {
  Trust();
  options_.now = chip_.ek_certificate.not_after + std::chrono::hours(1);
  EXPECT_EQ(Ek().code(), kEkExpired);
  options_.now = chip_.ek_certificate.not_before - std::chrono::hours(72);
  EXPECT_EQ(Ek().code(), kEkNotYetValid);
}

TEST_F(LintTest, ASha1SignatureIsRefusedEvenWithoutTrustAnchors) {
  chip_.ek_certificate.sha1 = true;
  EXPECT_EQ(Ek().code(), kEkSigAlgWeak);
}

TEST_F(LintTest, APointThatIsOffItsCurveIsAWeakKey) {
  chip_.ek_certificate.spki.back() ^= 1;
  EXPECT_EQ(Ek().code(), kEkKeyWeak);
}

TEST_F(LintTest, ASecondStructureInThePaddingIsMalformed) {
  chip_.nv_padding = Bytes(16, 0xFF);
  EXPECT_EQ(Ek().verdict(), LintVerdict::kFindings);
  chip_.nv_padding = {0xFF, 0x30, 0x03, 0x02, 0x01, 0x00};
  EXPECT_EQ(Ek().code(), kEkCertMalformed);
}

TEST_F(LintTest, BerAndEmptyAndErasedMemoryAreMalformed) {
  Bytes ber = {0x30, 0x80};
  const Bytes der = chip_.Build().ek_certificate;
  ber.insert(ber.end(), der.begin() + 4, der.end());
  ber.insert(ber.end(), {0x00, 0x00});
  EXPECT_EQ(One(ber).code(), kEkCertMalformed);
  EXPECT_EQ(One(Bytes(), "ek.nv").code(), kEkCertMissing);
  EXPECT_EQ(One(Bytes(1600, 0xFF), "ek.nv").code(), kEkCertMalformed);
}

// --- authorities ---

TEST_F(LintTest, AuthoritiesAreJudgedByTheTrustAnchors) {
  const Bytes root = test::BuildCertificate(chip_.root, chip_.root_key);
  const Bytes below = test::BuildCertificate(chip_.intermediate, chip_.root_key);
  EXPECT_EQ(One(root).kind, kCaCertificate);
  EXPECT_EQ(One(below).verdict(), LintVerdict::kFindings);
  Trust();
  EXPECT_EQ(One(root).verdict(), LintVerdict::kValid);
  EXPECT_EQ(One(below).verdict(), LintVerdict::kValid);
  EXPECT_EQ(One(below).chain.size(), 1u);
}

TEST_F(LintTest, AnAuthorityItsNamedIssuerDidNotSignIsABadSignature) {
  Trust();
  EXPECT_EQ(One(test::BuildCertificate(chip_.intermediate, chip_.tls_key)).code(),
            kEkChainBadSignature);
}

TEST_F(LintTest, ASelfIssuedAuthorityNobodyTrustsIsUntrusted) {
  Trust();
  test::CertificateSpec other = chip_.root;
  other.spki = chip_.tls_key.public_key().SpkiDer();
  const LintResult result = One(test::BuildCertificate(other, chip_.tls_key));
  EXPECT_EQ(result.verdict(), LintVerdict::kRefused);
}

TEST_F(LintTest, ARootWithAForeignSignatureDidNotSignItself) {
  EXPECT_EQ(One(test::BuildCertificate(chip_.root, chip_.tls_key)).code(), kEkChainBadSignature);
}

TEST_F(LintTest, AnAuthorityWithoutTheRightToSignMayNotIssue) {
  chip_.intermediate.Extension("2.5.29.15").value = test::KeyUsage(crypto::kDigitalSignature);
  EXPECT_EQ(One(test::BuildCertificate(chip_.intermediate, chip_.root_key)).code(),
            kEkChainUntrusted);
}

// --- statements ---

TEST_F(LintTest, AQuoteLacksOnlyItsSession) {
  const AttestationEvidence evidence = chip_.Build();
  options_.key = chip_.ak_key.public_key();
  const auto judge = [&] {
    return One(evidence.quote_attest, "quote.attest", evidence.quote_signature);
  };
  EXPECT_EQ(judge().kind, kQuote);
  ASSERT_EQ(judge().findings.size(), 1u);
  EXPECT_EQ(judge().findings[0].code, kQuoteNonce);
  nonce_ = tpmwire::ParseAttest(evidence.quote_attest)->extra_data;
  EXPECT_EQ(judge().verdict(), LintVerdict::kValid);
  nonce_->back() ^= 1;
  EXPECT_EQ(judge().code(), kQuoteNonce);
}

TEST_F(LintTest, AnUnnoncedQuoteMayBeAnyOldOne) {
  chip_.change_quote = [](tpmwire::Attest& quote) { quote.extra_data.clear(); };
  EXPECT_EQ(Quote().code(), kQuoteNonce);
}

TEST_F(LintTest, AHandMadeQuoteOfARestrictedKeyHasTheWrongMagic) {
  chip_.change_quote = [](tpmwire::Attest& quote) { quote.header.magic = 0x12345678; };
  const LintResult result = Quote();
  EXPECT_EQ(result.kind, kQuote);
  EXPECT_EQ(result.code(), kQuoteMagic);
}

TEST_F(LintTest, ATimeAttestationIsNoQuote) {
  const AttestationEvidence evidence = chip_.Build();
  Bytes attest = evidence.quote_attest;
  attest[5] = 0x19;
  options_.key = chip_.ak_key.public_key();
  EXPECT_EQ(One(attest, "quote.attest", test::SignAttest(attest, chip_.ak_key)).code(), kQuoteType);
}

TEST_F(LintTest, SelectionsThatHideABankAreRefused) {
  chip_.change_quote = [](tpmwire::Attest& quote) {
    auto& selections = std::get<tpmwire::QuoteInfo>(quote.body).selections;
    selections.push_back(selections.front());
  };
  EXPECT_EQ(Quote().code(), kQuoteSelection);
  chip_.change_quote = [](tpmwire::Attest& quote) {
    std::get<tpmwire::QuoteInfo>(quote.body).selections.clear();
  };
  EXPECT_EQ(Quote().code(), kQuoteNoSha256);
}

TEST_F(LintTest, AnUnsafeClockIsRefused) {
  chip_.change_quote = [](tpmwire::Attest& quote) { quote.clock.safe = false; };
  EXPECT_EQ(Quote().code(), kQuoteClockUnsafe);
}

TEST_F(LintTest, BytesAfterAQuoteAreRefused) {
  Bytes attest = chip_.Build().quote_attest;
  attest.push_back(0);
  options_.key = chip_.ak_key.public_key();
  EXPECT_EQ(One(attest, "q", test::SignAttest(attest, chip_.ak_key)).code(), kQuoteMalformed);
}

TEST_F(LintTest, ASizedQuoteMustHaveItsSize) {
  const AttestationEvidence evidence = chip_.Build();
  options_.key = chip_.ak_key.public_key();
  Bytes sized = tpmwire::Writer().Sized(evidence.quote_attest).Take();
  EXPECT_NE(One(sized, "q", evidence.quote_signature).verdict(), LintVerdict::kRefused);
  ++sized[1];
  EXPECT_EQ(One(sized, "q", evidence.quote_signature).code(), kQuoteMalformed);
}

TEST_F(LintTest, AnotherKeysSignatureIsRefused) {
  const AttestationEvidence evidence = chip_.Build();
  options_.key = chip_.tls_key.public_key();
  EXPECT_EQ(One(evidence.quote_attest, "q", evidence.quote_signature).code(), kQuoteSignature);
}

TEST_F(LintTest, CertifyStatementsAreJudgedUnderTheirOwnCodes) {
  EXPECT_EQ(Certify().kind, kCertify);
  EXPECT_EQ(Certify().verdict(), LintVerdict::kFindings);
  chip_.change_certify = [](tpmwire::Attest& certify) {
    std::get<tpmwire::CertifyInfo>(certify.body).name[1] = 0x04;  // SHA-1
  };
  EXPECT_EQ(Certify().code(), kCertifyName);
  chip_.change_certify = [](tpmwire::Attest& certify) { certify.header.magic = 0; };
  EXPECT_EQ(Certify().code(), kCertifyMagic);
}

// --- what is nothing ---

TEST_F(LintTest, JunkIsRefusedAndForeignTextOnlyWhereItWasNamed) {
  EXPECT_EQ(One(Bytes{0xC3, 0x28, 0x01, 0x02}, "x").code(), kEvidenceMalformed);
  LintInput text{.path = "folder/LICENSE", .bytes = AsBytes("Permission is granted\n")};
  EXPECT_EQ(Lint(text, options_)[0].code(), kEvidenceMalformed);
  text.asked_by_name = false;
  EXPECT_EQ(Lint(text, options_)[0].verdict(), LintVerdict::kFindings);
  EXPECT_EQ(Lint(text, options_)[0].kind, kUnknown);
}

TEST_F(LintTest, AnEmptyFileIsWhatItsNameSays) {
  EXPECT_EQ(One({}, "log.bin").code(), kEventLogMissing);
  EXPECT_EQ(One({}, "binary_bios_measurements").kind, kEventLog);
  EXPECT_EQ(One({}, "ek.pem").code(), kEkCertMalformed);
  EXPECT_EQ(One({}, "nothing").code(), kEvidenceMalformed);
}

TEST_F(LintTest, ABadBlockDoesNotHideTheOthersOfABundle) {
  const std::string good = Made(chip_.root, chip_.root_key).ToPem();
  std::string bad = good;
  bad.insert(bad.find('\n') + 10, "*");
  const auto results = Lint({.path = "b.pem", .bytes = AsBytes(bad + good)}, options_);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].code(), kEkCertMalformed);
  EXPECT_EQ(results[1].kind, kCaCertificate);
}

TEST_F(LintTest, AHugeFileIsRefusedForItsSize) {
  const Bytes huge(9 * 1024 * 1024, 0x30);
  EXPECT_EQ(One(huge, "log.bin").code(), kInputTooLarge);
}

// --- properties ---

TEST_F(LintTest, NoTruncatedCertificateIsValid) {
  Trust();
  const Bytes der = chip_.Build().ek_certificate;
  const std::string pem = crypto::Certificate::FromDer(der)->ToPem();
  ASSERT_EQ(One(der, "ek.der").verdict(), LintVerdict::kValid);
  ASSERT_EQ(One(AsBytes(pem), "ek.pem").verdict(), LintVerdict::kValid);
  for (size_t size = 0; size < der.size(); ++size) {
    ASSERT_EQ(One(ByteView(der).first(size), "ek.der").verdict(), LintVerdict::kRefused) << size;
  }
  for (size_t size = 0; size + 1 < pem.size(); ++size) {
    ASSERT_EQ(One(AsBytes(pem).first(size), "ek.pem").verdict(), LintVerdict::kRefused) << size;
  }
}

TEST_F(LintTest, EveryByteOfACertificateCounts) {
  Trust();
  const Bytes der = chip_.Build().ek_certificate;
  for (size_t at = 0; at < der.size(); ++at) {
    for (const int change : {0x01, 0x80, 0xFF}) {
      Bytes changed = der;
      changed[at] = static_cast<uint8_t>(changed[at] ^ change);
      ASSERT_EQ(One(changed, "ek.der").verdict(), LintVerdict::kRefused) << at;
    }
  }
}

TEST_F(LintTest, NoTruncatedOrChangedQuoteIsValid) {
  const AttestationEvidence evidence = chip_.Build();
  nonce_ = tpmwire::ParseAttest(evidence.quote_attest)->extra_data;
  options_.key = chip_.ak_key.public_key();
  ASSERT_EQ(One(evidence.quote_attest, "quote.attest", evidence.quote_signature).verdict(),
            LintVerdict::kValid);
  for (size_t at = 0; at < evidence.quote_attest.size(); ++at) {
    ASSERT_EQ(
        One(ByteView(evidence.quote_attest).first(at), "quote.attest", evidence.quote_signature)
            .verdict(),
        LintVerdict::kRefused)
        << at;
    Bytes changed = evidence.quote_attest;
    changed[at] ^= 1;
    ASSERT_EQ(One(changed, "quote.attest", evidence.quote_signature).verdict(),
              LintVerdict::kRefused)
        << at;
  }
}

TEST_F(LintTest, NoTruncatedLogIsValidAndNoneLosesItsReplay) {
  PRESEAL_SKIP_WITHOUT_TESTDATA();
  const Bytes log = test::ReadTestdata("eventlogs/hirs_TpmLog.bin");
  const LintResult whole = One(log, "log.bin");
  ASSERT_NE(whole.verdict(), LintVerdict::kRefused);
  for (size_t size = 0; size < log.size(); ++size) {
    const LintResult cut = One(ByteView(log).first(size), "log.bin");
    ASSERT_EQ(cut.kind, kEventLog) << size;
    ASSERT_NE(cut.verdict(), LintVerdict::kValid) << size;
    ASSERT_TRUE(cut.pcrs.has_value()) << size;
  }
}

TEST_F(LintTest, AChangedByteNeverMakesALogAnotherKindNorKeepsAllOfIt) {
  PRESEAL_SKIP_WITHOUT_TESTDATA();
  const Bytes log = test::ReadTestdata("eventlogs/hirs_TpmLog.bin");
  const LintResult whole = One(log, "log.bin");
  size_t noticed = 0;
  for (size_t at = 0; at < log.size(); ++at) {
    Bytes changed = log;
    changed[at] ^= 1;
    const LintResult result = One(changed, "log.bin");
    ASSERT_EQ(result.kind, kEventLog) << at;
    const bool differs = result.verdict() == LintVerdict::kRefused || result.pcrs != whole.pcrs;
    noticed += differs ? 1 : 0;
  }
  // Types and opaque data are not measured; the rest is.
  EXPECT_GT(noticed, log.size() / 2);
}

}  // namespace
}  // namespace preseal::server
