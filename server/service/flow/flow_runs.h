// SPDX-License-Identifier: Apache-2.0
// Internal to flow reports: runs as journeys see them.
#pragma once

#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/domain/reports/journey.h"
#include "server/service/ports.h"

namespace preseal::server {

// What of a run's items decides its result.
struct RunItems {
  bool waived = false;  // a person let a blocking item pass
  std::string failed_item;
  std::string code;  // of the first blocking item that failed and holds
};
StatusOr<RunItems> ReadRunItems(Tx& tx, const RunId& run);

// All runs of a device, oldest first.
StatusOr<std::vector<JourneyRun>> ReadJourneyRuns(Tx& tx, const DeviceId& device);

}  // namespace preseal::server
