// SPDX-License-Identifier: Apache-2.0
// Decides whether the second quote, taken at reseal, shows the device as it was enrolled. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/tpmwire/pcr.h"

namespace preseal::server {

// Closed and ordered as the checks run; the names are the record's, never rename.
enum class SealQuoteCode : uint8_t {
  kNone = 0,
  kAkChanged,
  kQuoteSignature,
  kQuoteMagic,
  kQuoteType,
  kQuoteMalformed,
  kQuoteSigner,
  kQuoteNonce,
  kQuoteSelection,
  kFirmwareChanged,
  kPcrChanged,
  kQuoteClockUnsafe,  // last: it must not hide one that says more
};

// "PCR_CHANGED"; "" for kNone.
std::string_view NameOf(SealQuoteCode code);
// One plain sentence; "" for kNone.
std::string_view SentenceOf(SealQuoteCode code);

// Whether the code says that this is not the device that enrolled, or not what it booted then. An
// unsafe clock does not: it follows a power cut, stays over a shutdown in order, and passes while
// the TPM is left powered, once its clock is beyond what it could have told before: on swtpm after
// seconds, on a chip within 2^22 ms, some 70 minutes.
bool IsSignOfChange(SealQuoteCode code);

// What enrolment proved (AttestedFacts), kept with the record.
struct EnrolledBootState {
  Bytes ak_name;  // NameOf(AK) at enrolment
  tpmwire::PcrSelections selections;
  Bytes pcr_digest;
  uint64_t firmware_version = 0;
  uint32_t reset_count = 0;
};

struct SealQuoteVerdict {
  SealQuoteCode code = SealQuoteCode::kNone;
  std::string seen;
  std::string expected;
  // Remarks that do not refuse, e.g. reboots since enrolment.
  std::vector<std::string> findings;
  uint32_t reset_count = 0;

  bool accepted() const { return code == SealQuoteCode::kNone; }
};

//   ak_public  TPMT_PUBLIC of the AK made again; must have the Name enrolment recorded
//   attest, signature  TPMS_ATTEST and TPMT_SIGNATURE of TPM2_Quote
//   nonce      the quote's whole qualifyingData, issued for this seal and not used before
// A reset count above the enrolled one is a finding: steps may reboot the device.
SealQuoteVerdict VerifySealQuote(const EnrolledBootState& enrolled, ByteView ak_public,
                                 ByteView attest, ByteView signature, ByteView nonce);

}  // namespace preseal::server
