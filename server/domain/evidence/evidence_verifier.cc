// SPDX-License-Identifier: Apache-2.0
#include "server/domain/evidence/evidence_verifier.h"

#include <fmt/format.h>

#include <utility>

#include "common/base/limits.h"
#include "common/crypto/jws.h"

namespace preseal::server {
namespace {

EvidenceCheck Passed(std::string_view name) { return {.name = name}; }
EvidenceCheck Noted(std::string_view name, std::string seen, std::string expected) {
  return {.name = name,
          .verdict = CheckVerdict::kFinding,
          .seen = std::move(seen),
          .expected = std::move(expected)};
}
EvidenceCheck Failed(std::string_view name, RefusalCode code, std::string seen,
                     std::string expected) {
  return {.name = name,
          .verdict = CheckVerdict::kFail,
          .code = code,
          .seen = EscapeForLog(seen, kNameBytesMax),
          .expected = EscapeForLog(expected, kNameBytesMax)};
}

// Unreadable is another matter than changed.
RefusalCode CodeOf(crypto::JwsOutcome outcome) {
  return outcome == crypto::JwsOutcome::kMalformed ? RefusalCode::kEvidenceMalformed
                                                   : RefusalCode::kEvidenceTampered;
}

StatusOr<crypto::JwsVerdict> Verify(std::string_view line,
                                    const std::vector<crypto::Certificate>* roots, WallTime at) {
  const std::vector<crypto::Certificate> none;
  const crypto::JwsPolicy policy{.type = kEvidenceRecordType,
                                 .roots = roots != nullptr ? *roots : none,
                                 .at = at,
                                 .bytes_max = kEvidenceRecordBytesMax,
                                 .any_signer = roots == nullptr};
  return crypto::VerifyCompact(line, policy);
}

}  // namespace

RefusalCode LineReport::code() const {
  return checks.empty() ? RefusalCode::kNone : checks.back().code;
}

LineReport EvidenceVerifier::LinkLine(std::string_view line) {
  LineReport report{.link_only = true};
  const auto link = DecodeLink(line);
  if (!link.ok()) {
    report.checks.push_back(Failed("link", RefusalCode::kEvidenceMalformed,
                                   MessageOf(link.status()), "a link of the chain"));
    return report;
  }
  report.sequence = link->sequence;
  CheckLink(*link, &report);
  return report;
}

// Integrity first: nothing of the record is believed before.
bool EvidenceVerifier::CheckSignature(std::string_view line, LineReport* report,
                                      EvidenceRecord* record, std::string* payload) const {
  auto verdict = Verify(line, nullptr, WallTime());
  if (!verdict.ok() || !verdict->accepted()) {
    const auto outcome = verdict.ok() ? verdict->outcome : crypto::JwsOutcome::kMalformed;
    report->checks.push_back(Failed("signature", CodeOf(outcome), std::string(ToText(outcome)),
                                    "a record signed by its server"));
    return false;
  }
  report->checks.push_back(Passed("signature"));
  auto decoded = DecodeRecord(verdict->payload);
  if (!decoded.ok()) {
    report->checks.push_back(Failed("canonical form", RefusalCode::kEvidenceMalformed,
                                    MessageOf(decoded.status()), "a record in canonical form"));
    return false;
  }
  report->checks.push_back(Passed("canonical form"));
  *record = *std::move(decoded);
  *payload = std::move(verdict->payload);
  return true;
}

bool EvidenceVerifier::CheckSigner(std::string_view line, const EvidenceRecord& record,
                                   LineReport* report) const {
  if (trust_.signer_roots == nullptr) {
    report->checks.push_back(Noted("signer", "whoever holds the key of its own certificate",
                                   "a seal CA to check it by"));
    return true;
  }
  const auto verdict = Verify(line, trust_.signer_roots, record.decide_time);
  if (verdict.ok() && verdict->accepted()) {
    report->checks.push_back(Passed("signer"));
    return true;
  }
  report->checks.push_back(Failed("signer", RefusalCode::kEvidenceTampered,
                                  verdict.ok() ? verdict->detail : MessageOf(verdict.status()),
                                  "a signer of the given seal CA"));
  return false;
}

bool EvidenceVerifier::CheckLink(const EvidenceLink& link, LineReport* report) {
  const auto fault = walk_.Step(link, /*gap_allowed=*/true);
  if (!fault) {
    report->checks.push_back(Passed("chain"));
    return true;
  }
  report->checks.push_back(
      Failed("chain", RefusalCode::kEvidenceTampered, fault->seen, fault->expected));
  return false;
}

LineReport EvidenceVerifier::Line(std::string_view line) {
  if (line.starts_with('{')) return LinkLine(line);
  LineReport report;
  EvidenceRecord record;
  std::string payload;
  if (!CheckSignature(line, &report, &record, &payload)) return report;
  report.sequence = record.sequence;
  report.device = record.device;
  report.outcome = record.outcome;
  report.recorded_code = record.code;
  if (first_device_.empty()) first_device_ = record.device;
  several_devices_ = several_devices_ || record.device != first_device_;
  const EvidenceLink link{.sequence = record.sequence,
                          .record_sha256 = crypto::Sha256(AsBytes(payload)),
                          .previous_sha256 = record.previous_sha256};
  // The walk goes on from this record even if its signer is refused.
  const bool trusted = CheckSigner(line, record, &report);
  if (!trusted) return report;
  if (!CheckLink(link, &report)) return report;
  CheckDecision(record, reader_, policies_, trust_, &report.checks);
  return report;
}

std::optional<EvidenceCheck> EvidenceVerifier::Finish() const {
  if (walk_.missing() == 0) return std::nullopt;
  const std::string seen =
      fmt::format("{} missing, the first is record {}", walk_.missing(), walk_.first_missing());
  if (!several_devices_)
    return Noted("completeness", seen, "other devices' records may be left out");
  return Failed("completeness", RefusalCode::kEvidenceTampered, seen, "no gap");
}

}  // namespace preseal::server
