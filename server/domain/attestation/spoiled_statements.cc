// SPDX-License-Identifier: Apache-2.0
#include "common/tpmwire/name.h"
#include "server/domain/attestation/spoiled_evidence.h"

namespace preseal::server {
namespace {

using Code = RefusalCode;
using tpmwire::Attest;

tpmwire::EccKey& Ecc(tpmwire::PublicArea& area) { return std::get<tpmwire::EccKey>(area.key); }
tpmwire::QuoteInfo& Quote(Attest& attest) { return std::get<tpmwire::QuoteInfo>(attest.body); }
tpmwire::CertifyInfo& Certify(Attest& attest) {
  return std::get<tpmwire::CertifyInfo>(attest.body);
}

const Spoiled kSpoiled[] = {
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
     [](auto& f) { f.change_certify = [&f](Attest&) { f.context.server_leaf_sha256.fill(9); }; }},
    {"ClaimsChangedAfterSigning", 705, Code::kCertifyNonce,
     [](auto& f) { f.change_evidence = [](auto& e) { e.claims.push_back('!'); }; }},
    {"EventLogAddedAfterSigning", 705, Code::kCertifyNonce,
     [](auto& f) { f.change_evidence = [](auto& e) { e.event_log = {1}; }; }},
    {"PaddingAddedAfterSigning", 705, Code::kCertifyNonce,
     [](auto& f) { f.change_evidence = [](auto& e) { e.ek_certificate.push_back(0xFF); }; }},
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

}  // namespace

std::span<const Spoiled> SpoiledStatements() { return kSpoiled; }

}  // namespace preseal::server
