// SPDX-License-Identifier: Apache-2.0
// Internal to signed records: the parts birth certificates and service records share.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "server/domain/device.h"
#include "server/domain/progress.h"

namespace preseal::server {

// "2026-11-22T03:00:00Z".
std::string Iso8601(WallTime time);
// What every record begins with: who says it, when, and of which device.
nlohmann::json RecordHead(std::string_view issuer, WallTime issue_time, const Device& device);
// One row per item: what it is, whether it blocks, how it ended.
nlohmann::json ItemsJson(std::span<const Item> items);
// What was passed although it was not verified, and in whose name.
nlohmann::json WaiversJson(std::span<const Item> items);

}  // namespace preseal::server
