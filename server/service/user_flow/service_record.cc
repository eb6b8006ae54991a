// SPDX-License-Identifier: Apache-2.0
#include "server/service/user_flow/service_record.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "common/base/bytes.h"
#include "common/crypto/digest.h"
#include "server/service/flow/record_json.h"

namespace preseal::server {
namespace {

using nlohmann::json;

// Seconds; null where the part has not begun.
json SecondsJson(const std::optional<std::chrono::microseconds>& duration) {
  if (!duration) return nullptr;
  return std::chrono::duration_cast<std::chrono::seconds>(*duration).count();
}

json DurationsJson(const Durations& durations) {
  return {{"account_setup_s", SecondsJson(durations.account_setup)},
          {"device_setup_s", SecondsJson(durations.device_setup)},
          {"total_s", SecondsJson(durations.total)}};
}

json SealedJson(const ServiceFacts& facts) {
  const Device& device = facts.device;
  const std::string_view birth = facts.birth_certificate;
  return {{"birth_certificate_sha256", birth.empty() ? "" : ToHex(crypto::Sha256(AsBytes(birth)))},
          {"profile_digest", device.sealed_plan_digest},
          {"time", device.seal_time ? Iso8601(*device.seal_time) : ""}};
}

// Device items that nobody had sealed: what was assigned after the seal.
json AddedJson(const ServiceFacts& facts) {
  std::set<std::string_view> sealed;
  for (const Item& item : facts.sealed_items) sealed.insert(item.item_id.text());
  auto rows = json::array();
  for (const Item& item : facts.items) {
    if (item.phase == Phase::kAccountSetup || sealed.contains(item.item_id.text())) continue;
    rows.push_back({{"id", item.item_id.text()},
                    {"name", item.display_name},
                    {"origin", item.origin},
                    {"state", NameOf(item.state)}});
  }
  return rows;
}

}  // namespace

std::string ServiceRecordJson(const ServiceFacts& facts) {
  const Device& device = facts.device;
  const Run& run = facts.run;
  json payload = RecordHead(facts.issuer, facts.issue_time, device);
  payload.update({
      {"lab", device.lab},
      {"device_name", device.device_name},
      {"signed_in_user", device.signed_in_user},
      {"deployment_state", NameOf(facts.state)},
      {"durations", DurationsJson(facts.durations)},
      {"profile",
       {{"digest", run.profile_digest}, {"name", run.profile}, {"version", run.profile_version}}},
      {"sealed", SealedJson(facts)},
      {"run",
       {{"attempt", run.run_id.attempt()},
        {"continued", run.continued},
        {"finished", Iso8601(run.end_time.value_or(facts.issue_time))},
        {"started", Iso8601(run.start_time)},
        {"succeeded", run.outcome == RunOutcome::kSucceeded},
        {"timed_out", run.timed_out}}},
      {"added_since_seal", AddedJson(facts)},
      {"items", ItemsJson(facts.items)},
      {"waivers", WaiversJson(facts.items)},
  });
  return payload.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace preseal::server
