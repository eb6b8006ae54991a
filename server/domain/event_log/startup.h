// SPDX-License-Identifier: Apache-2.0
// What PCR 0 starts from (PC Client Platform Firmware Profile, "Startup Locality Event", "H-CRTM
// Event"). Pure.
#pragma once

#include "server/domain/event_log/event_log.h"

namespace preseal::server {

// Sets startup_locality, has_hcrtm and startup_fault from the events of `log`. A StartupLocality
// event must be EV_NO_ACTION in PCR 0, 17 bytes, value 0, 3 or 4, before anything is extended into
// PCR 0, and alone; an H-CRTM event must be the first that is extended into PCR 0 and goes with
// locality 4 only. Otherwise whoever edits the log could choose between several replays.
void CheckStartup(ParsedEventLog& log);

}  // namespace preseal::server
