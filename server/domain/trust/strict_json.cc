// SPDX-License-Identifier: Apache-2.0
#include "server/domain/trust/strict_json.h"

#include "common/base/limits.h"

namespace preseal::server {

StatusOr<nlohmann::json> ParseStrictJson(std::string_view text) {
  // nlohmann keeps the last of two equal keys, others the first: such a text has two meanings.
  std::vector<std::set<std::string>> keys;
  bool repeated = false;
  bool too_deep = false;
  const auto watch = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& value) {
    too_deep = too_deep || depth > kJsonDepthMax;
    if (event == nlohmann::json::parse_event_t::object_start) keys.emplace_back();
    if (event == nlohmann::json::parse_event_t::object_end && !keys.empty()) keys.pop_back();
    if (event == nlohmann::json::parse_event_t::key && !keys.empty()) {
      repeated = repeated || !keys.back().insert(value.get<std::string>()).second;
    }
    return !too_deep;
  };
  auto json = nlohmann::json::parse(text.begin(), text.end(), watch, false);
  if (json.is_discarded() || too_deep) return InvalidArgument("not JSON");
  if (repeated) return InvalidArgument("a key stands twice");
  return json;
}

}  // namespace preseal::server
