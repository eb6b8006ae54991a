// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "common/status/status.h"

namespace preseal::test {

// Starts `argv` (looked up in PATH) with standard output and error appended to `log_file`, standard
// input closed. The child gets SIGKILL when the calling thread ends. Internal if it cannot fork.
StatusOr<pid_t> Spawn(const std::vector<std::string>& argv, const std::string& log_file);

// Spawn and wait; Internal with the end of the log if it ends other than by exit 0,
// DeadlineExceeded (and killed) after `timeout`.
Status RunTool(const std::vector<std::string>& argv, const std::string& log_file,
               std::chrono::seconds timeout = std::chrono::seconds(30));

}  // namespace preseal::test
