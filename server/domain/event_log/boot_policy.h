// SPDX-License-Identifier: Apache-2.0
// What a floor demands of a boot that is proven (attestation.md, "Policy": Boot, PCRs). Pure,
// thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "server/domain/event_log/boot_facts.h"
#include "server/domain/event_log/quoted_bank.h"
#include "server/domain/refusal/finding.h"

namespace preseal::server {

// What a demand that is not met leads to. Zero refuses: a policy that says nothing fails closed.
enum class Demand { kRequired, kFinding, kOff };

// Values each PCR of one bank may have.
struct PcrAllowance {
  uint16_t bank = 0;                           // TPM_ALG_ID
  std::map<uint32_t, std::set<Bytes>> values;  // by PCR; a PCR that is not named may be anything
};

// What devices of one model measure: learnt from the first ones, approved by two people.
struct GoldenSet {
  std::string model;  // exactly the device's; "" for every model
  PcrAllowance allowance;
};

struct BootPolicy {
  Demand secure_boot = Demand::kRequired;
  Demand setup_mode_off = Demand::kRequired;  // setup and audit mode off, a platform key present
  Demand no_firmware_error = Demand::kRequired;
  Demand no_debug_mode = Demand::kRequired;
  Demand dma_protection = Demand::kRequired;
  // SHA-256 image hashes dbx must hold at least, raw. Empty: dbx is not judged.
  std::set<Bytes> dbx_minimum;
  // Fingerprints (AuthorityFact) images may have been allowed by. Empty: not judged.
  std::set<std::string> authorities_allowed;
  std::vector<GoldenSet> golden;
  // True: a model without golden set is refused, PCR_NOT_LEARNED.
  bool golden_required = false;
  // PCR 8, 9 and others as our own imaging media measure them. Empty: not judged.
  std::vector<PcrAllowance> media;
};

// Checks 1001 to 1009, one line each and more where several things are wrong:
//   BOOT_SECUREBOOT_OFF, BOOT_SETUP_MODE, BOOT_DBX, BOOT_AUTHORITY_UNKNOWN, BOOT_FIRMWARE_ERROR,
//   BOOT_DEBUG_MODE, BOOT_DMA_PROTECTION_OFF, PCR_POLICY_MISMATCH, PCR_NOT_LEARNED
//   facts   of a judgement that was not refused: others prove nothing
//   quoted  as for JudgeEventLog; without any, golden and media values are not judged
// Golden and media values must be met in every allocated bank: once a model (or the media) has
// values for one bank, an allocated bank without is PCR_NOT_LEARNED, and a PCR it names that is not
// quoted is PCR_POLICY_MISMATCH.
std::vector<AttestationFinding> JudgeBoot(const BootFacts& facts,
                                          const std::vector<QuotedBank>& quoted,
                                          const BootPolicy& policy, std::string_view model = {});

}  // namespace preseal::server
