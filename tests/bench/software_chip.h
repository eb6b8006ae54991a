// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/base/bytes.h"
#include "common/crypto/digest.h"
#include "common/status/status.h"
#include "tests/support/attestation_fixture.h"

namespace preseal::bench {

// One device's half of an enrolment with keys in software: every signature is real, only the TPM's
// slowness is missing. Not thread-safe.
class SoftwareChip {
 public:
  // D1 in answer to S0, both as they travel (preseal.enrollment.v1).
  StatusOr<Bytes> Evidence(ByteView challenge, const crypto::Digest256& server_leaf);
  // D3 in answer to S2; the other two are what went before.
  StatusOr<Bytes> Proof(ByteView challenge, ByteView evidence, ByteView credential) const;

  // The same chip in a machine of another serial number.
  // `repeated`: its agent asks again by itself after a refusal.
  SoftwareChip Under(const std::string& device_serial, bool repeated = false) const;

  const test::AttestationFixture& parts() const { return parts_; }

 private:
  friend class ChipMaker;
  explicit SoftwareChip(test::AttestationFixture parts) : parts_(std::move(parts)) {}
  test::AttestationFixture parts_;
};

// A maker of chips: a root, and an intermediate that signs P-256 EK certificates.
class ChipMaker {
 public:
  ChipMaker();
  // What every chip is made of; changes count for chips made later.
  test::AttestationFixture& parts() { return maker_; }
  std::string ca_pem() const;  // both certificates
  SoftwareChip Make(const std::string& device_serial) const;

 private:
  test::AttestationFixture maker_;
};

}  // namespace preseal::bench
