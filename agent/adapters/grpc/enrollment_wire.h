// SPDX-License-Identifier: Apache-2.0
// Between preseal.enrollment.v1 and the agent's own words. Inner part of enrollment_client.
#pragma once

#include <string>
#include <variant>

#include "agent/service/enrollment/enrollment_channel.h"
#include "preseal/enrollment/v1/enrollment.pb.h"

namespace preseal::agent {

Bytes EncodeClaims(const DeviceClaims& claims);
Bytes EncodeEvidence(const EnrollmentEvidence& evidence);
// INTERNAL if it does not parse: the server broke the protocol.
StatusOr<EnrollmentChallenge> DecodeChallenge(const std::string& bytes);
StatusOr<ActivationOrder> DecodeCredential(const std::string& bytes);
// INTERNAL if it holds neither.
StatusOr<std::variant<Admission, EnrollmentRefusal>> DecodeResult(
    const enrollment::v1::EnrollmentResult& result);

}  // namespace preseal::agent
