// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/service/enrollment/enrollment.h"

namespace preseal::server {

// The implementation behind EnrollmentPass: enrollment_pass.cc talks with the device,
// enrollment_decision.cc writes down what was decided.
class Pass final : public EnrollmentPass {
 public:
  Pass(Enrollment& desk, std::string station, std::string peer,
       const crypto::Digest256& server_leaf_sha256, ChallengeFacts challenge,
       std::shared_ptr<const TrustBasis> basis);
  ~Pass() override;

  const ChallengeFacts& challenge() const override { return challenge_; }
  StatusOr<std::variant<CredentialFacts, RefusalFacts>> OnEvidence(ByteView challenge,
                                                                   ByteView evidence) override;
  StatusOr<EnrollmentAnswer> OnProof(ByteView credential, ByteView proof) override;
  StatusOr<EnrollmentAnswer> OnResume(ByteView session_id, ByteView proof) override;

 private:
  const EnrollmentParts& parts() const { return desk_.parts_; }

  StatusOr<std::optional<RefusalFacts>> FindDevice(const DeviceClaims& claims);
  StatusOr<std::optional<RefusalFacts>> NoteArrival(const DeviceClaims& claims);
  void ReadKeys(const AttestationEvidence& evidence);
  StatusOr<AttestationVerdict> Judge(const DecodedEvidence& decoded);
  StatusOr<CredentialFacts> Encrypt(const AttestedFacts& facts);

  StatusOr<EnrollmentAnswer> Admit();
  StatusOr<IssuedCertificate> Issue();
  static Status UseAllowance(Tx& tx, WallTime now, Device* device);
  Status WriteAdmission(const IssuedCertificate& certificate);
  // Fills attempts_left of `refusal`.
  Status WriteRefusal(RefusalFacts* refusal);
  Status NoteRefused(Tx& tx, const RefusalFacts& refusal, WallTime now, Device* device);
  Status WriteEvidence(Tx& tx, bool accepted, WallTime now);

  Enrollment& desk_;
  const std::string station_;
  const std::string peer_;
  std::unique_ptr<AdmissionGate::Turn> turn_;  // of the serial number
  const ChallengeFacts challenge_;
  const std::shared_ptr<const TrustBasis> basis_;  // of the whole pass
  AttestationRecord record_;                       // grows message by message
  EvidenceDraft draft_;                            // likewise
  Device device_;  // as read; the record is read again for every write
  EvidenceKeys keys_;
  TpmLabel tpm_;
  bool repeated_ = false;        // the agent asks again by itself
  std::string hardware_serial_;  // of the TPM, empty without a certificate
  AttestationOutcome outcome_ = AttestationOutcome::kRefused;
  std::vector<tpmwire::PcrValue> quoted_pcrs_;
  std::optional<AttestedFacts> facts_;
  Secret secret_;
  WallTime credential_expire_time_;
};

}  // namespace preseal::server
