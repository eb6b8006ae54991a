// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/guarded.h"
#include "common/base/ids.h"
#include "common/base/limits.h"
#include "server/domain/refusal/refusal.h"
#include "server/service/identity/device_ca.h"

namespace preseal::server {

struct AdmissionFacts {
  DeviceId device_id;
  IssuedCertificate certificate;
  bool lab = false;
  bool quarantined = false;
};
struct RefusalFacts {
  RefusalCode code = RefusalCode::kNone;
  std::string seen;
  std::string expected;
  // Before a person must unblock the device; 0 only if that time has come.
  uint32_t attempts_left = kAttestationAttemptsMax;
};
using EnrollmentAnswer = std::variant<AdmissionFacts, RefusalFacts>;

// The answers of passes that got as far as D3, so that a device whose connection broke before it
// heard one gets the same again and not a second certificate. In memory only: after a restart the
// device starts over, and the certificate it never used is revoked. Thread-safe.
class EnrollmentAnswers {
 public:
  // Remembers kEnrollmentAnswersKept answers for kEnrollmentAnswerLife each; then the oldest go.
  void Keep(ByteView session_id, ByteView proof, const EnrollmentAnswer& answer, WallTime now);
  // Nothing unless there was such a session and `proof` is its D3, compared in constant time.
  std::optional<EnrollmentAnswer> Find(ByteView session_id, ByteView proof, WallTime now);

 private:
  struct Kept {
    Bytes proof;
    EnrollmentAnswer answer;
    WallTime time;
  };
  Guarded<std::map<Bytes, Kept>> kept_;  // by session id
};

}  // namespace preseal::server
