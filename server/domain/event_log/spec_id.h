// SPDX-License-Identifier: Apache-2.0
// The header of a crypto-agile log (PC Client Platform Firmware Profile, "Specification ID Version
// Event"). Pure.
#pragma once

#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "server/domain/event_log/event_log.h"

namespace preseal::server {

// True if `data` begins as TCG_EfiSpecIDEvent of a crypto-agile log does.
bool LooksLikeSpecId(ByteView data);

struct SpecIdResult {
  std::vector<LogAlgorithm> algorithms;
  std::string wrong;  // empty: the header is right; safe to show
  std::string expected;
};

// Reads the first record of a log, whose data LooksLikeSpecId.
SpecIdResult ReadSpecId(const LoggedEvent& event);

}  // namespace preseal::server
