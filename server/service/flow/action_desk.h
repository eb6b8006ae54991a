// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "common/base/clock.h"
#include "common/base/guarded.h"
#include "common/base/limits.h"
#include "server/domain/rate_limiter.h"
#include "server/service/device_requests.h"
#include "server/service/flow/run_commands.h"
#include "server/service/flow/technician_flow.h"

namespace preseal::server {

// The buttons at the device: the same commands under the same rules as through the API, given by
// "device D-1042". Thread-safe; blocks on the store.
class ActionDesk final : public DeviceActions {
 public:
  ActionDesk(TechnicianFlow& flow, RunCommands& commands, const Clock& clock)
      : flow_(flow), commands_(commands), clock_(clock) {}

  ActionAnswer Act(const DeviceId& device, std::string_view request_id,
                   DeviceAction action) override;

 private:
  Status Give(const DeviceId& device, std::string_view request_id, DeviceAction action);

  TechnicianFlow& flow_;
  RunCommands& commands_;
  const Clock& clock_;
  // Asking for diagnostics is the one button that may be pressed for ever, and each time leaves a
  // row in the audit log for ever: a few at once, then one in a while.
  Guarded<RateLimiter> diagnostics_{kDiagnosticsBurst, kDiagnosticsEvery, kDeviceSessionsMax};
};

}  // namespace preseal::server
