// SPDX-License-Identifier: Apache-2.0
#include "server/service/enrollment/enrollment_pass.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/limits.h"
#include "common/crypto/issue.h"
#include "common/crypto/random.h"
#include "common/log/log.h"
#include "common/tpmwire/binding.h"
#include "common/tpmwire/ek_certificate.h"
#include "common/tpmwire/make_credential.h"
#include "common/tpmwire/name.h"
#include "server/domain/attestation/ek_certificate_facts.h"
#include "server/domain/evidence/rejudge.h"
#include "server/domain/reports/one_time_rule.h"
#include "server/service/enrollment/preparation.h"

namespace preseal::server {
namespace {

constexpr size_t kSecretBytes = 32;

// Evidence keeps whole microseconds, and must lead to the same verdict years later.
WallTime Recordable(WallTime time) { return FromMicros(ToMicros(time)); }

// As its certificate says; without one, as the device says.
TpmLabel LabelOf(const AttestationEvidence& evidence, const crypto::Certificate* certificate) {
  TpmLabel label{fmt::format("id:{:08X}", evidence.claimed_tpm.manufacturer),
                 EscapeForLog(evidence.claimed_tpm.vendor_string, kNameBytesMax)};
  if (certificate == nullptr) return label;
  const auto facts = ReadEkCertificateFacts(*certificate);
  if (!facts.ok() || facts->manufacturers.empty() || facts->models.empty()) return label;
  return {EscapeForLog(facts->manufacturers[0], kNameBytesMax),
          EscapeForLog(facts->models[0], kNameBytesMax)};
}

std::optional<crypto::Certificate> EkCertificateIn(ByteView nv) {
  const auto unwrapped = tpmwire::UnwrapNvCertificate(nv);
  if (!unwrapped.ok()) return std::nullopt;
  auto certificate = crypto::Certificate::FromDer(unwrapped->der);
  if (!certificate.ok()) return std::nullopt;
  return *std::move(certificate);
}

}  // namespace

Pass::Pass(Enrollment& desk, std::string station, std::string peer,
           const crypto::Digest256& server_leaf_sha256, ChallengeFacts challenge,
           std::shared_ptr<const TrustBasis> basis)
    : desk_(desk),
      station_(std::move(station)),
      peer_(std::move(peer)),
      challenge_(std::move(challenge)),
      basis_(std::move(basis)) {
  record_.server_leaf_sha256 = ToBytes(server_leaf_sha256);
  draft_.server_leaf_sha256 = server_leaf_sha256;
}

Pass::~Pass() { desk_.in_flight_.fetch_sub(1); }

StatusOr<std::variant<CredentialFacts, RefusalFacts>> Pass::OnEvidence(ByteView challenge,
                                                                       ByteView evidence) {
  using Answer = std::variant<CredentialFacts, RefusalFacts>;
  if (parts().clock.Now() > challenge_.expire_time) {
    return DeadlineExceeded("the enrolment took too long, start again");
  }
  if (auto seen = parts().gate.Refuse(station_, peer_)) {
    log::Warning("enrolment refused", {{"code", "RATE_LIMITED"}, {"station", station_}});
    return Answer(RefusalFacts{RefusalCode::kRateLimited, *std::move(seen), "fewer enrolments"});
  }
  draft_.challenge = record_.challenge = ToBytes(challenge);
  draft_.evidence = record_.evidence = ToBytes(evidence);
  ASSIGN_OR_RETURN(const DecodedEvidence decoded, parts().decoder.Decode(evidence));
  ASSIGN_OR_RETURN(auto refusal, FindDevice(decoded.claims));
  if (!refusal) {
    ASSIGN_OR_RETURN(refusal, NoteArrival(decoded.claims));
  }
  if (refusal) return Answer(*std::move(refusal));

  ASSIGN_OR_RETURN(AttestationVerdict verdict, Judge(decoded));
  if (!verdict.accepted()) {
    RefusalFacts refused{verdict.code, std::move(verdict.seen), std::move(verdict.expected)};
    RETURN_IF_ERROR(WriteRefusal(&refused));
    return Answer(std::move(refused));
  }
  facts_ = std::move(verdict.facts);
  ASSIGN_OR_RETURN(CredentialFacts credential, Encrypt(*facts_));
  return Answer(std::move(credential));
}

// The claimed serial number selects the record. It proves nothing; the EK, bound to the record at
// the first enrolment, does.
StatusOr<std::optional<RefusalFacts>> Pass::FindDevice(const DeviceClaims& claims) {
  const std::string serial = NormaliseSerial(claims.serial_number);
  const std::string shown = EscapeForLog(serial, 64);
  if (IsJunkSerial(serial) || serial.size() > kSerialBytesMax) {
    log::Warning("enrolment refused", {{"code", "JUNK_SERIAL"}, {"serial", shown}});
    return std::optional(
        RefusalFacts{RefusalCode::kJunkSerial, shown, "a serial number of its own"});
  }
  turn_ = parts().gate.TakeTurn(serial);
  if (turn_ == nullptr) {
    return std::optional(RefusalFacts{RefusalCode::kRateLimited,
                                      "another enrolment of " + shown + " under way",
                                      "one at a time"});
  }
  const Status found = parts().store.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(device_, tx.devices.FindBySerial(serial));
    return OkStatus();
  });
  if (found.code() == StatusCode::kNotFound) {
    log::Warning("enrolment refused",
                 {{"code", "UNKNOWN_DEVICE"}, {"serial", shown}, {"station", station_}});
    return std::optional(
        RefusalFacts{RefusalCode::kUnknownDevice, shown, "a serial number that was imported"});
  }
  RETURN_IF_ERROR(found);
  record_.device_id = device_.id;
  draft_.device = device_.id.text();
  repeated_ = claims.repeated;
  if (const RefusalCode block = RecordDesk::AttemptBlock(device_); block != RefusalCode::kNone) {
    log::Warning("enrolment refused",
                 {{"device", device_.id.text()}, {"code", std::string(NameOf(block))}});
    return std::optional(RefusalFacts{block, fmt::format("{} refused", device_.refused_attempts),
                                      "a person who unblocks the device", 0});
  }
  return std::optional<RefusalFacts>();
}

StatusOr<std::optional<RefusalFacts>> Pass::NoteArrival(const DeviceClaims& claims) {
  std::optional<RefusalFacts> refusal;
  RETURN_IF_ERROR(parts().store.WriteAndWait([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(Device device, tx.devices.Get(device_.id));
    const WallTime now = parts().clock.Now();
    // Nothing moves before the device has proved itself: whoever knows a serial number could
    // otherwise use up the permission.
    const bool again = NextIsAllowed(device, now);
    if (OneTimeUsed(device) && !again) {
      refusal =
          RefusalFacts{RefusalCode::kOneTimeLimit, OneTimeSeen(device, now),
                       "a person who allows the next enrolment", RecordDesk::AttemptsLeft(device)};
      return OkStatus();
    }
    if (!again && !Advance(LifecycleEvent::kEvidenceReceived, now, &device).ok()) {
      refusal = RefusalFacts{RefusalCode::kDeviceState, std::string(NameOf(device.state)),
                             "a state before the seal", RecordDesk::AttemptsLeft(device)};
      return OkStatus();
    }
    if (device.contact != ContactState::kConnected) device.contact = ContactState::kDisconnected;
    device.contact_time = now;
    if (again) return tx.devices.Put(&device);
    // A place on the bench is taken from the newest arrival, but not while a device works there.
    if (!device.enrolled || device.slot.empty()) {
      device.slot = EscapeForLog(claims.slot, kSlotBytesMax);
    }
    RETURN_IF_ERROR(ResetPreparation(tx, &device));
    RETURN_IF_ERROR(
        MarkPreparation(tx, PreparationItem::kHardware, ItemState::kInProgress, {}, now, &device));
    return tx.devices.Put(&device);
  }));
  if (refusal) {
    log::Warning(
        "enrolment refused",
        {{"device", device_.id.text()}, {"code", NameOf(refusal->code)}, {"seen", refusal->seen}});
  }
  return refusal;
}

// What does not parse is left out here; the verifier refuses it with its own reason.
void Pass::ReadKeys(const AttestationEvidence& evidence) {
  if (const auto ek = EkSpkiSha256(evidence.ek_public); ek.ok()) keys_.ek_spki = *ek;
  if (const auto ak = tpmwire::ParsePublic(evidence.ak_public); ak.ok()) {
    keys_.ak_name = tpmwire::NameOf(*ak);
  }
  if (const auto tls = EkSpkiSha256(evidence.device_key_public); tls.ok()) keys_.tls_spki = *tls;
  const auto certificate = EkCertificateIn(evidence.ek_certificate);
  if (certificate) keys_.ek_certificate = certificate->fingerprint();
  tpm_ = LabelOf(evidence, certificate ? &*certificate : nullptr);
  if (certificate) hardware_serial_ = crypto::TpmHardwareSerial(tpm_.manufacturer, *certificate);
}

StatusOr<AttestationVerdict> Pass::Judge(const DecodedEvidence& decoded) {
  ReadKeys(decoded.evidence);
  AttestationContext context{.session_id = challenge_.session_id,
                             .nonce = challenge_.nonce,
                             .server_leaf_sha256 = draft_.server_leaf_sha256,
                             .pcrs = challenge_.pcrs,
                             .now = Recordable(parts().clock.Now()),
                             .policy = &basis_->policy,
                             .trust = &basis_->trust};
  ASSIGN_OR_RETURN(
      context.record,
      parts().records.FactsFor(device_, station_, keys_, decoded.claims.order_code, context.now));
  AttestationVerdict verdict = VerifyAttestation(decoded.evidence, context);
  NoteVerdict(decoded.evidence, context, verdict, parts().office.policies(), &draft_);
  record_.findings = FindingsJson(verdict.findings);
  outcome_ = verdict.outcome;
  quoted_pcrs_ = verdict.quoted_pcrs;
  return verdict;
}

StatusOr<CredentialFacts> Pass::Encrypt(const AttestedFacts& facts) {
  ASSIGN_OR_RETURN(Bytes secret, crypto::RandomBytes(kSecretBytes));
  ASSIGN_OR_RETURN(const Bytes random,
                   crypto::RandomBytes(tpmwire::CredentialRandomBytes(facts.ek_public)));
  // Both go into the record, so that S2 can be made again byte for byte.
  draft_.activation = ActivationRecord{.secret = secret, .random = random};
  secret_ = Secret(std::move(secret));
  ASSIGN_OR_RETURN(
      auto made, tpmwire::MakeCredential(facts.ek_public, facts.ak_name, secret_.Reveal(), random));
  credential_expire_time_ = challenge_.expire_time;
  return CredentialFacts{std::move(made.credential_blob), std::move(made.encrypted_secret),
                         credential_expire_time_};
}

StatusOr<EnrollmentAnswer> Pass::OnProof(ByteView credential, ByteView proof) {
  if (!facts_) return FailedPrecondition("proof before evidence was accepted");
  const bool already_used = !record_.proof.empty();
  draft_.credential = record_.credential = ToBytes(credential);
  draft_.proof = record_.proof = ToBytes(proof);
  const WallTime now = Recordable(parts().clock.Now());
  draft_.activation->proof_time = now;
  draft_.activation->replayed = already_used;
  const auto transcript =
      tpmwire::TranscriptHash(record_.challenge, record_.evidence, record_.credential);
  const RefusalCode code =
      VerifyActivationProof(secret_, transcript, proof, now, credential_expire_time_, already_used);
  EnrollmentAnswer answer;
  if (code == RefusalCode::kNone) {
    ASSIGN_OR_RETURN(answer, Admit());
  } else {
    RefusalFacts refused{code, "another answer", "the secret this TPM alone can open"};
    NoteRefusal(code, refused.seen, refused.expected, &draft_);
    RETURN_IF_ERROR(WriteRefusal(&refused));
    answer = std::move(refused);
  }
  desk_.answers_.Keep(challenge_.session_id, proof, answer, now);
  return answer;
}

StatusOr<EnrollmentAnswer> Pass::OnResume(ByteView session_id, ByteView proof) {
  const RefusalFacts unknown{RefusalCode::kSessionUnknown, "session " + ToHex(session_id),
                             "one of the last minutes, or evidence"};
  auto answer = desk_.answers_.Find(session_id, proof, parts().clock.Now());
  if (!answer) return EnrollmentAnswer(unknown);
  const auto* admission = std::get_if<AdmissionFacts>(&*answer);
  if (admission == nullptr) return *std::move(answer);
  // A newer pass, or a person, may have put another certificate in its place.
  Bytes current;
  RETURN_IF_ERROR(parts().store.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(const Device device, tx.devices.Get(admission->device_id));
    current = device.certificate_sha256;
    return OkStatus();
  }));
  const bool same = current == ToBytes(crypto::Sha256(admission->certificate.der));
  return same ? *std::move(answer) : EnrollmentAnswer(unknown);
}

}  // namespace preseal::server
