// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/record_json.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>

namespace preseal::server {

using nlohmann::json;

std::string Iso8601(WallTime time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

json RecordHead(std::string_view issuer, WallTime issue_time, const Device& device) {
  using std::chrono::seconds;
  return {{"iss", issuer},
          {"iat", std::chrono::duration_cast<seconds>(issue_time.time_since_epoch()).count()},
          {"sub", device.id.text()},
          {"serial_number", device.serial_number},
          {"manufacturer", device.manufacturer},
          {"model", device.model},
          {"batch", device.batch.text()},
          {"assigned_user", device.assigned_user},
          {"server_version", PRESEAL_VERSION}};
}

json ItemsJson(std::span<const Item> items) {
  auto rows = json::array();
  for (const Item& item : items) {
    rows.push_back({{"already_done", item.already_done},
                    {"blocking", item.gating == Gating::kBlocking},
                    {"id", item.item_id.text()},
                    {"name", item.display_name},
                    {"state", NameOf(item.state)}});
  }
  return rows;
}

json WaiversJson(std::span<const Item> items) {
  auto rows = json::array();
  for (const Item& item : items) {
    if (!item.waiver) continue;
    rows.push_back({{"actor", item.waiver->actor},
                    {"id", item.item_id.text()},
                    {"name", item.display_name},
                    {"reason", item.waiver->reason},
                    {"time", Iso8601(item.waiver->time)}});
  }
  return rows;
}

}  // namespace preseal::server
