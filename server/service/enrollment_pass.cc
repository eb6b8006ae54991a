// SPDX-License-Identifier: Apache-2.0
#include "server/service/enrollment_pass.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/limits.h"
#include "common/crypto/random.h"
#include "common/log/log.h"
#include "common/tpmwire/binding.h"
#include "common/tpmwire/ek_certificate.h"
#include "common/tpmwire/make_credential.h"
#include "server/service/preparation.h"

namespace preseal::server {
namespace {

constexpr size_t kSecretBytes = 32;

Bytes ToOwned(const crypto::Digest256& digest) { return Bytes(digest.begin(), digest.end()); }

tpmwire::Sha256Digest ToDigest(ByteView bytes) {
  tpmwire::Sha256Digest digest{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), digest.size()), digest.begin());
  return digest;
}

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

}  // namespace

Pass::Pass(Enrollment& desk, std::string station, const crypto::Digest256& server_leaf_sha256,
           ChallengeFacts challenge)
    : desk_(desk),
      station_(std::move(station)),
      challenge_(std::move(challenge)),
      basis_(desk.trust_.Current()) {
  record_.server_leaf_sha256 = ToOwned(server_leaf_sha256);
}

Pass::~Pass() { desk_.in_flight_.fetch_sub(1); }

StatusOr<std::variant<CredentialFacts, RefusalFacts>> Pass::OnEvidence(ByteView challenge,
                                                                       ByteView evidence) {
  using Answer = std::variant<CredentialFacts, RefusalFacts>;
  if (desk_.clock_.Now() > challenge_.expire_time) {
    return DeadlineExceeded("the enrolment took too long, start again");
  }
  record_.challenge = ToBytes(challenge);
  record_.evidence = ToBytes(evidence);
  ASSIGN_OR_RETURN(DecodedEvidence decoded, desk_.decoder_.Decode(evidence));
  ASSIGN_OR_RETURN(auto refusal, FindDevice(decoded.claims));
  if (!refusal) {
    ASSIGN_OR_RETURN(refusal, NoteArrival(decoded.claims));
  }
  if (refusal) return Answer(*std::move(refusal));

  ASSIGN_OR_RETURN(const AttestationContext context, Context(decoded.evidence));
  AttestationVerdict verdict = VerifyAttestation(decoded.evidence, context);
  record_.findings = FindingsJson(verdict.findings);
  if (!verdict.accepted()) {
    RefusalFacts refused{verdict.code, std::move(verdict.seen), std::move(verdict.expected)};
    RETURN_IF_ERROR(WriteRefusal(refused));
    return Answer(std::move(refused));
  }
  facts_ = std::move(verdict.facts);
  ASSIGN_OR_RETURN(const auto ek, tpmwire::UnwrapNvCertificate(decoded.evidence.ek_certificate));
  ek_certificate_sha256_ = crypto::Sha256(ek.der);
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
  const Status found = desk_.store_.Read([&](Tx& tx) -> Status {
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
  return std::optional<RefusalFacts>();
}

StatusOr<std::optional<RefusalFacts>> Pass::NoteArrival(const DeviceClaims& claims) {
  std::optional<RefusalFacts> refusal;
  RETURN_IF_ERROR(desk_.store_.WriteAndWait([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(Device device, tx.devices.Get(device_.id));
    const WallTime now = desk_.clock_.Now();
    if (!Advance(LifecycleEvent::kEvidenceReceived, now, &device).ok()) {
      refusal = RefusalFacts{RefusalCode::kDeviceState, std::string(NameOf(device.state)),
                             "a state before the seal"};
      return OkStatus();
    }
    if (device.contact != ContactState::kConnected) device.contact = ContactState::kDisconnected;
    device.contact_time = now;
    // A place on the bench is taken from the newest arrival, but not while a device works there.
    if (!device.enrolled || device.slot.empty()) {
      device.slot = EscapeForLog(claims.slot, kSlotBytesMax);
    }
    RETURN_IF_ERROR(ResetPreparation(tx, &device));
    RETURN_IF_ERROR(
        MarkPreparation(tx, PreparationItem::kHardware, ItemState::kInProgress, {}, now, &device));
    return tx.devices.Put(&device);
  }));
  return refusal;
}

StatusOr<AttestationContext> Pass::Context(const AttestationEvidence& evidence) {
  AttestationContext context{.session_id = challenge_.session_id,
                             .nonce = challenge_.nonce,
                             .server_leaf_sha256 = ToDigest(record_.server_leaf_sha256),
                             .pcrs = challenge_.pcrs,
                             .now = desk_.clock_.Now(),
                             .policy = &basis_->policy,
                             .trust = &basis_->trust,
                             .record = {.device_id = device_.id.text(), .station = station_}};
  if (!device_.ek_spki_sha256.empty())
    context.record.ek_bound_to_device = ToDigest(device_.ek_spki_sha256);
  const auto ek = EkSpkiSha256(evidence.ek_public);
  if (!ek.ok()) return context;  // the verifier refuses it with its own reason
  RETURN_IF_ERROR(desk_.store_.Read([&](Tx& tx) -> Status {
    const auto holder = tx.devices.FindByEk(*ek);
    if (holder.ok()) context.record.device_bound_to_ek = holder->id.text();
    return holder.status().code() == StatusCode::kNotFound ? OkStatus() : holder.status();
  }));
  return context;
}

StatusOr<CredentialFacts> Pass::Encrypt(const AttestedFacts& facts) {
  ASSIGN_OR_RETURN(Bytes secret, crypto::RandomBytes(kSecretBytes));
  secret_ = Secret(std::move(secret));
  ASSIGN_OR_RETURN(const Bytes random,
                   crypto::RandomBytes(tpmwire::CredentialRandomBytes(facts.ek_public)));
  ASSIGN_OR_RETURN(
      auto made, tpmwire::MakeCredential(facts.ek_public, facts.ak_name, secret_.Reveal(), random));
  credential_expire_time_ = challenge_.expire_time;
  return CredentialFacts{std::move(made.credential_blob), std::move(made.encrypted_secret),
                         credential_expire_time_};
}

StatusOr<std::variant<AdmissionFacts, RefusalFacts>> Pass::OnProof(ByteView credential,
                                                                   ByteView proof) {
  using Answer = std::variant<AdmissionFacts, RefusalFacts>;
  if (!facts_) return FailedPrecondition("proof before evidence was accepted");
  const bool already_used = !record_.proof.empty();
  record_.credential = ToBytes(credential);
  record_.proof = ToBytes(proof);
  const auto transcript =
      tpmwire::TranscriptHash(record_.challenge, record_.evidence, record_.credential);
  const RefusalCode code = VerifyActivationProof(secret_, transcript, proof, desk_.clock_.Now(),
                                                 credential_expire_time_, already_used);
  if (code != RefusalCode::kNone) {
    RefusalFacts refused{code, "another answer", "the secret this TPM alone can open"};
    RETURN_IF_ERROR(WriteRefusal(refused));
    return Answer(std::move(refused));
  }
  return Admit();
}

StatusOr<std::variant<AdmissionFacts, RefusalFacts>> Pass::Admit() {
  record_.lab = facts_->lab;
  SealRecord(true);
  const CertificateRequest request{.device = device_.id,
                                   .serial_number = device_.serial_number,
                                   .ek_sha256 = ek_certificate_sha256_,
                                   .trust_models = {TrustModel::kEkCert},
                                   .lab = facts_->lab,
                                   .evidence_sha256 = ToDigest(record_.evidence_sha256)};
  ASSIGN_OR_RETURN(IssuedCertificate certificate,
                   desk_.ca_.Issue(request, facts_->device_key, desk_.clock_.Now()));
  record_.certificate = certificate.der;
  RETURN_IF_ERROR(WriteAdmission(certificate));
  log::Info("device attested", {{"device", device_.id.text()},
                                {"serial", device_.serial_number},
                                {"lab", facts_->lab},
                                {"station", station_}});
  return std::variant<AdmissionFacts, RefusalFacts>(
      AdmissionFacts{device_.id, std::move(certificate), facts_->lab});
}

void Pass::SealRecord(bool accepted) {
  record_.accepted = accepted;
  record_.decide_time = desk_.clock_.Now();
  if (facts_) {
    record_.certify_qualifying_data = facts_->certify_qualifying_data;
    record_.quote_qualifying_data = facts_->quote_qualifying_data;
  }
  record_.evidence_sha256 = ToOwned(crypto::Sha256(
      tpmwire::LengthPrefixed({record_.challenge, record_.evidence, record_.credential,
                               record_.proof, record_.server_leaf_sha256})));
}

// Durable before S4 goes out: a certificate nobody recorded must not exist.
Status Pass::WriteAdmission(const IssuedCertificate& certificate) {
  return desk_.store_.WriteAndWait([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(Device device, tx.devices.Get(device_.id));
    const WallTime now = desk_.clock_.Now();
    // Two passes for one record may have raced: the first one's EK stays.
    const Bytes ek = ToOwned(facts_->ek_spki_sha256);
    if (!device.ek_spki_sha256.empty() && device.ek_spki_sha256 != ek) {
      return Aborted("another TPM enrolled as this device meanwhile, try again");
    }
    device.ek_spki_sha256 = ek;
    device.certificate_sha256 = ToOwned(crypto::Sha256(certificate.der));
    device.lab = facts_->lab;
    const auto mark = [&](PreparationItem item, ItemState state) {
      return MarkPreparation(tx, item, state, {}, now, &device);
    };
    RETURN_IF_ERROR(mark(PreparationItem::kHardware, ItemState::kSucceeded));
    RETURN_IF_ERROR(mark(PreparationItem::kJoin, ItemState::kSucceeded));
    RETURN_IF_ERROR(mark(PreparationItem::kManagement,
                         device.enrolled ? ItemState::kSucceeded : ItemState::kInProgress));
    RETURN_IF_ERROR(tx.evidence.PutAttestation(record_));
    RETURN_IF_ERROR(tx.audit.Record({.time = now,
                                     .actor = "station:" + station_,
                                     .action = "device.enrol",
                                     .subject = "devices/" + device.id.text(),
                                     .detail = ToHex(record_.evidence_sha256)}));
    return tx.devices.Put(&device);
  });
}

Status Pass::WriteRefusal(const RefusalFacts& refusal) {
  record_.refusal_code = std::string(NameOf(refusal.code));
  SealRecord(false);
  log::Warning("enrolment refused", {{"device", device_.id.text()},
                                     {"serial", device_.serial_number},
                                     {"code", record_.refusal_code},
                                     {"seen", refusal.seen},
                                     {"expected", refusal.expected}});
  return desk_.store_.WriteAndWait([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(Device device, tx.devices.Get(device_.id));
    const WallTime now = desk_.clock_.Now();
    RETURN_IF_ERROR(tx.evidence.PutAttestation(record_));
    // An enrolled device keeps its place: see the lifecycle table.
    if (!Advance(LifecycleEvent::kAttestationRefused, now, &device).ok()) return OkStatus();
    device.failure = FailureOf(refusal);
    RETURN_IF_ERROR(MarkPreparation(tx, PreparationItem::kHardware, ItemState::kFailed,
                                    FaultOf(refusal), now, &device));
    return tx.devices.Put(&device);
  });
}

}  // namespace preseal::server
