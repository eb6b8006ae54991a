// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>
#include <string>

#include "common/status/status.h"

namespace preseal::agent {

// Gathers what helps to understand a failure and gets it to the server. Called on the desk's thread
// for orders, while a run may be going on; never twice at the same time.
class DiagnosticsCollector {
 public:
  virtual ~DiagnosticsCollector() = default;
  // Blocks until the server holds the bundle. `command_id` names it; a repeat continues. Cancelled:
  // `stop`. Unavailable: not delivered in time. ResourceExhausted: no room to make it.
  virtual Status Collect(const std::string& command_id, std::stop_token stop) = 0;
};

}  // namespace preseal::agent
