// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string_view>

#include "common/status/status.h"

namespace preseal::server::cli {

// "45s", "90m", "12h", "30d": a whole number from 1 to 1 000 000 and one unit. InvalidArgument
// otherwise. Pure.
StatusOr<std::chrono::seconds> ParseDuration(std::string_view text);

}  // namespace preseal::server::cli
