// SPDX-License-Identifier: Apache-2.0
// Messages of the enrolment wire to domain values and back.
#pragma once

#include <string>

#include "preseal/enrollment/v1/enrollment.pb.h"
#include "server/service/enrollment.h"

namespace preseal::server {

// Reads preseal.enrollment.v1.Evidence with its limits.
class ProtoEvidenceDecoder final : public EvidenceDecoder {
 public:
  StatusOr<DecodedEvidence> Decode(ByteView message) const override;
};

// Serialized S0 and S2, exactly as they go out and into the transcript.
std::string EncodeChallenge(const ChallengeFacts& facts);
std::string EncodeCredential(const CredentialFacts& facts);
void ToProto(const AdmissionFacts& facts, enrollment::v1::Admission* out);
void ToProto(const RefusalFacts& facts, enrollment::v1::Refusal* out);

}  // namespace preseal::server
