// SPDX-License-Identifier: Apache-2.0
#include "server/domain/attestation/attestation_verifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "common/base/limits.h"
#include "common/tpmwire/binding.h"
#include "common/tpmwire/name.h"
#include "common/tpmwire/signature.h"
#include "server/domain/attestation/attestation_checks.h"

namespace preseal::server {
namespace {

CheckResult EvidenceIsWithinLimits(Examination& examination) {
  const AttestationEvidence& evidence = examination.evidence;
  const auto over = [](std::string_view what, size_t size, size_t size_max) {
    return Refuse(RefusalCode::kInputTooLarge, fmt::format("{}: {}", what, size),
                  fmt::format("at most {}", size_max));
  };
  if (evidence.ek_certificate.size() > kEkCertificateBytesMax) {
    return over("EK certificate bytes", evidence.ek_certificate.size(), kEkCertificateBytesMax);
  }
  if (evidence.ek_chain.size() > kEkChainCertificatesMax) {
    return over("chain certificates", evidence.ek_chain.size(), kEkChainCertificatesMax);
  }
  for (const Bytes& certificate : evidence.ek_chain) {
    if (certificate.size() > kEkCertificateBytesMax) {
      return over("chain certificate bytes", certificate.size(), kEkCertificateBytesMax);
    }
  }
  for (const Bytes* structure :
       {&evidence.ek_public, &evidence.ak_public, &evidence.device_key_public,
        &evidence.certify_attest, &evidence.certify_signature, &evidence.quote_attest,
        &evidence.quote_signature}) {
    if (structure->size() > kTpmStructureBytesMax) {
      return over("TPM structure bytes", structure->size(), kTpmStructureBytesMax);
    }
  }
  if (evidence.pcr_values.size() > kPcrValuesMax) {
    return over("PCR values", evidence.pcr_values.size(), kPcrValuesMax);
  }
  if (evidence.event_log.size() > kEventLogBytesMax) {
    return over("event log bytes", evidence.event_log.size(), kEventLogBytesMax);
  }
  return Pass();
}

constexpr AttestationCheck kInputChecks[] = {
    {101, "evidence is within limits", EvidenceIsWithinLimits},
};

AttestedFacts FactsOf(const Examination& e) {
  AttestedFacts facts{.device_key = *e.tls_key};
  facts.trust_models = e.trust_models;
  facts.ek_certificate_sha256 =
      e.ek_certificate ? std::optional(e.ek_certificate->fingerprint()) : std::nullopt;
  facts.lab = e.path.lab;
  facts.ek_spki_sha256 = e.ek_spki_sha256;
  facts.ek_public = e.ek;
  facts.ak_public = e.ak;
  facts.ak_name = tpmwire::NameOf(e.ak);
  facts.certify_qualifying_data = ToBytes(ByteView(e.certify_qualifying_data));
  facts.quote_qualifying_data = ToBytes(ByteView(e.quote_qualifying_data));
  facts.quote_selections = e.quote.quote()->selections;
  facts.pcr_values = e.pcr_values;
  facts.pcr_digest = e.quote.quote()->pcr_digest;
  facts.firmware_version = e.quote.firmware_version;
  facts.reset_count = e.quote.clock.reset_count;
  facts.restart_count = e.quote.clock.restart_count;
  return facts;
}

// What follows from a refusal of one check.
enum class Consequence { kRefuse, kQuarantine, kLeaveUnvouched };

Consequence ConsequenceOf(const Examination& e, RefusalCode code) {
  const AttestationPolicy& policy = *e.context.policy;
  const auto contains = [](const auto& list, auto value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  };
  const auto& required = policy.RequiredAt(e.context.record.station);
  if (OnlyLeavesUnvouched(code) && !contains(required, TrustModel::kEkCert)) {
    return Consequence::kLeaveUnvouched;
  }
  return MayQuarantine(code) && contains(policy.quarantine, code) ? Consequence::kQuarantine
                                                                  : Consequence::kRefuse;
}

// Runs one attestation's column of checks and keeps what they say.
class Column {
 public:
  explicit Column(Examination& examination) : e_(examination) {}

  // False once a check refused; nothing may run after that.
  bool Run(AttestationChecks group) {
    for (const AttestationCheck& check : group) {
      CheckResult result = check.run(e_);
      if (!Take({check.number, check.name, result.verdict, result.code, std::move(result.seen),
                 std::move(result.expected)})) {
        return false;
      }
      if (left_) break;  // the rest of the group would look at what is not there
    }
    left_ = false;
    return true;
  }
  bool Take(AttestationFinding finding) {
    verdict_.findings.push_back(std::move(finding));
    AttestationFinding& taken = verdict_.findings.back();
    if (taken.verdict != CheckVerdict::kFail) return true;
    switch (ConsequenceOf(e_, taken.code)) {
      case Consequence::kLeaveUnvouched:
        taken.verdict = CheckVerdict::kFinding;
        taken.code = RefusalCode::kNone;
        e_.unvouched = left_ = true;
        return true;
      case Consequence::kQuarantine:
        if (verdict_.code == RefusalCode::kNone) Decide(AttestationOutcome::kQuarantined, taken);
        return true;
      case Consequence::kRefuse:
        Decide(AttestationOutcome::kRefused, taken);
        return false;
    }
    return false;
  }
  AttestationVerdict Refused(const Examination& e) && {
    verdict_.quoted_pcrs = e.pcr_values;
    return std::move(verdict_);
  }
  AttestationVerdict Proved(AttestedFacts facts) && {
    verdict_.quoted_pcrs = facts.pcr_values;
    verdict_.facts = std::move(facts);
    if (verdict_.outcome == AttestationOutcome::kQuarantined) return std::move(verdict_);
    const bool remarks =
        std::any_of(verdict_.findings.begin(), verdict_.findings.end(),
                    [](const auto& finding) { return finding.verdict == CheckVerdict::kFinding; });
    verdict_.outcome =
        remarks ? AttestationOutcome::kAcceptedWithFindings : AttestationOutcome::kAccepted;
    return std::move(verdict_);
  }

 private:
  void Decide(AttestationOutcome outcome, const AttestationFinding& finding) {
    verdict_.outcome = outcome;
    verdict_.code = finding.code;
    verdict_.seen = finding.seen;
    verdict_.expected = finding.expected;
  }

  Examination& e_;
  AttestationVerdict verdict_;
  bool left_ = false;
};

bool RunCertificateGroups(Examination& e, Column& column) {
  if (!column.Run(EkCertificateChecks())) return false;
  // Without a certificate there is no chain; with one, what it contradicts is refused all the same.
  return !e.ek_certificate || column.Run(EkChainChecks());
}

}  // namespace

void BindEvidence(Examination& e) {
  tpmwire::BindingInput input;
  const Bytes ak_name = tpmwire::NameOf(e.ak);
  const Bytes device_key_name = tpmwire::NameOf(e.device_key);
  input.session_id = e.context.session_id;
  input.nonce = e.context.nonce;
  input.server_leaf_sha256 = e.context.server_leaf_sha256;
  input.ek_public = e.evidence.ek_public;
  input.ek_certificate = e.evidence.ek_certificate;
  input.ak_name = ak_name;
  input.device_key_name = device_key_name;
  input.event_log = e.evidence.event_log;
  input.claims = e.evidence.claims;
  const tpmwire::Sha256Digest binding = tpmwire::ComputeBinding(input);
  e.certify_qualifying_data = tpmwire::CertifyQualifyingData(binding);
  e.quote_qualifying_data = tpmwire::QuoteQualifyingData(binding);
}

AttestationChecks InputChecks() { return kInputChecks; }

AttestationVerdict VerifyAttestation(const AttestationEvidence& evidence,
                                     const AttestationContext& context) {
  if (context.policy == nullptr || context.trust == nullptr) std::abort();
  Examination examination{.evidence = evidence, .context = context};
  Column column(examination);
  if (!column.Run(InputChecks()) || !RunCertificateGroups(examination, column) ||
      !column.Run(EkKeyChecks()) || !column.Run(TpmIdentityChecks()) ||
      !column.Run(TrustModelChecks()) || !column.Run(DeviceKeyChecks())) {
    return std::move(column).Refused(examination);
  }
  BindEvidence(examination);
  if (!column.Run(CertifyChecks()) || !column.Run(QuoteChecks())) {
    return std::move(column).Refused(examination);
  }
  for (AttestationFinding& finding : JudgeStart(examination)) {
    if (!column.Take(std::move(finding))) return std::move(column).Refused(examination);
  }
  return std::move(column).Proved(FactsOf(examination));
}

StatusOr<tpmwire::Sha256Digest> EkSpkiSha256(ByteView ek_public) {
  ASSIGN_OR_RETURN(const tpmwire::PublicArea area, tpmwire::ParsePublic(ek_public));
  ASSIGN_OR_RETURN(const crypto::PublicKey key, tpmwire::ToPublicKey(area));
  return key.SpkiSha256();
}

RefusalCode VerifyActivationProof(const Secret& secret, const tpmwire::Sha256Digest& transcript,
                                  ByteView proof, WallTime now, WallTime expire_time,
                                  bool already_used) {
  if (already_used) return RefusalCode::kActivationReplayed;
  if (now > expire_time) return RefusalCode::kActivationExpired;
  // An empty secret would make the proof computable by anybody.
  if (secret.empty()) return RefusalCode::kActivationFailed;
  const bool proved = ConstantTimeEqual(proof, tpmwire::ComputeProof(secret, transcript));
  return proved ? RefusalCode::kNone : RefusalCode::kActivationFailed;
}

}  // namespace preseal::server
