// SPDX-License-Identifier: Apache-2.0
#include "server/domain/attestation/renewal.h"

#include <algorithm>

#include "common/crypto/oids.h"
#include "common/tpmwire/attest.h"
#include "common/tpmwire/binding.h"
#include "common/tpmwire/name.h"
#include "common/tpmwire/signature.h"
#include "server/domain/attestation/statement.h"

namespace preseal::server {
namespace {

struct CodeText {
  RenewalCode code;
  std::string_view name;
  std::string_view sentence;
};
constexpr CodeText kTexts[] = {
    {RenewalCode::kDeviceKeyChanged, "DEVICE_KEY_CHANGED",
     "The device key is not the one of the enrolment."},
    {RenewalCode::kCertifySignature, "CERTIFY_SIGNATURE",
     "The signature over the device key is wrong."},
    {RenewalCode::kCertifyMagic, "CERTIFY_MAGIC",
     "The statement about the device key was not made by a TPM."},
    {RenewalCode::kCertifyType, "CERTIFY_TYPE",
     "The statement about the device key is of another kind."},
    {RenewalCode::kCertifyMalformed, "CERTIFY_MALFORMED",
     "The statement about the device key cannot be read."},
    {RenewalCode::kCertifySigner, "CERTIFY_SIGNER",
     "The device key was certified by a key of another hierarchy."},
    {RenewalCode::kCertifyNonce, "CERTIFY_NONCE",
     "The statement about the device key was not made for this renewal."},
    {RenewalCode::kCertifyName, "CERTIFY_NAME", "The TPM certified another key."},
    {RenewalCode::kDeviceKeyHierarchy, "DEVICE_KEY_HIERARCHY",
     "The device key lies in another hierarchy."},
};

const CodeText* TextOf(RenewalCode code) {
  const auto* found = std::find_if(std::begin(kTexts), std::end(kTexts),
                                   [code](const CodeText& text) { return text.code == code; });
  return found == std::end(kTexts) ? nullptr : found;
}

RenewalVerdict Refuse(RenewalCode code, std::string_view seen, std::string_view expected) {
  RenewalVerdict verdict;
  verdict.code = code;
  verdict.seen = seen;
  verdict.expected = expected;
  return verdict;
}

RenewalVerdict Refuse(RenewalCode code, const Objection& objection) {
  return Refuse(code, objection.seen, objection.expected);
}

RenewalVerdict JudgeCertify(const RenewalStatement& statement, const tpmwire::PublicArea& ak,
                            const crypto::PublicKey& ak_key, const tpmwire::PublicArea& device_key,
                            const tpmwire::Sha256Digest& qualifying_data) {
  const ByteView attest = statement.certify_attest;
  if (const auto no = ObjectToSignature(ak_key, attest, statement.certify_signature)) {
    return Refuse(RenewalCode::kCertifySignature, no);
  }
  if (const auto no = ObjectToMagic(attest)) return Refuse(RenewalCode::kCertifyMagic, no);
  if (const auto no = ObjectToType(attest, tpmwire::kAttestCertify)) {
    return Refuse(RenewalCode::kCertifyType, no);
  }
  const auto certify = tpmwire::ParseAttest(attest);
  if (!certify.ok()) {
    return Refuse(RenewalCode::kCertifyMalformed, MessageOf(certify.status()), "a TPMS_ATTEST");
  }
  if (const auto no = ObjectToSigner(*certify, ak)) return Refuse(RenewalCode::kCertifySigner, no);
  if (const auto no = ObjectToNonce(*certify, qualifying_data)) {
    return Refuse(RenewalCode::kCertifyNonce, no);
  }
  const Bytes name = tpmwire::NameOf(device_key);
  if (certify->certify()->name != name) {
    return Refuse(RenewalCode::kCertifyName, ToHex(certify->certify()->name), ToHex(name));
  }
  const Bytes place = tpmwire::QualifiedNameOf(tpmwire::kHierarchyOwner, device_key);
  if (certify->certify()->qualified_name != place) {
    return Refuse(RenewalCode::kDeviceKeyHierarchy, ToHex(certify->certify()->qualified_name),
                  ToHex(place));
  }
  return {};
}

}  // namespace

std::string_view CodeOf(const RenewalVerdict& verdict) {
  if (verdict.code == RenewalCode::kQuote) return NameOf(verdict.quote.code);
  const CodeText* text = TextOf(verdict.code);
  return text == nullptr ? "" : text->name;
}

std::string_view SentenceOf(const RenewalVerdict& verdict) {
  if (verdict.code == RenewalCode::kQuote) return SentenceOf(verdict.quote.code);
  const CodeText* text = TextOf(verdict.code);
  return text == nullptr ? "" : text->sentence;
}

std::string_view RemedyOf(const RenewalVerdict& verdict) {
  if (verdict.accepted()) return "";
  return "The present certificate works until it ends. Enrol the device again from the imaging "
         "medium before that.";
}

StatusOr<EnrolledBootState> EnrolledStateOf(const AttestationEvidence& evidence) {
  EnrolledBootState state;
  const auto ak = tpmwire::ParsePublic(evidence.ak_public);
  if (!ak.ok()) return DataLoss("the stored AK does not parse");
  state.ak_name = tpmwire::NameOf(*ak);
  const auto quote = tpmwire::ParseAttest(evidence.quote_attest);
  if (!quote.ok() || quote->quote() == nullptr) return DataLoss("the stored quote is no quote");
  state.selections = quote->quote()->selections;
  state.pcr_digest = quote->quote()->pcr_digest;
  state.firmware_version = quote->firmware_version;
  state.reset_count = quote->clock.reset_count;
  return state;
}

RenewalVerdict VerifyRenewal(const EnrolledBootState& enrolled, ByteView device_key,
                             const RenewalStatement& statement,
                             const tpmwire::Sha256Digest& binding) {
  RenewalVerdict verdict;
  verdict.quote = VerifySealQuote(enrolled, statement.ak_public, statement.quote_attest,
                                  statement.quote_signature, tpmwire::QuoteQualifyingData(binding));
  if (!verdict.quote.accepted()) {
    verdict.code = RenewalCode::kQuote;
    verdict.seen = verdict.quote.seen;
    verdict.expected = verdict.quote.expected;
    return verdict;
  }
  const auto key = tpmwire::ParsePublic(device_key);
  if (!std::ranges::equal(statement.device_key_public, device_key) || !key.ok()) {
    return Refuse(RenewalCode::kDeviceKeyChanged, ToHex(statement.device_key_public),
                  ToHex(device_key));
  }
  // Both parse: the quote was accepted under them.
  const auto ak = tpmwire::ParsePublic(statement.ak_public);
  const auto ak_key = tpmwire::ToPublicKey(*ak);
  RenewalVerdict certify =
      JudgeCertify(statement, *ak, *ak_key, *key, tpmwire::CertifyQualifyingData(binding));
  certify.quote = std::move(verdict.quote);
  return certify;
}

Bytes RenewalEvidence(std::string_view device, ByteView certificate_sha256, ByteView nonce,
                      ByteView enrolment_sha256, const RenewalStatement& statement) {
  return tpmwire::LengthPrefixed(
      {AsBytes("preseal-renewal-v1"), AsBytes(device), certificate_sha256, nonce, enrolment_sha256,
       statement.ak_public, statement.device_key_public, statement.certify_attest,
       statement.certify_signature, statement.quote_attest, statement.quote_signature});
}

std::vector<TrustModel> TrustModelsOf(const crypto::Certificate& device) {
  constexpr std::pair<std::string_view, TrustModel> kModels[] = {
      {crypto::kOidTrustEkPub, TrustModel::kEkPub},
      {crypto::kOidTrustEkCert, TrustModel::kEkCert},
      {crypto::kOidTrustToken, TrustModel::kToken}};
  std::vector<TrustModel> models;
  for (const auto& [oid, model] : kModels) {
    if (std::ranges::count(device.policies(), oid) > 0) models.push_back(model);
  }
  return models;
}

}  // namespace preseal::server
