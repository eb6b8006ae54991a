// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "server/service/enrollment.h"

namespace preseal::server {

// The implementation behind EnrollmentPass.
class Pass final : public EnrollmentPass {
 public:
  Pass(Enrollment& desk, std::string station, const crypto::Digest256& server_leaf_sha256,
       ChallengeFacts challenge);
  ~Pass() override;

  const ChallengeFacts& challenge() const override { return challenge_; }
  StatusOr<std::variant<CredentialFacts, RefusalFacts>> OnEvidence(ByteView challenge,
                                                                   ByteView evidence) override;
  StatusOr<std::variant<AdmissionFacts, RefusalFacts>> OnProof(ByteView credential,
                                                               ByteView proof) override;

 private:
  StatusOr<std::optional<RefusalFacts>> FindDevice(const DeviceClaims& claims);
  StatusOr<std::optional<RefusalFacts>> NoteArrival(const DeviceClaims& claims);
  StatusOr<AttestationContext> Context(const AttestationEvidence& evidence);
  StatusOr<CredentialFacts> Encrypt(const AttestedFacts& facts);
  Status WriteRefusal(const RefusalFacts& refusal);
  Status WriteAdmission(const IssuedCertificate& certificate);
  StatusOr<std::variant<AdmissionFacts, RefusalFacts>> Admit();
  void SealRecord(bool accepted);

  Enrollment& desk_;
  const std::string station_;
  const ChallengeFacts challenge_;
  const std::shared_ptr<const TrustBasis> basis_;  // of the whole pass
  AttestationRecord record_;                       // grows message by message
  Device device_;  // as read; the record is read again for every write
  std::optional<AttestedFacts> facts_;
  crypto::Digest256 ek_certificate_sha256_{};
  Secret secret_;
  WallTime credential_expire_time_;
};

}  // namespace preseal::server
