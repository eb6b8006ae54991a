// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ostream>
#include <span>

#include "server/domain/refusal/refusal.h"
#include "tests/support/attestation_fixture.h"

namespace preseal::server {

// One thing spoiled in good evidence, the check that must notice, and its code.
struct Spoiled {
  const char* what;
  int check;
  RefusalCode code;
  void (*spoil)(test::AttestationFixture&);
};
inline void PrintTo(const Spoiled& spoiled, std::ostream* out) { *out << spoiled.what; }

std::span<const Spoiled> SpoiledEks();         // input, EK certificate, chain, key, TPM identity
std::span<const Spoiled> SpoiledStatements();  // AK, device key, certify, quote
std::span<const Spoiled>
SpoiledRecords();  // what the record and the policy say about good evidence

}  // namespace preseal::server
