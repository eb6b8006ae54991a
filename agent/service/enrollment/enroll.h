// SPDX-License-Identifier: Apache-2.0
// Enrolment: the device proves which TPM it holds and gets its certificate. The protocol is
// described in proto/preseal/enrollment/v1/enrollment.proto.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>

#include "agent/service/enrollment/enrollment_channel.h"
#include "agent/service/enrollment/identity_store.h"
#include "agent/service/enrollment/tpm_port.h"
#include "agent/service/machine.h"
#include "agent/service/status_display.h"
#include "common/base/bytes.h"
#include "common/status/status.h"
#include "common/tpmwire/binding.h"

namespace preseal::agent {

// Borrowed for the one call.
struct EnrollPorts {
  TpmPort& tpm;
  EnrollmentChannel& channel;
  IdentityStore& store;
  Machine& machine;
  StatusDisplay& display;
};

struct EnrollSettings {
  std::string agent_version;
  std::string slot;        // place on the bench, may be empty
  std::string order_code;  // for a TPM that no maker vouches for, may be empty
};

// Admitted, with the identity as it was stored, or refused. A refusal is an answer, not an error.
using EnrollmentOutcome = std::variant<DeviceIdentity, EnrollmentRefusal>;

// What one try has to tell the next. Lives as long as the agent tries; a restarted agent begins
// with an empty one, which costs it a fresh pass and nothing else.
struct EnrollmentMemory {
  // A pass whose proof was sent and whose result never arrived.
  struct Unanswered {
    Bytes session_id;
    Bytes proof;
  };
  std::optional<Unanswered> unanswered;
  // The server found an event log that does not explain the quoted PCRs: the next pass sends their
  // values, so that it can name the one that differs.
  bool send_pcr_values = false;
  // The last pass was refused: the next one is a repetition, not an attempt of a person's.
  bool refused = false;
};

// One pass. Keys are made before the connection, because some chips need tens of seconds and the
// server's time runs. May be repeated at any time, also after it broke off: the keys are the same.
// The device key becomes persistent only after the server admitted the device; a pass that breaks
// off before leaves nothing in the TPM. If it breaks off after the proof, `memory` lets the next
// call ask for the lost result instead of starting over.
// The device counts as enrolled on the server only after its first call with the new certificate.
// Errors as those of the ports; INTERNAL if the server breaks the protocol, which includes a
// certificate for another key than ours. Not thread-safe: one call at a time.
StatusOr<EnrollmentOutcome> Enroll(const EnrollPorts& ports, const EnrollSettings& settings,
                                   EnrollmentMemory& memory);

// The second quote of a reseal: by the AK of the enrolment, made again for the purpose and dropped.
// Three TPM commands: CreatePrimary, Quote, FlushContext.
//   nonce  kNonceBytes from the server: the quote's qualifying data as it is
//   pcrs   the server's choice
// INVALID_ARGUMENT for a wrong nonce or selection; otherwise as the ports.
StatusOr<SignedStatement> TakeSealQuote(TpmPort& tpm, IdentityStore& store, ByteView nonce,
                                        std::span<const PcrMask> pcrs);

// KeyAttestation by the AK of the enrolment, made again as for TakeSealQuote: CreatePrimary,
// Certify, Quote, FlushContext, and two ReadPublic to find the device key.
//   device_key_handle  DeviceIdentity::device_key_handle
//   binding            what both statements are bound to, each under its own label
//                      (common/tpmwire/binding.h)
// INVALID_ARGUMENT for a wrong selection; NOT_FOUND if the TPM was cleared; otherwise as the ports.
StatusOr<KeyAttestation> AttestDeviceKey(TpmPort& tpm, IdentityStore& store,
                                         uint32_t device_key_handle,
                                         const tpmwire::Sha256Digest& binding,
                                         std::span<const PcrMask> pcrs);

}  // namespace preseal::agent
