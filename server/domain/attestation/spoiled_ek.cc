// SPDX-License-Identifier: Apache-2.0
#include "common/base/limits.h"
#include "common/tpmwire/der.h"
#include "server/domain/attestation/spoiled_evidence.h"

namespace preseal::server {
namespace {

using Code = RefusalCode;

constexpr char kSan[] = "2.5.29.17";
constexpr auto kDay = 24h;

tpmwire::EccKey& Ecc(tpmwire::PublicArea& area) { return std::get<tpmwire::EccKey>(area.key); }

// Changes the NV content on the wire; the checks of these never reach B.
template <typename Change>
void OnNv(test::AttestationFixture& f, Change change) {
  f.change_evidence = [change](AttestationEvidence& e) { change(e.ek_certificate); };
}

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
     [](auto& f) { OnNv(f, [](Bytes& nv) {
                     nv.insert(nv.end(), {0x30, 0x01, 0x00});
                   }); }},
    {"CertificateThatIsNone", 203, Code::kEkCertMalformed,
     [](auto& f) { OnNv(f, [](Bytes& nv) {
                     nv = {0x30, 0x02, 0x05, 0x00};
                   }); }},
    {"TcgAttributesThatDoNotParse", 203, Code::kEkCertMalformed,
     [](auto& f) {
       f.ek_certificate.Extension("2.5.29.9").value = {0x30, 0x02, 0x02, 0x00};
     }},
    {"Version1Certificate", 204, Code::kEkCertMalformed,
     [](auto& f) {
       f.ek_certificate.version = 1;
       f.ek_certificate.extensions.clear();
     }},
    {"SerialZero", 205, Code::kEkCertMalformed, [](auto& f) { f.ek_certificate.serial = {0}; }},
    {"NegativeSerial", 205, Code::kEkCertMalformed,
     [](auto& f) {
       f.ek_certificate.serial = {0xFF, 0x01};
     }},
    {"SerialOf21Bytes", 205, Code::kEkCertMalformed,
     [](auto& f) { f.ek_certificate.serial = Bytes(21, 0x11); }},
    {"UnknownExtensionTwice", 206, Code::kEkCertMalformed,
     [](auto& f) {
       const test::ExtensionSpec odd{"1.3.6.1.4.1.99999.1", false, {0x05, 0x00}};
       f.ek_certificate.extensions.insert(f.ek_certificate.extensions.end(), {odd, odd});
     }},
    {"AuthorityAsEkCertificate", 207, Code::kEkIsCa,
     [](auto& f) { f.ek_certificate.Extension("2.5.29.19").value = test::BasicConstraints(true); }},
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
    {"RevocationUnknownWhereItIsRequired", 308, Code::kEkRevocationUnknown,
     [](auto& f) { f.policy.revocation = RevocationUse::kRequire; }},
    // EK
    {"EkOfUnknownType", 401, Code::kEkPublicMalformed,
     [](auto& f) { f.change_evidence = [](auto& e) { e.ek_public[0] = e.ek_public[1] = 0x77; }; }},
    {"EkWithATrailingByte", 401, Code::kEkPublicMalformed,
     [](auto& f) { f.change_evidence = [](auto& e) { e.ek_public.push_back(0); }; }},
    {"EkOffItsCurve", 402, Code::kEkKeyWeak, [](auto& f) { Ecc(f.ek).y[31] ^= 1; }},
    {"EkOfRsa1024", 402, Code::kEkKeyWeak,
     [](auto& f) {
       f.ek.key = tpmwire::RsaKey{1024, 0, Bytes(128, 0xC5)};
     }},
    {"EkOfRsaWithExponent3", 402, Code::kEkKeyWeak,
     [](auto& f) {
       f.ek.key = tpmwire::RsaKey{2048, 3, Bytes(256, 0xC5)};
     }},
    {"EkOfRsaWithAnEvenModulus", 402, Code::kEkKeyWeak,
     [](auto& f) {
       f.ek.key = tpmwire::RsaKey{2048, 0, Bytes(256, 0xC4)};
     }},
    {"CertificateOfAnotherKey", 404, Code::kEkKeyMismatch,
     [](auto& f) { f.ek_certificate.spki = f.tls_key.public_key().SpkiDer(); }},
    {"EkWithoutFixedTpm", 405, Code::kEkTemplate,
     [](auto& f) { f.ek.attributes &= ~tpmwire::kAttributeFixedTpm; }},
    {"EkWithoutPolicy", 405, Code::kEkTemplate, [](auto& f) { f.ek.policy.clear(); }},
    {"EkOfAnotherDevice", 406, Code::kEkAlreadyBound,
     [](auto& f) { f.context.record.device_bound_to_ek = "D-8"; }},
    {"RecordWithAnotherEk", 407, Code::kEkChanged,
     [](auto& f) { f.context.record.ek_bound_to_device = tpmwire::Sha256Digest{}; }},
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
    {"CertificateByAnotherMakersAuthority", 504, Code::kTpmVendorMismatch,
     [](auto& f) { f.root_vendor = "Infineon"; }},
    {"NoPurposeByAMakerThatMustNameIt", 309, Code::kEkEku,
     [](auto& f) {
       f.trust.eku_optional = {"AMD"};
       f.ek_certificate.Remove("2.5.29.37");
     }},
    {"TpmOfAnotherVendorThanItsCertificate", 503, Code::kTpmVendorMismatch,
     [](auto& f) { f.claimed_tpm.manufacturer = 0x49465800; }},
};

}  // namespace

std::span<const Spoiled> SpoiledEks() { return kSpoiled; }

}  // namespace preseal::server
