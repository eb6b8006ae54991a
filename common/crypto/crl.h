// SPDX-License-Identifier: Apache-2.0
// Certificate revocation lists of our own authorities (RFC 5280 section "CRL and CRL Extensions
// Profile"). Pure, thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/crypto/issue.h"
#include "common/status/status.h"

namespace preseal::crypto {

struct RevokedSerial {
  std::string serial_hex;  // as Certificate::serial_hex; at most 20 bytes, not negative
  WallTime time;           // of the revocation
};

struct CrlSpec {
  uint64_t number = 0;  // cRLNumber: each list of an issuer has a higher one
  WallTime this_update;
  WallTime next_update;
  std::vector<RevokedSerial> revoked;  // at most kCrlEntriesMax; a repeated serial counts once
};

// A complete list in DER: version 2, ECDSA-SHA256, authorityKeyIdentifier and cRLNumber, one entry
// per serial, no entry extensions. INVALID_ARGUMENT: a bad serial, a list that would end before it
// begins; RESOURCE_EXHAUSTED: too many entries; FAILED_PRECONDITION: `issuer` is no CA or its key
// is not the certificate's.
StatusOr<Bytes> IssueCrl(const CrlSpec& spec, const IssuerRef& issuer);

}  // namespace preseal::crypto
