// SPDX-License-Identifier: Apache-2.0
#include "server/domain/attestation/seal_quote.h"

#include <fmt/format.h>

#include "common/tpmwire/attest.h"
#include "common/tpmwire/name.h"
#include "common/tpmwire/signature.h"
#include "server/domain/attestation/statement.h"

namespace preseal::server {
namespace {

SealQuoteVerdict Refuse(SealQuoteCode code, std::string_view seen, std::string_view expected) {
  SealQuoteVerdict verdict;
  verdict.code = code;
  verdict.seen = seen;
  verdict.expected = expected;
  return verdict;
}

SealQuoteVerdict Refuse(SealQuoteCode code, const Objection& objection) {
  return Refuse(code, objection.seen, objection.expected);
}

// Codes after the statement is known to be a genuine quote by the enrolment's AK.
SealQuoteVerdict CompareWithEnrolment(const EnrolledBootState& enrolled,
                                      const tpmwire::Attest& quote) {
  const tpmwire::QuoteInfo& info = *quote.quote();
  // Identical, not merely allowed: a bank that vanished since enrolment would hide a change.
  if (info.selections != enrolled.selections) {
    return Refuse(SealQuoteCode::kQuoteSelection, tpmwire::DescribeSelections(info.selections),
                  tpmwire::DescribeSelections(enrolled.selections));
  }
  if (quote.firmware_version != enrolled.firmware_version) {
    return Refuse(SealQuoteCode::kFirmwareChanged, fmt::format("{:016X}", quote.firmware_version),
                  fmt::format("{:016X}", enrolled.firmware_version));
  }
  if (info.pcr_digest != enrolled.pcr_digest) {
    return Refuse(SealQuoteCode::kPcrChanged, ToHex(info.pcr_digest), ToHex(enrolled.pcr_digest));
  }
  if (!quote.clock.safe) {
    return Refuse(SealQuoteCode::kQuoteClockUnsafe, "safe = NO", "safe = YES");
  }
  SealQuoteVerdict verdict;
  verdict.reset_count = quote.clock.reset_count;
  if (quote.clock.reset_count != enrolled.reset_count) {
    verdict.findings.push_back(fmt::format("reset count {}, {} at enrolment",
                                           quote.clock.reset_count, enrolled.reset_count));
  }
  return verdict;
}

}  // namespace

bool IsSignOfChange(SealQuoteCode code) {
  return code != SealQuoteCode::kNone && code != SealQuoteCode::kQuoteClockUnsafe;
}

std::string_view NameOf(SealQuoteCode code) {
  switch (code) {
    case SealQuoteCode::kNone:
      return "";
    case SealQuoteCode::kAkChanged:
      return "AK_CHANGED";
    case SealQuoteCode::kQuoteSignature:
      return "QUOTE_SIGNATURE";
    case SealQuoteCode::kQuoteMagic:
      return "QUOTE_MAGIC";
    case SealQuoteCode::kQuoteType:
      return "QUOTE_TYPE";
    case SealQuoteCode::kQuoteMalformed:
      return "QUOTE_MALFORMED";
    case SealQuoteCode::kQuoteSigner:
      return "QUOTE_SIGNER";
    case SealQuoteCode::kQuoteNonce:
      return "QUOTE_NONCE";
    case SealQuoteCode::kQuoteSelection:
      return "QUOTE_SELECTION";
    case SealQuoteCode::kQuoteClockUnsafe:
      return "QUOTE_CLOCK_UNSAFE";
    case SealQuoteCode::kFirmwareChanged:
      return "FIRMWARE_CHANGED";
    case SealQuoteCode::kPcrChanged:
      return "PCR_CHANGED";
  }
  return "";
}

std::string_view SentenceOf(SealQuoteCode code) {
  switch (code) {
    case SealQuoteCode::kNone:
      return "";
    case SealQuoteCode::kAkChanged:
      return "The attestation key is not the one of the enrolment.";
    case SealQuoteCode::kQuoteSignature:
      return "The signature over the boot state is wrong.";
    case SealQuoteCode::kQuoteMagic:
      return "The boot state was not signed by a TPM.";
    case SealQuoteCode::kQuoteType:
      return "The boot state's statement is of another kind.";
    case SealQuoteCode::kQuoteMalformed:
      return "The boot state's statement cannot be read.";
    case SealQuoteCode::kQuoteSigner:
      return "The boot state was signed by a key of another hierarchy.";
    case SealQuoteCode::kQuoteNonce:
      return "The boot state was not signed for this seal.";
    case SealQuoteCode::kQuoteSelection:
      return "The boot state covers other registers than at enrolment.";
    case SealQuoteCode::kQuoteClockUnsafe:
      return "The TPM's clock may have gone back.";
    case SealQuoteCode::kFirmwareChanged:
      return "The TPM's firmware changed since enrolment.";
    case SealQuoteCode::kPcrChanged:
      return "The boot state changed since enrolment.";
  }
  return "";
}

SealQuoteVerdict VerifySealQuote(const EnrolledBootState& enrolled, ByteView ak_public,
                                 ByteView attest, ByteView signature, ByteView nonce) {
  const auto ak = tpmwire::ParsePublic(ak_public);
  if (!ak.ok()) return Refuse(SealQuoteCode::kAkChanged, MessageOf(ak.status()), "the AK");
  if (tpmwire::NameOf(*ak) != enrolled.ak_name) {
    return Refuse(SealQuoteCode::kAkChanged, ToHex(tpmwire::NameOf(*ak)), ToHex(enrolled.ak_name));
  }
  const auto key = tpmwire::ToPublicKey(*ak);
  if (!key.ok()) return Refuse(SealQuoteCode::kAkChanged, MessageOf(key.status()), "the AK");
  if (const auto no = ObjectToSignature(*key, attest, signature)) {
    return Refuse(SealQuoteCode::kQuoteSignature, no);
  }
  if (const auto no = ObjectToMagic(attest)) return Refuse(SealQuoteCode::kQuoteMagic, no);
  if (const auto no = ObjectToType(attest, tpmwire::kAttestQuote)) {
    return Refuse(SealQuoteCode::kQuoteType, no);
  }
  const auto quote = tpmwire::ParseAttest(attest);
  if (!quote.ok()) {
    return Refuse(SealQuoteCode::kQuoteMalformed, MessageOf(quote.status()), "a TPMS_ATTEST");
  }
  if (const auto no = ObjectToSigner(*quote, *ak)) return Refuse(SealQuoteCode::kQuoteSigner, no);
  if (const auto no = ObjectToNonce(*quote, nonce)) return Refuse(SealQuoteCode::kQuoteNonce, no);
  return CompareWithEnrolment(enrolled, *quote);
}

}  // namespace preseal::server
