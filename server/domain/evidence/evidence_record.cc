// SPDX-License-Identifier: Apache-2.0
#include "server/domain/evidence/evidence_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/limits.h"
#include "common/tpmwire/binding.h"
#include "server/domain/evidence/canonical_json.h"
#include "server/domain/evidence/record_facts_json.h"

namespace preseal::server {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kFormat = 1;

constexpr std::pair<AttestationOutcome, std::string_view> kOutcomes[] = {
    {AttestationOutcome::kRefused, "refused"},
    {AttestationOutcome::kQuarantined, "quarantined"},
    {AttestationOutcome::kAcceptedWithFindings, "accepted_with_findings"},
    {AttestationOutcome::kAccepted, "accepted"},
};

Json FindingsJson(const std::vector<RecordedFinding>& findings) {
  Json rows = Json::array();
  for (const RecordedFinding& finding : findings) {
    rows.push_back({{"number", finding.number},
                    {"check", finding.check},
                    {"verdict", finding.verdict},
                    {"code", finding.code},
                    {"seen", finding.seen},
                    {"expected", finding.expected}});
  }
  return rows;
}

Json ActivationJson(const ActivationRecord& activation) {
  return {{"secret", BytesText(activation.secret)},
          {"random", BytesText(activation.random)},
          {"proof_time", activation.proof_time ? ToMicros(*activation.proof_time) : 0},
          {"replayed", activation.replayed}};
}

Json MessagesJson(const EvidenceRecord& record) {
  return {{"challenge", BytesText(record.challenge)},
          {"evidence", BytesText(record.evidence)},
          {"credential", BytesText(record.credential)},
          {"proof", BytesText(record.proof)},
          {"server_leaf_sha256", BytesText(record.server_leaf_sha256)}};
}

Json PolicyJson(const PolicyRecord& policy) {
  return {{"name", policy.name},
          {"version", policy.version},
          {"sha256", BytesText(policy.sha256)},
          {"text", policy.text}};
}

Json NotesJson(const std::map<crypto::Digest256, AnchorNote>& notes) {
  Json rows = Json::array();
  for (const auto& [fingerprint, note] : notes) {
    rows.push_back({{"sha256", BytesText(fingerprint)},
                    {"vendor", note.vendor},
                    {"sha1_reason", note.sha1_reason}});
  }
  return rows;
}

Json TrustJson(const TrustRecord& trust) {
  return {{"version", trust.version},
          {"sha256", BytesText(trust.sha256)},
          {"roots", BytesList(trust.roots)},
          {"intermediates", BytesList(trust.intermediates)},
          {"lab_roots", BytesList(trust.lab_roots)},
          {"revocations", BytesList(trust.revocations)},
          {"eku_optional", trust.eku_optional},
          {"notes", NotesJson(trust.notes)}};
}

std::vector<RecordedFinding> ReadFindings(MemberReader& in) {
  std::vector<RecordedFinding> findings;
  for (const Json& row : in.Array("findings", kEvidenceFindingsMax)) {
    MemberReader finding(row);
    findings.push_back({.number = static_cast<int>(finding.Unsigned("number") & INT32_MAX),
                        .check = finding.Text("check"),
                        .verdict = finding.Text("verdict"),
                        .code = finding.Text("code"),
                        .seen = finding.Text("seen"),
                        .expected = finding.Text("expected")});
    if (!finding.status().ok()) in.Fail("findings: " + MessageOf(finding.status()));
  }
  return findings;
}

void ReadMessages(MemberReader& in, EvidenceRecord* out) {
  MemberReader messages(in.Object("messages"));
  out->challenge = messages.Binary("challenge");
  out->evidence = messages.Binary("evidence");
  out->credential = messages.Binary("credential");
  out->proof = messages.Binary("proof");
  out->server_leaf_sha256 = messages.Digest("server_leaf_sha256");
  if (!messages.status().ok()) in.Fail("messages: " + MessageOf(messages.status()));
}

void ReadActivation(MemberReader& in, EvidenceRecord* out) {
  if (!in.Has("activation")) return;
  MemberReader activation(in.Object("activation"));
  ActivationRecord& record = out->activation.emplace();
  record.secret = activation.Binary("secret");
  record.random = activation.Binary("random");
  const WallTime proof_time = activation.Time("proof_time");
  if (proof_time != WallTime()) record.proof_time = proof_time;
  record.replayed = activation.Flag("replayed");
  if (!activation.status().ok()) in.Fail("activation: " + MessageOf(activation.status()));
}

std::map<crypto::Digest256, AnchorNote> ReadNotes(MemberReader& in) {
  std::map<crypto::Digest256, AnchorNote> notes;
  for (const Json& row : in.Array("notes", 3 * kEvidenceTrustCertificatesMax)) {
    MemberReader note(row);
    AnchorNote& read = notes[note.Digest("sha256")];
    read.vendor = note.Text("vendor");
    read.sha1_reason = note.Text("sha1_reason");
    if (!note.status().ok()) in.Fail("notes: " + MessageOf(note.status()));
  }
  return notes;
}

void ReadBasis(MemberReader& in, EvidenceRecord* out) {
  MemberReader policy(in.Object("policy"));
  out->policy = {.name = policy.Text("name"),
                 .version = policy.Unsigned("version"),
                 .sha256 = policy.Digest("sha256"),
                 .text = policy.Text("text")};
  if (!policy.status().ok()) in.Fail("policy: " + MessageOf(policy.status()));
  MemberReader trust(in.Object("trust"));
  out->trust = {.version = trust.Unsigned("version"),
                .sha256 = trust.Digest("sha256"),
                .roots = trust.BinaryList("roots", kEvidenceTrustCertificatesMax),
                .intermediates = trust.BinaryList("intermediates", kEvidenceTrustCertificatesMax),
                .lab_roots = trust.BinaryList("lab_roots", kEvidenceTrustCertificatesMax),
                .revocations = trust.BinaryList("revocations", kEvidenceTrustCertificatesMax),
                .eku_optional = trust.TextList("eku_optional", kEvidenceTrustCertificatesMax),
                .notes = ReadNotes(trust)};
  if (!trust.status().ok()) in.Fail("trust: " + MessageOf(trust.status()));
  MemberReader facts(in.Object("record"));
  out->record = ReadRecordFacts(facts);
  if (!facts.status().ok()) in.Fail("record: " + MessageOf(facts.status()));
}

void ReadDecision(MemberReader& in, EvidenceRecord* out) {
  const std::string outcome = in.Text("outcome");
  const auto known = std::find_if(std::begin(kOutcomes), std::end(kOutcomes),
                                  [&](const auto& entry) { return entry.second == outcome; });
  if (known == std::end(kOutcomes)) {
    in.Fail("outcome is not one of ours");
  } else {
    out->outcome = known->first;
  }
  const std::string code = in.Text("code");
  const auto parsed = ParseRefusalCode(code);
  if (!code.empty() && !parsed) in.Fail("code is not one of ours");
  out->code = parsed.value_or(RefusalCode::kNone);
  out->seen = in.Text("seen");
  out->expected = in.Text("expected");
  out->findings = ReadFindings(in);
}

EvidenceRecord ReadRecord(MemberReader& in) {
  EvidenceRecord out;
  if (in.Unsigned("format") != kFormat) in.Fail("format is not 1");
  out.site = in.Text("site");
  out.sequence = in.Unsigned("sequence");
  out.previous_sha256 = in.Digest("previous_sha256");
  out.verifier_version = in.Text("verifier_version");
  out.device = in.Text("device");
  out.decide_time = in.Time("decide_time");
  out.verify_time = in.Time("verify_time");
  ReadDecision(in, &out);
  ReadMessages(in, &out);
  ReadActivation(in, &out);
  out.certificate = in.Binary("certificate");
  out.certificate_chain = in.BinaryList("certificate_chain", kEkChainCertificatesMax);
  ReadBasis(in, &out);
  out.approver = in.Text("approver");
  return out;
}

}  // namespace

std::string_view NameOf(AttestationOutcome outcome) {
  for (const auto& [value, name] : kOutcomes) {
    if (value == outcome) return name;
  }
  return "";
}

std::vector<RecordedFinding> Recorded(const std::vector<AttestationFinding>& findings) {
  std::vector<RecordedFinding> out;
  out.reserve(findings.size());
  for (const AttestationFinding& finding : findings) {
    out.push_back({.number = finding.number,
                   .check = std::string(finding.check),
                   .verdict = std::string(NameOf(finding.verdict)),
                   .code = std::string(NameOf(finding.code)),
                   .seen = finding.seen,
                   .expected = finding.expected});
  }
  return out;
}

crypto::Digest256 EvidenceDigest(const EvidenceRecord& record) {
  return crypto::Sha256(
      tpmwire::LengthPrefixed({record.challenge, record.evidence, record.credential, record.proof,
                               record.server_leaf_sha256}));
}

StatusOr<std::string> EncodeRecord(const EvidenceRecord& record) {
  Json json = {{"format", kFormat},
               {"site", record.site},
               {"sequence", record.sequence},
               {"previous_sha256", BytesText(record.previous_sha256)},
               {"verifier_version", record.verifier_version},
               {"device", record.device},
               {"decide_time", ToMicros(record.decide_time)},
               {"verify_time", ToMicros(record.verify_time)},
               {"outcome", NameOf(record.outcome)},
               {"code", NameOf(record.code)},
               {"seen", record.seen},
               {"expected", record.expected},
               {"findings", FindingsJson(record.findings)},
               {"messages", MessagesJson(record)},
               {"evidence_sha256", BytesText(EvidenceDigest(record))},
               {"certificate", BytesText(record.certificate)},
               {"certificate_chain", BytesList(record.certificate_chain)},
               {"policy", PolicyJson(record.policy)},
               {"trust", TrustJson(record.trust)},
               {"record", RecordFactsJson(record.record)},
               {"approver", record.approver}};
  if (record.activation) json["activation"] = ActivationJson(*record.activation);
  return CanonicalText(json);
}

StatusOr<EvidenceRecord> DecodeRecord(std::string_view payload) {
  if (payload.size() > kEvidenceRecordBytesMax) return InvalidArgument("the record is too long");
  const Json json = Json::parse(payload, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return InvalidArgument("the record is not a JSON object");
  MemberReader in(json);
  EvidenceRecord record = ReadRecord(in);
  RETURN_IF_ERROR(in.status());
  // Covers whatever else can be wrong: unknown or repeated names, order, spelling of numbers.
  const auto canonical = EncodeRecord(record);
  if (!canonical.ok() || *canonical != payload) {
    return InvalidArgument("the record is not in canonical form");
  }
  return record;
}

}  // namespace preseal::server
