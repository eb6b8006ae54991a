// SPDX-License-Identifier: Apache-2.0
// Reads one item. Everything the agent would refuse is refused here first, with its line.
#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.h"
#include "server/adapters/profile/reading.h"
#include "server/wire/wire_time.h"

namespace preseal::server {

namespace plv1 = plan::v1;
using std::chrono::milliseconds;
using yaml::MapReader;

namespace {

constexpr int64_t kExitCodeMax = 255;

void ReadPlace(MapReader& map, ItemSpec* item) {
  constexpr Category kCategories[] = {Category::kPolicies, Category::kCertificates,
                                      Category::kNetwork, Category::kApps,
                                      Category::kQualityUpdates};
  size_t category = 0;
  const bool restart = map.Has("reboot");
  if (!map.Has("category") && !restart) map.Fail("category", "\"category\" is missing");
  map.Choice("category", {"policies", "certificates", "network", "apps", "quality-updates"},
             &category);
  item->category = restart && !map.Has("category") ? Category::kReboot : kCategories[category];
  size_t gating = 0;
  map.Choice("gating", {"blocking", "tracked", "background"}, &gating);
  item->gating = static_cast<Gating>(static_cast<size_t>(Gating::kBlocking) + gating);
  size_t context = 0;
  map.Choice("context", {"device", "user"}, &context);
  item->context = context == 0 ? Context::kDevice : Context::kUser;
}

void ReadTimes(MapReader& map, ItemSpec* item, plv1::Step* step) {
  milliseconds timeout = kStepTimeoutDefault;
  map.Optional("timeout", kStepTimeoutMax, &timeout);
  SetDuration(timeout, step->mutable_timeout());
  map.Optional("total_timeout", kStepTimeoutMax, &item->total_timeout);
  if (item->total_timeout.count() > 0) {
    SetDuration(item->total_timeout, step->mutable_total_timeout());
    if (timeout > item->total_timeout) {
      map.Fail("total_timeout", "\"total_timeout\" must be at least \"timeout\", one attempt");
    }
  }
  milliseconds stall{0};
  map.Optional("stall_timeout", kStepTimeoutMax, &stall);
  if (stall.count() > 0) SetDuration(stall, step->mutable_stall_timeout());
  if (stall > timeout) map.Fail("stall_timeout", "\"stall_timeout\" must be at most \"timeout\"");
  int64_t attempts = 1;
  map.Optional("attempts", 1, kStepAttemptsMax, &attempts);
  step->set_attempts(static_cast<uint32_t>(attempts));
}

// Whether a step can bring a restart about.
bool AsksForRestart(const plv1::Step& step) {
  return std::any_of(step.exit_codes().begin(), step.exit_codes().end(), [](const auto& rule) {
    return rule.result() == plv1::ExitCodeRule::RESULT_REBOOT_NOW ||
           rule.result() == plv1::ExitCodeRule::RESULT_REBOOT_LATER;
  });
}

void ReadRestarts(MapReader& map, plv1::Step* step) {
  const bool asks = AsksForRestart(*step);
  int64_t reboots = asks ? kStepRebootsDefault : 0;
  map.Optional("reboots", 0, kStepRebootsMax, &reboots);
  if (asks && reboots == 0) {
    map.Fail("reboots", "an exit code asks for a restart, so \"reboots\" must be at least 1");
  }
  step->set_reboots_max(static_cast<uint32_t>(reboots));
  milliseconds within{0};
  map.Optional("reboot_within", kStepTimeoutMax, &within);
  if (within.count() > 0) SetDuration(within, step->mutable_reboot_within());
}

void ReadExitCodes(MapReader& map, Reading* reading, plv1::Step* step) {
  for (const YAML::Node& entry : ReadList(map, "exit_codes", kExitCodeRulesMax, reading)) {
    MapReader rule(entry, reading->mistakes);
    int64_t code = 0;
    size_t result = 0;
    rule.Required("code", 0, kExitCodeMax, &code);
    if (!rule.Has("result")) rule.Fail("result", "\"result\" is missing");
    rule.Choice("result", {"success", "retry", "fail", "reboot-now", "reboot-later", "fail-fatal"},
                &result);
    (void)rule.Finish();
    auto* out = step->add_exit_codes();
    out->set_code(static_cast<int32_t>(code));
    out->set_result(static_cast<plv1::ExitCodeRule::Result>(plv1::ExitCodeRule::RESULT_SUCCESS +
                                                            static_cast<int>(result)));
  }
}

void ReadScriptText(MapReader& map, std::string_view key, std::string* out) {
  map.Optional(key, out);
  if (out->size() > kInlineContentBytesMax) map.Fail(key, "script too long");
}

void ReadUndo(MapReader& map, plv1::Step* step) {
  size_t undo = 0;
  map.Choice("undo", {"none", "command", "reimage"}, &undo);
  step->set_undo(static_cast<plv1::Step::Undo>(plv1::Step::UNDO_NONE + static_cast<int>(undo)));
  ReadScriptText(map, "undo_command", step->mutable_undo_command());
  if ((undo == 1) != !step->undo_command().empty()) {
    map.Fail(map.Has("undo") ? "undo" : "undo_command",
             "\"undo: command\" and \"undo_command\" need each other");
  }
}

void ReadResources(MapReader& map, plv1::Step* step) {
  map.Optional("token", step->mutable_token());
  const std::string& token = step->token();
  const bool plain = std::all_of(token.begin(), token.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (!plain || token.size() > kTokenNameBytesMax) {
    map.Fail("token",
             fmt::format("use 1 to {} lower-case letters, digits, dashes", kTokenNameBytesMax));
  }
  bool lock = false;
  map.Optional("installer_lock", &lock);
  step->set_installer_lock(lock);
  ReadScriptText(map, "requires", step->mutable_requires_script());
}

}  // namespace

ItemSpec ReadItem(const YAML::Node& node, MapReader& map, Reading* reading) {
  ItemSpec item;
  item.place = reading->PlaceOf(node);
  plv1::Step step;
  ReadId(map, "id", &item.id);
  map.Required("name", &item.display_name);
  if (item.display_name.size() > kNameBytesMax) map.Fail("name", "too long");
  ReadPlace(map, &item);
  item.after = ReadMentions(map, "after", reading);
  item.group = ReadMention(map, "group", reading);
  ReadTimes(map, &item, &step);
  ReadExitCodes(map, reading, &step);
  ReadRestarts(map, &step);
  ReadUndo(map, &step);
  ReadResources(map, &step);
  ReadInputs(map, reading, &step);
  step.set_user_context(item.context == Context::kUser);
  // A blocking script must be able to verify, which its reader has to know.
  step.set_gating(static_cast<progress::v1::Gating>(item.gating));
  ReadStepKind(map, node, reading, &step);
  step.clear_gating();
  step.set_item_id(item.id);
  step.set_display_name(item.display_name);
  item.step = ToBytes(step.SerializeAsString());
  return item;
}

}  // namespace preseal::server
