// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/service/device_requests.h"
#include "server/service/flow/run_commands.h"
#include "server/service/flow/technician_flow.h"

namespace preseal::server {

// The buttons at the device: the same commands under the same rules as through the API, given by
// "device D-1042". Thread-safe; blocks on the store.
class ActionDesk final : public DeviceActions {
 public:
  ActionDesk(TechnicianFlow& flow, RunCommands& commands) : flow_(flow), commands_(commands) {}

  ActionAnswer Act(const DeviceId& device, std::string_view request_id,
                   DeviceAction action) override;

 private:
  Status Give(const DeviceId& device, std::string_view request_id, DeviceAction action);

  TechnicianFlow& flow_;
  RunCommands& commands_;
};

}  // namespace preseal::server
