// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/status/status.h"
#include "server/domain/attestation/seal_quote.h"
#include "server/service/enrollment/enrollment.h"
#include "server/service/ports.h"

namespace preseal::server {

// Signs birth certificates with the seal key. Thread-safe.
class BirthSigner {
 public:
  virtual ~BirthSigner() = default;
  // Compact JWS (ES256, x5c) over `payload_json`.
  virtual StatusOr<std::string> Sign(std::string_view payload_json) = 0;
};

// The server's half of a reseal, step by step inside the session's transactions:
//   SealQuoted -> compare with the enrolment quote -> birth certificate -> SealArmed -> closed.
class SealOffice {
 public:
  SealOffice(Store& store, const Clock& clock, const EvidenceDecoder& decoder, BirthSigner& signer,
             std::string issuer)
      : store_(store),
        clock_(clock),
        decoder_(decoder),
        signer_(signer),
        issuer_(std::move(issuer)) {}

  // Judges the second quote. Equal: the birth certificate is stored and the command granted.
  // Different: device BLOCKED (tampered), command FAILED. Unsafe clock: command FAILED, the device
  // may be resealed later. The caller writes `device`.
  Status OnQuoted(Tx& tx, const SealQuoted& quoted, const Run& run, Device* device);
  // The device is armed: the command is DONE, and VERIFIED once the device is gone.
  Status OnArmed(Tx& tx, const SealArmed& armed, Device* device);
  // Inside a job: the device said goodbye or fell silent after arming.
  Status ConfirmIfArmed(Tx& tx, Device* device);
  // Every second: confirms armed devices that are gone for kSilenceAfter; flags those still
  // connected after kSealConfirmWithin.
  void Tick();

 private:
  Status Grant(Tx& tx, Command command, const Run& run, const SealQuoted& quoted,
               const AttestationRecord& record, ByteView ak_name, Device* device);
  Status Block(Tx& tx, Command command, const SealQuoteVerdict& verdict, Device* device);
  // Back to READY_TO_SEAL: the quote is no good, and no reproach to the device.
  Status AskAgain(Tx& tx, Command command, const SealQuoteVerdict& verdict, Device* device);
  Status Settle(Tx& tx, const DeviceId& id);

  Store& store_;
  const Clock& clock_;
  const EvidenceDecoder& decoder_;
  BirthSigner& signer_;
  const std::string issuer_;
};

}  // namespace preseal::server
