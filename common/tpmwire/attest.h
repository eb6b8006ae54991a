// SPDX-License-Identifier: Apache-2.0
// TPMS_ATTEST of TPM2_Certify and TPM2_Quote (TPM 2.0 Library, Part 2, "TPMS_ATTEST"). Pure.
#pragma once

#include <cstdint>
#include <variant>

#include "common/base/bytes.h"
#include "common/status/status.h"
#include "common/tpmwire/pcr.h"

namespace preseal::tpmwire {

inline constexpr uint32_t kTpmGenerated = 0xFF544347;  // TPM_GENERATED_VALUE
inline constexpr uint16_t kAttestCertify = 0x8017;     // TPM_ST_ATTEST_CERTIFY
inline constexpr uint16_t kAttestQuote = 0x8018;       // TPM_ST_ATTEST_QUOTE

struct AttestHeader {
  uint32_t magic = 0;
  uint16_t type = 0;
};

struct ClockInfo {
  uint64_t clock = 0;  // milliseconds the TPM was powered, since its last clear
  uint32_t reset_count = 0;
  uint32_t restart_count = 0;
  bool safe = false;  // no: the clock may have gone back
};

struct CertifyInfo {
  Bytes name;
  Bytes qualified_name;
};

struct QuoteInfo {
  PcrSelections selections;
  Bytes pcr_digest;
};

struct Attest {
  AttestHeader header;
  Bytes qualified_signer;  // a Name
  Bytes extra_data;        // qualifyingData of the command
  ClockInfo clock;
  uint64_t firmware_version = 0;
  std::variant<CertifyInfo, QuoteInfo> body;

  const CertifyInfo* certify() const { return std::get_if<CertifyInfo>(&body); }
  const QuoteInfo* quote() const { return std::get_if<QuoteInfo>(&body); }
};

// The first six bytes only, so that a wrong magic or type can be told from a damaged structure.
// InvalidArgument if there are fewer.
StatusOr<AttestHeader> PeekAttest(ByteView bytes);

// Reads exactly one marshalled TPMS_ATTEST, at most kTpmStructureBytesMax.
// InvalidArgument: magic is not kTpmGenerated, another type than certify and quote, a field longer
// than the specification allows, `safe` neither 0 nor 1, bytes after the end.
// Does NOT check the signature, who signed, or the nonce.
StatusOr<Attest> ParseAttest(ByteView bytes);
// What ParseAttest accepts, this gives back byte for byte.
Bytes MarshalAttest(const Attest& attest);

}  // namespace preseal::tpmwire
