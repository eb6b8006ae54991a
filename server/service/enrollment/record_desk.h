// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/status/status.h"
#include "common/tpmwire/hash.h"
#include "common/tpmwire/pcr.h"
#include "server/domain/attestation/attestation_verifier.h"
#include "server/service/ports.h"

namespace preseal::server {

// The keys a device showed, as far as they could be read.
struct EvidenceKeys {
  std::optional<tpmwire::Sha256Digest> ek_spki;         // of the EK's SubjectPublicKeyInfo
  std::optional<tpmwire::Sha256Digest> ek_certificate;  // of the certificate's DER
  Bytes ak_name;                                        // TPM name, empty if it did not parse
  std::optional<tpmwire::Sha256Digest> tls_spki;        // of the device key's SubjectPublicKeyInfo
};

// What a TPM is called, by its certificate or by the device. Shown to people, never believed.
struct TpmLabel {
  std::string manufacturer;
  std::string model;
};

// What the records say of a device that enrols, and what its enrolment leaves in them: which TPM
// belongs to which record, attempts, order codes, keys seen, certificates. Thread-safe; methods
// that take no Tx block on the store.
//
// The static methods belong inside the enrolment's own transaction. Those that take `Device*`
// change it and leave Put to the caller. Errors are the store's; Aborted: another enrolment or a
// person was faster, the device should start over.
class RecordDesk {
 public:
  explicit RecordDesk(Store& store) : store_(store) {}

  // Everything the database knows for the verifier. `keys` empty or absent where they did not
  // parse. `order_code` as typed at the bench, may be empty: a good one that nobody vouched for yet
  // leaves the device's EK for people to look at.
  StatusOr<RecordFacts> FactsFor(const Device& device, std::string_view station,
                                 const EvidenceKeys& keys, std::string_view order_code,
                                 WallTime now);
  // The golden sets of a model, in every state, oldest first.
  StatusOr<std::vector<GoldenRow>> GoldenFor(const Device& device);

  // Before any evidence of the device is looked at: kAttemptsExceeded, kDeviceRevoked, or kNone.
  static RefusalCode AttemptBlock(const Device& device);
  // Attempts before a person must unblock the device.
  static uint32_t AttemptsLeft(const Device& device);

  // Counts an attempt, if RefusalInfo::counts. The kAttestationAttemptsMax-th moves a device that
  // was never enrolled to BLOCKED with failure ATTEMPTS_EXCEEDED; an enrolled one keeps its place
  // (lifecycle table), but AttemptBlock holds it. Call it last, after the refusal's own failure was
  // set, and also where the lifecycle did not let the refusal move the device; then Put.
  static Status NoteRefusal(Tx& tx, RefusalCode code, WallTime now, Device* device);
  // EK_CHANGED and EK_ALREADY_BOUND: keeps the EK so that people can look at it and approve it.
  // Does nothing for other codes, or if `keys` has no EK.
  static Status NoteProposal(Tx& tx, RefusalCode code, const EvidenceKeys& keys,
                             const TpmLabel& tpm, WallTime now, const Device& device);
  // PCR_NOT_LEARNED: proposes how this device started as the model's golden values, unless the same
  // values wait already or were decided. At most kGoldenProposalsMax wait per model.
  static Status NoteUnlearned(Tx& tx, const std::vector<tpmwire::PcrValue>& values, WallTime now,
                              const Device& device);
  // Resets attempts, records keys, binds the EK (device->ek_spki_sha256; Aborted if the record has
  // another one and nobody approved this), consumes approval and order code. Call it before
  // NoteIssued; do not compare or set the EK yourself.
  static Status NoteAdmission(Tx& tx, const EvidenceKeys& keys, const AttestedFacts& facts,
                              WallTime now, Device* device);
  // Enters a certificate that was issued for the device, also by a renewal, and makes it the one
  // that opens the device's channel (device->certificate_sha256).
  static Status NoteIssued(Tx& tx, ByteView certificate_der, WallTime now, Device* device);

 private:
  Status AskForVouching(const Device& device, const EvidenceKeys& keys, std::string_view code_id,
                        WallTime now);

  Store& store_;
};

}  // namespace preseal::server
