// SPDX-License-Identifier: Apache-2.0
// Reads everything of a profile but its items.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common/base/limits.h"
#include "server/adapters/profile/reading.h"
#include "server/domain/profile/name_template.h"

namespace preseal::server {

using yaml::MapReader;

namespace {

constexpr int64_t kInFlightMax = kStepsInFlightMax;

// RFC 1035, "Preferred name syntax", as far as the agent asks for it.
bool IsDomain(std::string_view domain) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-';
  };
  return !domain.empty() && domain.size() <= kDnsNameBytesMax && domain[0] != '-' &&
         domain[0] != '.' && std::all_of(domain.begin(), domain.end(), allowed);
}

void ReadEsp(MapReader& profile, Reading* reading, EspSettings* esp) {
  const auto node = profile.Child("esp");
  if (!node) return;
  MapReader map(*node, reading->mistakes);
  map.Optional("show_progress", &esp->show_progress);
  map.Optional("timeout", kEspTimeoutMax, &esp->timeout);
  ReadText(map, "error_message", kErrorMessageCharsMax, &esp->error_message);
  map.Optional("allow_log_collection", &esp->allow_log_collection);
  map.Optional("only_out_of_box", &esp->only_out_of_box);
  map.Optional("install_quality_updates", &esp->install_quality_updates);
  map.Optional("block_use", &esp->block_use);
  map.Optional("allow_reset", &esp->allow_reset);
  map.Optional("allow_use_on_error", &esp->allow_use_on_error);
  map.Optional("block_retry", &esp->block_retry);
  esp->blocking_items = ReadMentions(map, "blocking_items", reading);
  if (esp->blocking_items.size() > kBlockingItemsMax) {
    map.Fail("blocking_items", fmt::format("at most {} items can block", kBlockingItemsMax));
  }
  map.Optional("only_fail_selected", &esp->only_fail_selected);
  (void)map.Finish();
}

void ReadOutOfBox(MapReader& profile, Reading* reading, OutOfBox* out) {
  const auto node = profile.Child("out_of_box");
  if (!node) return;
  MapReader map(*node, reading->mistakes);
  ReadText(map, "language", kLanguageBytesMax, &out->language);
  ReadText(map, "keyboard", kKeyboardBytesMax, &out->keyboard);
  map.Optional("hide_privacy", &out->hide_privacy);
  map.Optional("hide_licence", &out->hide_licence);
  map.Optional("standard_user", &out->standard_user);
  map.Optional("skip_keyboard", &out->skip_keyboard);
  map.Optional("skip_network", &out->skip_network);
  ReadText(map, "licence_text", kErrorMessageCharsMax, &out->licence_text);
  ReadText(map, "privacy_text", kErrorMessageCharsMax, &out->privacy_text);
  (void)map.Finish();
}

void ReadJoin(MapReader& profile, Reading* reading, JoinSettings* join) {
  const auto node = profile.Child("join");
  if (!node) return;
  MapReader map(*node, reading->mistakes);
  ReadId(map, "provider", &join->provider);
  map.Required("domain", &join->domain);
  if (!join->domain.empty() && !IsDomain(join->domain)) {
    map.Fail("domain", "a domain is a DNS name such as corp.example");
  }
  (void)map.Finish();
}

void ReadGroups(MapReader& profile, Reading* reading, std::vector<StepGroup>* groups) {
  std::set<std::string> names;
  for (const YAML::Node& node : ReadList(profile, "groups", kPlanGroupsMax, reading)) {
    MapReader map(node, reading->mistakes);
    StepGroup group;
    group.place = reading->PlaceOf(node);
    ReadId(map, "name", &group.name);
    if (!names.insert(group.name).second) map.Fail("name", "this group comes twice");
    int64_t in_flight = 0;
    map.Optional("max_in_flight", 1, kInFlightMax, &in_flight);
    group.max_in_flight = static_cast<uint32_t>(in_flight);
    size_t on_failure = 0;
    map.Choice("on_failure", {"default", "next", "leave-group", "stop", "hold"}, &on_failure);
    group.on_failure = static_cast<StepGroup::OnFailure>(on_failure);
    group.after = ReadMentions(map, "after", reading);
    map.Optional("teardown", &group.teardown);
    (void)map.Finish();
    groups->push_back(std::move(group));
  }
}

void ReadTemplate(MapReader& map, Reading* reading, ProfileSettings* settings) {
  const auto node = map.Child("name_template");
  if (!node) return;
  if (!node->IsScalar()) return reading->Fail(*node, "\"name_template\" must be one value");
  settings->name_template = node->Scalar();
  const auto parsed = NameTemplate::Parse(settings->name_template, settings->join.hybrid());
  if (const auto* mistake = std::get_if<NameTemplate::Mistake>(&parsed)) {
    reading->mistakes->AddInside(*node, mistake->column, mistake->message);
  }
}

void ReadPhaseLimits(MapReader& map, ProfileSettings* settings) {
  map.Optional("device_setup_timeout", kEspTimeoutMax, &settings->device_setup_timeout);
  map.Optional("account_setup_timeout", kEspTimeoutMax, &settings->account_setup_timeout);
  for (const auto& [key, limit] :
       {std::pair("device_setup_timeout", settings->device_setup_timeout),
        std::pair("account_setup_timeout", settings->account_setup_timeout)}) {
    if (limit > settings->esp.timeout) {
      map.Fail(key, fmt::format("\"{}\" is longer than esp.timeout, which is for all phases", key));
    }
  }
  int64_t reboots = kRunRebootsDefault;
  map.Optional("reboots_max", 0, kRunRebootsMax, &reboots);
  settings->reboots_max = static_cast<uint32_t>(reboots);
}

}  // namespace

ProfileSettings ReadSettings(MapReader& map, bool short_form, Reading* reading) {
  ProfileSettings settings;
  // Windows Autopilot's default for profiles made from now on is Yes, for older ones No; and a file
  // without `kind` has always been for the technician flow.
  settings.esp.install_quality_updates = !short_form;
  settings.preprovisioning_allowed = short_form;
  ReadId(map, "name", &settings.id);
  ReadText(map, "description", kDescriptionCharsMax, &settings.description);
  map.Optional("preprovisioning_allowed", &settings.preprovisioning_allowed);
  size_t mode = 0;
  map.Choice("mode", {"user-driven", "self-deploying"}, &mode);
  settings.mode = mode == 0 ? Mode::kUserDriven : Mode::kSelfDeploying;
  ReadJoin(map, reading, &settings.join);
  if (settings.join.hybrid() && settings.mode == Mode::kSelfDeploying) {
    map.Fail("mode", "a self-deploying device has no user, so it cannot join a directory hybrid");
  }
  ReadTemplate(map, reading, &settings);
  ReadEsp(map, reading, &settings.esp);
  ReadOutOfBox(map, reading, &settings.out_of_box);
  ReadGroups(map, reading, &settings.step_groups);
  ReadPhaseLimits(map, &settings);
  return settings;
}

}  // namespace preseal::server
