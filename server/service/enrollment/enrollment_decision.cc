// SPDX-License-Identifier: Apache-2.0
// What a pass leaves behind: the decision, its evidence, the record's new state. One transaction
// each, durable before the device hears of it.
#include <fmt/format.h>

#include <utility>

#include "common/log/log.h"
#include "common/tpmwire/binding.h"
#include "server/domain/evidence/rejudge.h"
#include "server/domain/reports/one_time_rule.h"
#include "server/service/enrollment/enrollment_pass.h"
#include "server/service/enrollment/preparation.h"
#include "server/service/flow/run_progress.h"

namespace preseal::server {
namespace {

PreparationFault FaultOf(const RefusalFacts& refusal) {
  const RefusalInfo* info = InfoOf(refusal.code);
  return {std::string(info->name), std::string(info->message)};
}

Failure FailureOf(const RefusalFacts& refusal) {
  const RefusalInfo* info = InfoOf(refusal.code);
  return {.code = std::string(info->name),
          .message = std::string(info->message),
          .remedy = std::string(info->remedy),
          .seen = refusal.seen,
          .expected = refusal.expected};
}

// A device that begins again in the middle of its user flow leaves a run that nobody would end.
Status EndUserFlow(Tx& tx, WallTime now, const Device& device) {
  RETURN_IF_ERROR(
      FailOpenCommands(tx, device.id, "ENROLLED_AGAIN", "The device was enrolled again.", now));
  auto run = tx.runs.GetRun(RunId::Of(device.id, device.attempt));
  if (run.status().code() == StatusCode::kNotFound) return OkStatus();
  RETURN_IF_ERROR(run.status());
  if (run->outcome != RunOutcome::kRunning) return OkStatus();
  AbandonRun(now, &*run);
  return tx.runs.UpdateRun(*run);
}

}  // namespace

// A device that was sealed before begins again; the permission is used up. It may be gone since the
// evidence was looked at.
Status Pass::UseAllowance(Tx& tx, WallTime now, Device* device) {
  if (!OneTimeUsed(*device)) return OkStatus();
  if (!NextIsAllowed(*device, now)) {
    return Aborted(fmt::format("{} may no longer enrol again: start over", device->id.text()));
  }
  const AllowNext allowed = *device->allow_next;
  RETURN_IF_ERROR(EndUserFlow(tx, now, *device));
  RETURN_IF_ERROR(BeginAgain(now, device));
  return tx.audit.Record({.time = now,
                          .actor = allowed.actor,
                          .action = "device.next-enrolment",
                          .subject = "devices/" + device->id.text(),
                          .detail = allowed.reason});
}

StatusOr<EnrollmentAnswer> Pass::Admit() {
  ASSIGN_OR_RETURN(IssuedCertificate certificate, Issue());
  RETURN_IF_ERROR(WriteAdmission(certificate));
  const bool quarantined = outcome_ == AttestationOutcome::kQuarantined;
  log::Info("device attested", {{"device", device_.id.text()},
                                {"serial", device_.serial_number},
                                {"lab", facts_->lab},
                                {"quarantined", quarantined},
                                {"station", station_}});
  return EnrollmentAnswer(
      AdmissionFacts{device_.id, std::move(certificate), facts_->lab, quarantined});
}

// The subject comes from the record alone, never from the device.
StatusOr<IssuedCertificate> Pass::Issue() {
  const auto& ek_certificate = facts_->ek_certificate_sha256;
  const CertificateRequest request{.device = device_.id,
                                   .serial_number = device_.serial_number,
                                   .hardware_serial = hardware_serial_,
                                   .ek_sha256 = ek_certificate.value_or(facts_->ek_spki_sha256),
                                   .has_ek_certificate = ek_certificate.has_value(),
                                   .trust_models = facts_->trust_models,
                                   .quarantine = outcome_ == AttestationOutcome::kQuarantined,
                                   .lab = facts_->lab,
                                   .evidence_sha256 = EvidenceDigest(draft_)};
  ASSIGN_OR_RETURN(IssuedCertificate certificate,
                   parts().ca.Issue(request, facts_->device_key, parts().clock.Now()));
  record_.certificate = draft_.certificate = certificate.der;
  draft_.certificate_chain = certificate.chain;
  return certificate;
}

// The raw messages for the API, and the signed, chained record.
Status Pass::WriteEvidence(Tx& tx, bool accepted, WallTime now) {
  record_.accepted = accepted;
  record_.decide_time = now;
  record_.evidence_sha256 = ToBytes(EvidenceDigest(draft_));
  if (facts_) {
    record_.lab = facts_->lab;
    record_.certify_qualifying_data = facts_->certify_qualifying_data;
    record_.quote_qualifying_data = facts_->quote_qualifying_data;
  }
  RETURN_IF_ERROR(parts().office.Record(tx, draft_, now));
  return tx.evidence.PutAttestation(record_);
}

Status Pass::WriteAdmission(const IssuedCertificate& certificate) {
  return parts().store.WriteAndWait([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(Device device, tx.devices.Get(device_.id));
    const WallTime now = parts().clock.Now();
    RETURN_IF_ERROR(UseAllowance(tx, now, &device));
    // Two passes for one record may have raced: the first one's EK stays.
    RETURN_IF_ERROR(RecordDesk::NoteAdmission(tx, keys_, *facts_, now, &device));
    RETURN_IF_ERROR(RecordDesk::NoteIssued(tx, certificate.der, now, &device));
    device.lab = facts_->lab;
    device.quarantined = outcome_ == AttestationOutcome::kQuarantined;
    const auto mark = [&](PreparationItem item, ItemState state) {
      return MarkPreparation(tx, item, state, {}, now, &device);
    };
    RETURN_IF_ERROR(mark(PreparationItem::kHardware, ItemState::kSucceeded));
    RETURN_IF_ERROR(mark(PreparationItem::kJoin, ItemState::kSucceeded));
    RETURN_IF_ERROR(mark(PreparationItem::kManagement,
                         device.enrolled ? ItemState::kSucceeded : ItemState::kInProgress));
    RETURN_IF_ERROR(WriteEvidence(tx, true, now));
    RETURN_IF_ERROR(tx.audit.Record({.time = now,
                                     .actor = "station:" + station_,
                                     .action = "device.enrol",
                                     .subject = "devices/" + device.id.text(),
                                     .detail = ToHex(record_.evidence_sha256)}));
    return tx.devices.Put(&device);
  });
}

Status Pass::WriteRefusal(RefusalFacts* refusal) {
  record_.refusal_code = std::string(NameOf(refusal->code));
  log::Warning("enrolment refused", {{"device", device_.id.text()},
                                     {"serial", device_.serial_number},
                                     {"code", record_.refusal_code},
                                     {"seen", refusal->seen},
                                     {"expected", refusal->expected}});
  return parts().store.WriteAndWait([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(Device device, tx.devices.Get(device_.id));
    const WallTime now = parts().clock.Now();
    RETURN_IF_ERROR(WriteEvidence(tx, false, now));
    RETURN_IF_ERROR(NoteRefused(tx, *refusal, now, &device));
    refusal->attempts_left = RecordDesk::AttemptsLeft(device);
    return tx.devices.Put(&device);
  });
}

Status Pass::NoteRefused(Tx& tx, const RefusalFacts& refusal, WallTime now, Device* device) {
  RETURN_IF_ERROR(RecordDesk::NoteProposal(tx, refusal.code, keys_, tpm_, now, *device));
  if (refusal.code == RefusalCode::kPcrNotLearned) {
    RETURN_IF_ERROR(RecordDesk::NoteUnlearned(tx, quoted_pcrs_, now, *device));
  }
  // What an agent meets again by itself is no further attempt: three of those would pass in half a
  // minute, before anybody stands at the bench.
  const bool same_again = repeated_ && device_.failure.code == NameOf(refusal.code);
  // An enrolled device keeps its place: see the lifecycle table.
  if (Advance(LifecycleEvent::kAttestationRefused, now, device).ok()) {
    device->failure = FailureOf(refusal);
    RETURN_IF_ERROR(MarkPreparation(tx, PreparationItem::kHardware, ItemState::kFailed,
                                    FaultOf(refusal), now, device));
  }
  return same_again ? OkStatus() : RecordDesk::NoteRefusal(tx, refusal.code, now, device);
}

}  // namespace preseal::server
