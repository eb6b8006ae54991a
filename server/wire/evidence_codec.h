// SPDX-License-Identifier: Apache-2.0
// Messages of the enrolment wire to domain values and back, for the server, which speaks them, and
// for the command line, which judges recorded ones. Thread-safe.
#pragma once

#include <string>

#include "server/domain/evidence/enrollment_messages.h"

namespace preseal::server {

// Reads preseal.enrollment.v1.Evidence with its limits.
class ProtoEvidenceDecoder final : public EvidenceDecoder {
 public:
  StatusOr<DecodedEvidence> Decode(ByteView message) const override;
};

// Serialized S0 and S2, exactly as they go out and into the transcript.
std::string EncodeChallenge(const ChallengeFacts& facts);
std::string EncodeCredential(const CredentialFacts& facts);
// Back again. InvalidArgument: not such a message, or one over its limit.
StatusOr<ChallengeFacts> DecodeChallenge(ByteView message);
StatusOr<CredentialFacts> DecodeCredential(ByteView message);

class ProtoRecordReader final : public RecordReader {
 public:
  StatusOr<RecordedMessages> Read(ByteView challenge, ByteView evidence,
                                  ByteView credential) const override;
};

}  // namespace preseal::server
