// SPDX-License-Identifier: Apache-2.0
// Internal to signed records: the parts birth certificates and service records share.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "common/base/clock.h"
#include "server/domain/progress.h"

namespace preseal::server {

// "2026-11-22T03:00:00Z".
std::string Iso8601(WallTime time);
// One row per item: what it is, whether it blocks, how it ended.
nlohmann::json ItemsJson(std::span<const Item> items);
// What was passed although it was not verified, and in whose name.
nlohmann::json WaiversJson(std::span<const Item> items);

}  // namespace preseal::server
