// SPDX-License-Identifier: Apache-2.0
// The PCR values a log leads to (TPM 2.0 Library, Part 1, "PCR Operations"; PC Client Platform
// Firmware Profile, "Measuring Boot Events"). Pure, thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/base/bytes.h"
#include "common/tpmwire/pcr.h"
#include "server/domain/event_log/event_log.h"

namespace preseal::server {

struct ReplayedPcr {
  Bytes value;         // after all events; the reset value if there were none
  size_t extends = 0;  // events extended; 0: the log does not explain this PCR
  bool touched() const { return extends > 0; }
};

struct ReplayedBank {
  uint16_t algorithm = 0;
  std::array<ReplayedPcr, tpmwire::kPcrCount> pcrs;
};

// What a PCR holds after TPM2_Startup before anything is extended: zeros; ones for PCR 17 to 22;
// PCR 0 ends in the startup locality, 4 after an H-CRTM event.
Bytes ResetPcrValue(const ParsedEventLog& log, size_t digest_bytes, uint32_t pcr);

// Every bank of the log whose hash is at hand, in the log's order. A damaged log is replayed up to
// its fault. EV_NO_ACTION is never extended. PCR 17 to 22, once touched, count from zero: a dynamic
// launch resets them.
std::vector<ReplayedBank> ReplayEventLog(const ParsedEventLog& log);

// Null if there is none.
const ReplayedBank* FindBank(const std::vector<ReplayedBank>& banks, uint16_t algorithm);

}  // namespace preseal::server
