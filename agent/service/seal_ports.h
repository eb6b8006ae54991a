// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "agent/service/enrollment/tpm_port.h"
#include "common/base/bytes.h"
#include "common/status/status.h"

namespace preseal::agent {

// The second quote of a reseal, by the AK of the enrolment. Errors as TpmPort.
class SealQuoter {
 public:
  virtual ~SealQuoter() = default;
  //   nonce  kNonceBytes, becomes the quote's qualifying data
  virtual StatusOr<SignedStatement> QuoteForSeal(ByteView nonce, std::span<const PcrMask> pcrs) = 0;
};

struct FirstBoot {
  std::string device_id;
  std::string run_id;
  std::string command_id;
};

// The target and the state folder at the end of the technician flow. Each call may be repeated.
// ResourceExhausted: disk full; FailedPrecondition: a path leaves the target.
class SealTarget {
 public:
  virtual ~SealTarget() = default;
  // Below the target root and in the state folder, both durable.
  virtual Status StoreBirthCertificate(std::string_view jws) = 0;
  // Removes the station's key, temporary enrolment files and cached artefacts from the state
  // folder.
  virtual Status ScrubSecrets() = 0;
  // What the first boot of the delivered device begins the user flow with.
  virtual Status ArmFirstBoot(const FirstBoot& first_boot) = 0;
};

}  // namespace preseal::agent
