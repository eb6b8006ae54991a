// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "server/domain/attestation/attestation_checks.h"
#include "server/domain/attestation/statement.h"

namespace preseal::server {
namespace {

constexpr uint16_t kSha1Bank = static_cast<uint16_t>(tpmwire::HashAlg::kSha1);
constexpr uint16_t kSha256Bank = static_cast<uint16_t>(tpmwire::HashAlg::kSha256);

CheckResult As(RefusalCode code, const Objection& objection) {
  return objection ? Refuse(code, objection.seen, objection.expected) : Pass();
}

CheckResult Signature(Examination& e) {
  return As(RefusalCode::kQuoteSignature,
            ObjectToSignature(*e.ak_key, e.evidence.quote_attest, e.evidence.quote_signature));
}

CheckResult Magic(Examination& e) {
  return As(RefusalCode::kQuoteMagic, ObjectToMagic(e.evidence.quote_attest));
}

CheckResult Type(Examination& e) {
  return As(RefusalCode::kQuoteType, ObjectToType(e.evidence.quote_attest, tpmwire::kAttestQuote));
}

CheckResult Parses(Examination& e) {
  auto attest = tpmwire::ParseAttest(e.evidence.quote_attest);
  if (!attest.ok()) {
    return Refuse(RefusalCode::kQuoteMalformed, MessageOf(attest.status()), "a TPMS_ATTEST");
  }
  e.quote = std::move(*attest);
  return Pass();
}

CheckResult Nonce(Examination& e) {
  return As(RefusalCode::kQuoteNonce, ObjectToNonce(e.quote, e.quote_qualifying_data));
}

CheckResult Signer(Examination& e) {
  return As(RefusalCode::kQuoteSigner, ObjectToSigner(e.quote, e.ak));
}

// What was asked, less what the TPM says it does not implement: such a bank cannot be quoted at
// all. SHA-1 and SHA-256 can be everywhere; leaving one out would hide a bank that is live.
tpmwire::PcrSelections Answerable(const Examination& e) {
  const std::vector<uint16_t>& implemented = e.evidence.implemented_banks;
  tpmwire::PcrSelections answerable;
  for (const tpmwire::PcrSelection& asked : e.context.pcrs) {
    const bool always = asked.hash_algorithm == kSha1Bank || asked.hash_algorithm == kSha256Bank;
    if (always || implemented.empty() ||
        std::find(implemented.begin(), implemented.end(), asked.hash_algorithm) !=
            implemented.end()) {
      answerable.push_back(asked);
    }
  }
  return answerable;
}

CheckResult Selection(Examination& e) {
  return As(RefusalCode::kQuoteSelection,
            ObjectToSelection(e.quote.quote()->selections, Answerable(e)));
}

// An empty selection quotes happily; without SHA-256 nothing is measured that counts.
CheckResult HasSha256(Examination& e) {
  for (const tpmwire::PcrSelection& selection : e.quote.quote()->selections) {
    if (selection.hash_algorithm == kSha256Bank && !selection.empty()) return Pass();
  }
  return Refuse(RefusalCode::kQuoteNoSha256,
                tpmwire::DescribeSelections(e.quote.quote()->selections),
                tpmwire::DescribeSelections(e.context.pcrs));
}

CheckResult Digest(Examination& e) {
  // A device with an event log sends none: the replay gives them, and check 90x compares.
  if (e.evidence.pcr_values.empty() && !e.evidence.event_log.empty()) return Pass();
  const auto& quote = *e.quote.quote();
  const auto digest =
      tpmwire::PcrDigest(tpmwire::HashAlg::kSha256, quote.selections, e.evidence.pcr_values);
  if (!digest.ok()) {
    return Refuse(RefusalCode::kPcrDigest, MessageOf(digest.status()),
                  "one value for each quoted PCR");
  }
  if (*digest == quote.pcr_digest) {
    e.pcr_values = e.evidence.pcr_values;
    return Pass();
  }
  return Refuse(RefusalCode::kPcrDigest, ToHex(*digest), ToHex(quote.pcr_digest));
}

CheckResult ClockSafe(Examination& e) {
  if (e.quote.clock.safe && e.certify.clock.safe) return Pass();
  return Refuse(RefusalCode::kQuoteClockUnsafe, "safe = NO", "safe = YES");
}

// Bait and switch: certify in one boot, quote in another.
CheckResult SameBoot(Examination& e) {
  if (e.quote.clock.reset_count == e.certify.clock.reset_count &&
      e.quote.clock.restart_count == e.certify.clock.restart_count) {
    return Pass();
  }
  return Refuse(
      RefusalCode::kQuoteResetMismatch,
      fmt::format("reset {}, restart {}", e.quote.clock.reset_count, e.quote.clock.restart_count),
      fmt::format("reset {}, restart {}", e.certify.clock.reset_count,
                  e.certify.clock.restart_count));
}

CheckResult Firmware(Examination& e) {
  const uint64_t claimed = e.evidence.claimed_tpm.firmware_version;
  const bool agrees = e.quote.firmware_version == e.certify.firmware_version &&
                      (claimed == 0 || claimed == e.quote.firmware_version);
  if (agrees) return Pass();
  return Refuse(
      RefusalCode::kTpmFirmwareMismatch,
      fmt::format("TPM says {:016X}, certify {:016X}", claimed, e.certify.firmware_version),
      fmt::format("{:016X}, as signed in the quote", e.quote.firmware_version));
}

// The counter starts over only when the owner clears the TPM, which is a decommissioning: then a
// named person has to agree, as with another TPM.
CheckResult ResetCountGrows(Examination& e) {
  const auto& last = e.context.record.last_reset_count;
  if (!last || e.quote.clock.reset_count >= *last) return Pass();
  const std::string seen = fmt::format("reset count {}", e.quote.clock.reset_count);
  const std::string expected = fmt::format("{} or more, as seen before", *last);
  const auto& approved = e.context.record.approved_ek;
  if (approved && *approved == e.ek_spki_sha256) return Remark(seen, expected);
  return Refuse(RefusalCode::kQuoteResetMismatch, seen, expected);
}

CheckResult FirmwareIsSound(Examination& e) {
  const FirmwareRule* rule =
      FindFirmwareRule(*e.context.policy, VendorOf(e), ModelOf(e), e.quote.firmware_version);
  if (rule == nullptr) return Pass();
  const std::string seen = fmt::format(
      "{} with firmware {:08X}.{:08X}, {}", EscapeForLog(ModelOf(e), kNameBytesMax),
      e.quote.firmware_version >> 32, e.quote.firmware_version & 0xFFFFFFFF, rule->advisory);
  return Refuse(rule->denied ? RefusalCode::kTpmModelDenied : RefusalCode::kTpmFirmwareTooOld, seen,
                rule->remedy);
}

constexpr AttestationCheck kChecks[] = {
    {801, "quote signature is the AK's", Signature},
    {802, "quote was made by a TPM", Magic},
    {803, "quote is one", Type},
    {804, "quote parses", Parses},
    {805, "quote is of this session", Nonce},
    {806, "quote was signed in the endorsement hierarchy", Signer},
    {807, "quote covers the PCRs asked for", Selection},
    {808, "quote covers the SHA-256 bank", HasSha256},
    {809, "PCR values are the quoted ones", Digest},
    {810, "TPM clock is safe", ClockSafe},
    {811, "quote and certify are of one boot", SameBoot},
    {812, "TPM firmware version is the signed one", Firmware},
    {813, "TPM was not reset backwards", ResetCountGrows},
    {814, "TPM firmware has no known weakness", FirmwareIsSound},
};

}  // namespace

AttestationChecks QuoteChecks() { return kChecks; }

}  // namespace preseal::server
