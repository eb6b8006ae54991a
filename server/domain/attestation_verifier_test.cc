// SPDX-License-Identifier: Apache-2.0
#include "server/domain/attestation_verifier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "common/base/limits.h"
#include "common/tpmwire/binding.h"
#include "common/tpmwire/der.h"
#include "common/tpmwire/name.h"
#include "common/tpmwire/templates.h"
#include "server/domain/attestation_checks.h"
#include "tests/support/attestation_fixture.h"
#include "tests/support/status_matchers.h"

namespace preseal::server {
namespace {

using test::AttestationFixture;
using tpmwire::Attest;
using Code = RefusalCode;

// One thing spoiled, the check that must notice, and its code.
struct Spoiled {
  const char* what;
  int check;
  Code code;
  void (*spoil)(AttestationFixture&);
};

tpmwire::EccKey& Ecc(tpmwire::PublicArea& area) { return std::get<tpmwire::EccKey>(area.key); }
tpmwire::QuoteInfo& Quote(Attest& attest) { return std::get<tpmwire::QuoteInfo>(attest.body); }
tpmwire::CertifyInfo& Certify(Attest& attest) {
  return std::get<tpmwire::CertifyInfo>(attest.body);
}
// Replaces the EK certificate on the wire; later checks of B are never reached by these.
template <typename Change>
void OnNv(AttestationFixture& f, Change change) {
  f.change_evidence = [change](AttestationEvidence& e) { change(e.ek_certificate); };
}

constexpr char kSan[] = "2.5.29.17";
constexpr auto kDay = 24h;

const Spoiled kSpoiled[] = {
    {"OversizedEventLog", 101, Code::kInputTooLarge,
     [](auto& f) {
       f.change_evidence = [](auto& e) { e.event_log.resize(kEventLogBytesMax + 1); };
     }},
    {"NineChainCertificates", 101, Code::kInputTooLarge,
     [](auto& f) {
       f.change_evidence = [](auto& e) { e.ek_chain.resize(kEkChainCertificatesMax + 1); };
     }},
    {"OversizedQuote", 101, Code::kInputTooLarge,
     [](auto& f) {
       f.change_evidence = [](auto& e) { e.quote_attest.resize(kTpmStructureBytesMax + 1); };
     }},
    // EK certificate
    {"NoCertificate", 201, Code::kEkCertMissing,
     [](auto& f) { OnNv(f, [](Bytes& nv) { nv.clear(); }); }},
    {"SecondCertificateInPadding", 202, Code::kEkCertMalformed,
     [](auto& f) { OnNv(f, [](Bytes& nv) { nv.insert(nv.end(), {0x30, 0x01, 0x00}); }); }},
    {"CertificateThatIsNone", 203, Code::kEkCertMalformed,
     [](auto& f) { OnNv(f, [](Bytes& nv) { nv = {0x30, 0x02, 0x05, 0x00}; }); }},
    {"TcgAttributesThatDoNotParse", 203, Code::kEkCertMalformed,
     [](auto& f) { f.ek_certificate.Extension("2.5.29.9").value = {0x30, 0x02, 0x02, 0x00}; }},
    {"Version1Certificate", 204, Code::kEkCertMalformed,
     [](auto& f) {
       f.ek_certificate.version = 1;
       f.ek_certificate.extensions.clear();
     }},
    {"SerialZero", 205, Code::kEkCertMalformed, [](auto& f) { f.ek_certificate.serial = {0}; }},
    {"NegativeSerial", 205, Code::kEkCertMalformed,
     [](auto& f) { f.ek_certificate.serial = {0xFF, 0x01}; }},
    {"SerialOf21Bytes", 205, Code::kEkCertMalformed,
     [](auto& f) { f.ek_certificate.serial = Bytes(21, 0x11); }},
    {"UnknownExtensionTwice", 206, Code::kEkCertMalformed,
     [](auto& f) {
       const test::ExtensionSpec odd{"1.3.6.1.4.1.99999.1", false, {0x05, 0x00}};
       f.ek_certificate.extensions.insert(f.ek_certificate.extensions.end(), {odd, odd});
     }},
    {"AuthorityAsEkCertificate", 207, Code::kEkIsCa,
     [](auto& f) {
       f.ek_certificate.Extension("2.5.29.19").value = test::BasicConstraints(true);
     }},
    {"EkThatMaySignCertificates", 207, Code::kEkIsCa,
     [](auto& f) {
       f.ek_certificate.Extension("2.5.29.15").value =
           test::KeyUsage(crypto::kKeyAgreement | crypto::kKeyCertSign);
     }},
    {"Tpm12Family", 208, Code::kEkNotTpm20,
     [](auto& f) { f.ek_certificate.Extension("2.5.29.9").value = test::TpmSpecification("1.2"); }},
    {"NoExtendedKeyUsage", 209, Code::kEkEku,
     [](auto& f) { f.ek_certificate.Remove("2.5.29.37"); }},
    {"AttestationKeyCertificate", 209, Code::kEkEku,
     [](auto& f) {
       f.ek_certificate.Extension("2.5.29.37").value = test::ExtendedKeyUsage("2.23.133.8.3");
     }},
    {"AnyExtendedKeyUsage", 209, Code::kEkEku,
     [](auto& f) {
       f.ek_certificate.Extension("2.5.29.37").value = test::ExtendedKeyUsage("2.5.29.37.0");
     }},
    {"SigningKeyUsage", 210, Code::kEkKeyUsage,
     [](auto& f) {
       f.ek_certificate.Extension("2.5.29.15").value = test::KeyUsage(crypto::kDigitalSignature);
     }},
    {"NoKeyUsage", 210, Code::kEkKeyUsage, [](auto& f) { f.ek_certificate.Remove("2.5.29.15"); }},
    {"NoSubjectAltName", 211, Code::kEkSan, [](auto& f) { f.ek_certificate.Remove(kSan); }},
    {"TwoDirectoryNames", 211, Code::kEkSan,
     [](auto& f) {
       Bytes& san = f.ek_certificate.Extension(kSan).value;
       Bytes names(san.begin() + 2, san.end());
       names.insert(names.end(), san.begin() + 2, san.end());
       san = tpmwire::der::Tlv(tpmwire::der::kSequence, names);
     }},
    {"ManufacturerOfSevenDigits", 211, Code::kEkSan,
     [](auto& f) {
       f.ek_certificate.Extension(kSan).value = test::TpmNames("id:53544D2", "ST33", "id:1");
     }},
    {"UnknownCriticalExtension", 212, Code::kEkCertMalformed,
     [](auto& f) {
       f.ek_certificate.extensions.push_back({"1.3.6.1.4.1.99999.1", true, {0x05, 0x00}});
     }},
    // chain
    {"RootNobodyTrusts", 302, Code::kEkChainUntrusted, [](auto& f) { f.trust_root = false; }},
    {"IntermediateMissing", 302, Code::kEkChainUntrusted,
     [](auto& f) { f.intermediate.subject = "Somebody else"; }},
    {"IntermediateWithAGenuineNameAndAnotherKey", 302, Code::kEkChainBadSignature,
     [](auto& f) {
       f.intermediate.spki = f.tls_key.public_key().SpkiDer();  // not the key that signed the EK
     }},
    {"Sha1Signature", 303, Code::kEkSigAlgWeak, [](auto& f) { f.ek_certificate.sha1 = true; }},
    {"Sha1SignatureOnAnIntermediate", 303, Code::kEkSigAlgWeak,
     [](auto& f) { f.intermediate.sha1 = true; }},
    {"IntermediateThatIsNoAuthority", 304, Code::kEkChainUntrusted,
     [](auto& f) { f.intermediate.Extension("2.5.29.19").value = test::BasicConstraints(false); }},
    {"IssuedAfterItsIssuerEnded", 305, Code::kEkExpired,
     [](auto& f) { f.intermediate.not_after = f.ek_certificate.not_before - kDay; }},
    {"IssuedBeforeItsIssuerBegan", 305, Code::kEkNotYetValid,
     [](auto& f) { f.intermediate.not_before = f.ek_certificate.not_before + kDay; }},
    {"NotYetValid", 306, Code::kEkNotYetValid,
     [](auto& f) { f.ek_certificate.not_before = f.context.now + kClockSkewMax + 1min; }},
    {"Expired", 307, Code::kEkExpired,
     [](auto& f) { f.ek_certificate.not_after = f.context.now - 1min; }},
    // EK
    {"EkOfUnknownType", 401, Code::kEkPublicMalformed,
     [](auto& f) { f.change_evidence = [](auto& e) { e.ek_public[0] = e.ek_public[1] = 0x77; }; }},
    {"EkWithATrailingByte", 401, Code::kEkPublicMalformed,
     [](auto& f) { f.change_evidence = [](auto& e) { e.ek_public.push_back(0); }; }},
    {"EkOffItsCurve", 402, Code::kEkKeyWeak, [](auto& f) { Ecc(f.ek).y[31] ^= 1; }},
    {"EkOfRsa1024", 402, Code::kEkKeyWeak,
     [](auto& f) { f.ek.key = tpmwire::RsaKey{1024, 0, Bytes(128, 0xC5)}; }},
    {"EkOfRsaWithExponent3", 402, Code::kEkKeyWeak,
     [](auto& f) { f.ek.key = tpmwire::RsaKey{2048, 3, Bytes(256, 0xC5)}; }},
    {"EkOfRsaWithAnEvenModulus", 402, Code::kEkKeyWeak,
     [](auto& f) { f.ek.key = tpmwire::RsaKey{2048, 0, Bytes(256, 0xC4)}; }},
    {"CertificateOfAnotherKey", 404, Code::kEkKeyMismatch,
     [](auto& f) { f.ek_certificate.spki = f.tls_key.public_key().SpkiDer(); }},
    {"EkWithoutFixedTpm", 405, Code::kEkTemplate,
     [](auto& f) { f.ek.attributes &= ~tpmwire::kAttributeFixedTpm; }},
    {"EkWithoutPolicy", 405, Code::kEkTemplate, [](auto& f) { f.ek.policy.clear(); }},
    {"EkOfAnotherDevice", 406, Code::kEkAlreadyBound,
     [](auto& f) { f.context.device_bound_to_ek = "D-8"; }},
    {"RecordWithAnotherEk", 407, Code::kEkChanged,
     [](auto& f) { f.context.ek_bound_to_device = tpmwire::Sha256Digest{}; }},
    // TPM identity
    {"SwtpmManufacturer", 501, Code::kTpmIsVirtual,
     [](auto& f) {
       f.ek_certificate.Extension(kSan).value = test::TpmNames("id:00001014", "chip", "id:1");
     }},
    {"SwtpmModel", 501, Code::kTpmIsVirtual,
     [](auto& f) {
       f.ek_certificate.Extension(kSan).value = test::TpmNames("id:53544D20", "swtpm", "id:1");
     }},
    {"VirtualVendorString", 501, Code::kTpmIsVirtual,
     [](auto& f) { f.claimed_tpm.vendor_string = "SW   TPM"; }},
    {"MicrosoftWithoutPluton", 501, Code::kTpmIsVirtual,
     [](auto& f) {
       f.ek_certificate.Extension(kSan).value = test::TpmNames("id:4D534654", "chip", "id:1");
     }},
    {"UnknownVendor", 502, Code::kTpmVendorUnknown,
     [](auto& f) {
       f.ek_certificate.Extension(kSan).value = test::TpmNames("id:41424344", "chip", "id:1");
     }},
    {"TpmOfAnotherVendorThanItsCertificate", 503, Code::kTpmVendorMismatch,
     [](auto& f) { f.claimed_tpm.manufacturer = 0x49465800; }},
    // AK and device key
    {"AkWithATrailingByte", 601, Code::kAkMalformed,
     [](auto& f) { f.change_evidence = [](auto& e) { e.ak_public.push_back(0); }; }},
    {"UnrestrictedAk", 602, Code::kAkAttributes,
     [](auto& f) { f.ak.attributes &= ~tpmwire::kAttributeRestricted; }},
    {"AkWithAPolicy", 602, Code::kAkAttributes, [](auto& f) { f.ak.policy = Bytes(32, 1); }},
    {"AkWithoutScheme", 603, Code::kAkAlg, [](auto& f) { f.ak.scheme = {}; }},
    {"AkOffItsCurve", 604, Code::kAkMalformed, [](auto& f) { Ecc(f.ak).y[31] ^= 1; }},
    {"DeviceKeyWithATrailingByte", 605, Code::kTlsKeyMalformed,
     [](auto& f) { f.change_evidence = [](auto& e) { e.device_key_public.push_back(0); }; }},
    {"DeviceKeyThatMayLeaveTheTpm", 606, Code::kTlsKeyAttributes,
     [](auto& f) { f.device_key.attributes &= ~tpmwire::kAttributeFixedTpm; }},
    {"DeviceKeyWithSha384", 607, Code::kTlsKeyAlg,
     [](auto& f) { f.device_key.scheme.hash = tpmwire::HashAlg::kSha384; }},
    {"DeviceKeyOffItsCurve", 608, Code::kTlsKeyMalformed,
     [](auto& f) { Ecc(f.device_key).y[31] ^= 1; }},
    // certify
    {"CertifySignedByAnotherKey", 701, Code::kCertifySignature,
     [](auto& f) {
       f.change_evidence = [&f](auto& e) {
         e.certify_signature = test::SignAttest(e.certify_attest, f.tls_key);
       };
     }},
    {"CertifyChangedAfterSigning", 701, Code::kCertifySignature,
     [](auto& f) { f.change_evidence = [](auto& e) { e.certify_attest.back() ^= 1; }; }},
    {"CertifySignatureWithATrailingByte", 701, Code::kCertifySignature,
     [](auto& f) { f.change_evidence = [](auto& e) { e.certify_signature.push_back(0); }; }},
    {"CertifyNotMadeByATpm", 702, Code::kCertifyMagic,
     [](auto& f) { f.change_certify = [](Attest& a) { a.header.magic = 0x01020304; }; }},
    {"QuoteShownAsCertify", 703, Code::kCertifyType,
     [](auto& f) {
       f.change_evidence = [](auto& e) {
         e.certify_attest = e.quote_attest;
         e.certify_signature = e.quote_signature;
       };
     }},
    {"CertifyWithATrailingByte", 704, Code::kCertifyMalformed,
     [](auto& f) {
       f.change_evidence = [&f](auto& e) {
         e.certify_attest.push_back(0);
         e.certify_signature = test::SignAttest(e.certify_attest, f.ak_key);
       };
     }},
    {"CertifyOfAnotherSession", 705, Code::kCertifyNonce,
     [](auto& f) { f.change_certify = [](Attest& a) { a.extra_data[0] ^= 1; }; }},
    {"CertifyWithoutNonce", 705, Code::kCertifyNonce,
     [](auto& f) { f.change_certify = [](Attest& a) { a.extra_data.clear(); }; }},
    {"CertifyWithTheQuotesNonce", 705, Code::kCertifyNonce,
     [](auto& f) {
       f.change_certify = [](Attest& a) { a.extra_data = ToBytes(std::string_view("quote")); };
     }},
    {"EvidenceRelayedFromAnotherServer", 705, Code::kCertifyNonce,
     [](auto& f) {
       f.change_certify = [&f](Attest&) { f.context.server_leaf_sha256.fill(9); };
     }},
    {"ClaimsChangedAfterSigning", 705, Code::kCertifyNonce,
     [](auto& f) { f.change_evidence = [](auto& e) { e.claims.push_back('!'); }; }},
    {"EventLogAddedAfterSigning", 705, Code::kCertifyNonce,
     [](auto& f) { f.change_evidence = [](auto& e) { e.event_log = {1}; }; }},
    {"PaddingAddedAfterSigning", 705, Code::kCertifyNonce,
     [](auto& f) { OnNv(f, [](Bytes& nv) { nv.push_back(0xFF); }); }},
    {"CertifyOfAnotherKey", 706, Code::kCertifyName,
     [](auto& f) { f.change_certify = [](Attest& a) { Certify(a).name[5] ^= 1; }; }},
    {"AkInTheOwnerHierarchy", 707, Code::kAkHierarchy,
     [](auto& f) {
       f.change_certify = [&f](Attest& a) {
         a.qualified_signer = tpmwire::QualifiedNameOf(tpmwire::kHierarchyOwner, f.ak);
       };
     }},
    {"DeviceKeyInTheEndorsementHierarchy", 708, Code::kTlsKeyHierarchy,
     [](auto& f) {
       f.change_certify = [&f](Attest& a) {
         Certify(a).qualified_name =
             tpmwire::QualifiedNameOf(tpmwire::kHierarchyEndorsement, f.device_key);
       };
     }},
    // quote
    {"QuoteSignedByAnotherKey", 801, Code::kQuoteSignature,
     [](auto& f) {
       f.change_evidence = [&f](auto& e) {
         e.quote_signature = test::SignAttest(e.quote_attest, f.tls_key);
       };
     }},
    {"QuoteSignatureThatNamesSha384", 801, Code::kQuoteSignature,
     [](auto& f) { f.change_evidence = [](auto& e) { e.quote_signature[3] = 0x0C; }; }},
    {"QuoteNotMadeByATpm", 802, Code::kQuoteMagic,
     [](auto& f) { f.change_quote = [](Attest& a) { a.header.magic = 0x01020304; }; }},
    {"CertifyShownAsQuote", 803, Code::kQuoteType,
     [](auto& f) {
       f.change_evidence = [](auto& e) {
         e.quote_attest = e.certify_attest;
         e.quote_signature = e.certify_signature;
       };
     }},
    {"QuoteWithATrailingByte", 804, Code::kQuoteMalformed,
     [](auto& f) {
       f.change_evidence = [&f](auto& e) {
         e.quote_attest.push_back(0);
         e.quote_signature = test::SignAttest(e.quote_attest, f.ak_key);
       };
     }},
    {"QuoteOfAnotherSession", 805, Code::kQuoteNonce,
     [](auto& f) { f.change_quote = [](Attest& a) { a.extra_data[31] ^= 1; }; }},
    {"QuoteWithAPrefixOfTheNonce", 805, Code::kQuoteNonce,
     [](auto& f) { f.change_quote = [](Attest& a) { a.extra_data.resize(31); }; }},
    {"QuoteByAnOwnerKey", 806, Code::kQuoteSigner,
     [](auto& f) {
       f.change_quote = [&f](Attest& a) {
         a.qualified_signer = tpmwire::QualifiedNameOf(tpmwire::kHierarchyOwner, f.ak);
       };
     }},
    {"QuoteOverFewerPcrs", 807, Code::kQuoteSelection,
     [](auto& f) { f.change_quote = [](Attest& a) { Quote(a).selections[1].mask[0] ^= 1; }; }},
    {"QuoteOverNoBank", 807, Code::kQuoteSelection,
     [](auto& f) { f.change_quote = [](Attest& a) { Quote(a).selections.clear(); }; }},
    {"QuoteWithABankTwice", 807, Code::kQuoteSelection,
     [](auto& f) {
       f.change_quote = [](Attest& a) {
         Quote(a).selections.push_back(Quote(a).selections.back());
       };
     }},
    {"QuoteOverSha1Only", 808, Code::kQuoteNoSha256,
     [](auto& f) {
       f.change_quote = [&f](Attest& a) {
         Quote(a).selections[0] = f.context.pcrs[0];
         Quote(a).selections[1].mask.fill(0);
       };
     }},
    {"PcrValueThatWasNotQuoted", 809, Code::kPcrDigest,
     [](auto& f) { f.change_evidence = [](auto& e) { e.pcr_values[0].value[0] ^= 1; }; }},
    {"PcrValueMissing", 809, Code::kPcrDigest,
     [](auto& f) { f.change_evidence = [](auto& e) { e.pcr_values.pop_back(); }; }},
    {"UnsafeClock", 810, Code::kQuoteClockUnsafe,
     [](auto& f) { f.change_quote = [](Attest& a) { a.clock.safe = false; }; }},
    {"RebootBetweenCertifyAndQuote", 811, Code::kQuoteResetMismatch,
     [](auto& f) { f.change_quote = [](Attest& a) { ++a.clock.reset_count; }; }},
    {"FirmwareVersionEditedByTheAgent", 812, Code::kTpmFirmwareMismatch,
     [](auto& f) { f.change_evidence = [](auto& e) { ++e.claimed_tpm.firmware_version; }; }},
};

class SpoiledEvidenceTest : public testing::TestWithParam<Spoiled> {};

TEST_P(SpoiledEvidenceTest, IsRefusedByTheCheckMadeForIt) {
  AttestationFixture fixture;
  GetParam().spoil(fixture);
  const AttestationVerdict verdict = fixture.Verify();
  EXPECT_FALSE(verdict.accepted());
  EXPECT_EQ(NameOf(verdict.code), NameOf(GetParam().code)) << verdict.seen;
  EXPECT_EQ(verdict.findings.back().number, GetParam().check) << verdict.seen;
  EXPECT_FALSE(verdict.seen.empty());
  EXPECT_FALSE(verdict.expected.empty());
}

INSTANTIATE_TEST_SUITE_P(OneThing, SpoiledEvidenceTest, testing::ValuesIn(kSpoiled),
                         [](const auto& info) { return info.param.what; });

TEST(AttestationVerifierTest, AcceptsGoodEvidenceAndReportsItsFacts) {
  AttestationFixture fixture;
  const AttestationVerdict verdict = fixture.Verify();
  ASSERT_TRUE(verdict.accepted()) << NameOf(verdict.code) << ": " << verdict.seen;
  EXPECT_FALSE(verdict.facts->lab);
  EXPECT_EQ(verdict.facts->ek_spki_sha256, fixture.ek_key.public_key().SpkiSha256());
  EXPECT_EQ(verdict.facts->ak_name, tpmwire::NameOf(fixture.ak));
  EXPECT_TRUE(verdict.facts->device_key.Equals(fixture.tls_key.public_key()));
  EXPECT_EQ(verdict.facts->reset_count, 3u);
  EXPECT_EQ(verdict.facts->firmware_version, fixture.claimed_tpm.firmware_version);
  EXPECT_EQ(verdict.facts->pcr_values, fixture.pcr_values);
  for (const AttestationFinding& finding : verdict.findings) {
    EXPECT_EQ(finding.verdict, CheckVerdict::kPass) << finding.check << ": " << finding.seen;
  }
}

TEST(AttestationVerifierTest, EveryCheckThatRefusesHasASpoiledExample) {
  std::set<int> covered = {301,   // only remarks
                           403};  // roca_test.cc: its keys cannot match a certificate made here
  for (const Spoiled& spoiled : kSpoiled) covered.insert(spoiled.check);
  std::set<int> numbers;
  for (const AttestationChecks group :
       {InputChecks(), EkCertificateChecks(), EkChainChecks(), EkKeyChecks(), TpmIdentityChecks(),
        DeviceKeyChecks(), CertifyChecks(), QuoteChecks()}) {
    for (const AttestationCheck& check : group) {
      EXPECT_TRUE(numbers.insert(check.number).second) << check.number << " twice";
      EXPECT_TRUE(covered.contains(check.number)) << check.number << " " << check.name;
    }
  }
}

TEST(AttestationVerifierTest, VirtualTpmIsAcceptedThroughTheLabRootAndMarked) {
  AttestationFixture fixture;
  fixture.lab = true;
  fixture.ek_certificate.Extension(kSan).value =
      test::TpmNames("id:00001014", "swtpm", "id:20191023");
  fixture.claimed_tpm.manufacturer = 0x49424D00;
  const AttestationVerdict verdict = fixture.Verify();
  ASSERT_TRUE(verdict.accepted()) << NameOf(verdict.code) << ": " << verdict.seen;
  EXPECT_TRUE(verdict.facts->lab);
}

TEST(AttestationVerifierTest, UntrustedVirtualTpmIsRefusedForItsChain) {
  AttestationFixture fixture;
  fixture.trust_root = false;
  fixture.ek_certificate.Extension(kSan).value =
      test::TpmNames("id:00001014", "swtpm", "id:20191023");
  EXPECT_EQ(fixture.Verify().code, Code::kEkChainUntrusted);
}

TEST(AttestationVerifierTest, AnIssuerThatExpiredSinceIsFine) {
  AttestationFixture fixture;
  fixture.intermediate.not_after = fixture.ek_certificate.not_before + kDay;
  EXPECT_TRUE(fixture.Verify().accepted());
}

TEST(AttestationVerifierTest, AnExpiredCertificateIsARemarkWhereTheSiteAllowsIt) {
  AttestationFixture fixture;
  fixture.ek_certificate.not_after = fixture.context.now - kDay;
  fixture.policy.expired_ek = ExpiredEk::kAcceptWithFinding;
  const AttestationVerdict verdict = fixture.Verify();
  ASSERT_TRUE(verdict.accepted()) << NameOf(verdict.code);
  EXPECT_TRUE(std::any_of(verdict.findings.begin(), verdict.findings.end(), [](const auto& f) {
    return f.number == 307 && f.verdict == CheckVerdict::kFinding;
  }));
}

TEST(AttestationVerifierTest, TheSameEkOnTheSameRecordIsFine) {
  AttestationFixture fixture;
  fixture.context.device_bound_to_ek = "D-7";
  fixture.context.ek_bound_to_device = fixture.ek_key.public_key().SpkiSha256();
  EXPECT_TRUE(fixture.Verify().accepted());
}

TEST(AttestationVerifierTest, PaddedCertificateAndJunkInTheChainAreRemarks) {
  AttestationFixture fixture;
  fixture.nv_padding = Bytes(431, 0xFF);
  fixture.change_evidence = [](auto& e) { e.ek_chain = {{1, 2, 3}}; };
  const AttestationVerdict verdict = fixture.Verify();
  ASSERT_TRUE(verdict.accepted()) << NameOf(verdict.code) << ": " << verdict.seen;
  std::set<int> remarks;
  for (const AttestationFinding& finding : verdict.findings) {
    if (finding.verdict == CheckVerdict::kFinding) remarks.insert(finding.number);
  }
  EXPECT_EQ(remarks, (std::set<int>{202, 301}));
}

TEST(AttestationVerifierTest, FindsIntermediatesTheDeviceSent) {
  AttestationFixture fixture;
  const Bytes sent = test::BuildCertificate(fixture.intermediate, fixture.root_key);
  fixture.intermediate.subject = "Configured, unrelated";
  fixture.change_evidence = [&](auto& e) { e.ek_chain = {sent}; };
  EXPECT_TRUE(fixture.Verify().accepted());
}

TEST(AttestationVerifierTest, NeverAcceptsAChangedByte) {
  AttestationFixture fixture;
  fixture.Verify();  // fills the policy
  const AttestationEvidence good = fixture.Build();
  for (const auto field :
       {&AttestationEvidence::ek_public, &AttestationEvidence::ak_public,
        &AttestationEvidence::device_key_public, &AttestationEvidence::certify_attest,
        &AttestationEvidence::certify_signature, &AttestationEvidence::quote_attest,
        &AttestationEvidence::quote_signature, &AttestationEvidence::ek_certificate}) {
    for (size_t i = 0; i < (good.*field).size(); i += 3) {
      AttestationEvidence changed = good;
      (changed.*field)[i] ^= 0x10;
      EXPECT_FALSE(VerifyAttestation(changed, fixture.context).accepted()) << "byte " << i;
    }
  }
}

TEST(AttestationVerifierTest, NeverAcceptsATruncatedField) {
  AttestationFixture fixture;
  fixture.Verify();
  const AttestationEvidence good = fixture.Build();
  for (const auto field :
       {&AttestationEvidence::ek_public, &AttestationEvidence::ak_public,
        &AttestationEvidence::device_key_public, &AttestationEvidence::certify_attest,
        &AttestationEvidence::certify_signature, &AttestationEvidence::quote_attest,
        &AttestationEvidence::quote_signature, &AttestationEvidence::ek_certificate}) {
    for (size_t size = 0; size < (good.*field).size(); ++size) {
      AttestationEvidence cut = good;
      (cut.*field).resize(size);
      EXPECT_FALSE(VerifyAttestation(cut, fixture.context).accepted()) << "cut to " << size;
    }
  }
}

class ActivationProofTest : public testing::Test {
 protected:
  RefusalCode Verify() const {
    return VerifyActivationProof(Secret(secret_), transcript_, proof_, now_, expire_time_, used_);
  }

  Bytes secret_ = Bytes(32, 5);
  tpmwire::Sha256Digest transcript_ =
      tpmwire::TranscriptHash(AsBytes("S0"), AsBytes("D1"), AsBytes("S2"));
  Bytes proof_ = ToBytes(ByteView(tpmwire::ComputeProof(Secret(secret_), transcript_)));
  WallTime now_ = WallTime(100s);
  WallTime expire_time_ = WallTime(160s);
  bool used_ = false;
};

TEST_F(ActivationProofTest, AcceptsTheProofOfTheSecret) { EXPECT_EQ(Verify(), Code::kNone); }

TEST_F(ActivationProofTest, RefusesAnotherProof) {
  proof_[31] ^= 1;
  EXPECT_EQ(Verify(), Code::kActivationFailed);
}

TEST_F(ActivationProofTest, RefusesAnEmptyProof) {
  proof_.clear();
  EXPECT_EQ(Verify(), Code::kActivationFailed);
}

TEST_F(ActivationProofTest, RefusesTheProofOfAnotherTranscript) {
  transcript_[0] ^= 1;
  EXPECT_EQ(Verify(), Code::kActivationFailed);
}

TEST_F(ActivationProofTest, RefusesALateProof) {
  now_ = expire_time_ + 1s;
  EXPECT_EQ(Verify(), Code::kActivationExpired);
}

TEST_F(ActivationProofTest, RefusesASecondProof) {
  used_ = true;
  EXPECT_EQ(Verify(), Code::kActivationReplayed);
}

TEST_F(ActivationProofTest, RefusesTheProofOfNoSecret) {
  secret_.clear();
  proof_ = ToBytes(ByteView(tpmwire::ComputeProof(Secret(), transcript_)));
  EXPECT_EQ(Verify(), Code::kActivationFailed);
}

}  // namespace
}  // namespace preseal::server
