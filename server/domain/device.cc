// SPDX-License-Identifier: Apache-2.0
#include "server/domain/device.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace preseal::server {
namespace {

// Lower case, letters and digits only: "To Be Filled By O.E.M." and its spellings meet.
std::string Fold(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) out += static_cast<char>(std::tolower(byte));
  }
  return out;
}

constexpr std::array<std::string_view, 20> kJunk = {
    "tobefilledbyoem",
    "defaultstring",
    "none",
    "na",
    "notapplicable",
    "notspecified",
    "notavailable",
    "notset",
    "unknown",
    "systemserialnumber",
    "serialnumber",
    "chassisserialnumber",
    "baseboardserialnumber",
    "invalid",
    "empty",
    "oem",
    "null",
    "unspecified",
    "test",
    "123456789",
};

// In which states such a device could make the move: what to wait for, or to do first.
std::string WhenPossible(LifecycleEvent event, const Device& device) {
  std::string states;
  for (const DeviceState state : kAllDeviceStates) {
    if (!NextState(state, event, FactsOf(device))) continue;
    states += (states.empty() ? "possible in " : ", ") + std::string(NameOf(state));
  }
  return states.empty() ? "not possible now" : states;
}

}  // namespace

Status Advance(LifecycleEvent event, WallTime now, Device* device) {
  const auto next = NextState(device->state, event, FactsOf(*device));
  if (!next) {
    return FailedPrecondition(
        fmt::format("{} is {}: \"{}\" is {}", device->id.empty() ? "device" : device->id.text(),
                    NameOf(device->state), NameOf(event), WhenPossible(event, *device)));
  }
  if (*next != device->state) {
    device->state = *next;
    device->state_time = now;
  }
  if (*next != DeviceState::kFailed && *next != DeviceState::kBlocked) device->failure = {};
  return OkStatus();
}

void SetProgress(std::span<const Item> items, Device* device) {
  const ProgressSummary sum = Summarise(items);
  device->phase = sum.phase;
  device->item_name = sum.item_name;
  device->items_done = sum.items_done;
  device->items_total = sum.items_total;
  device->percent = sum.percent;
  device->blocking_satisfied = sum.blocking_satisfied;
}

std::string NormaliseSerial(std::string_view serial) {
  const auto is_space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!serial.empty() && is_space(serial.front())) serial.remove_prefix(1);
  while (!serial.empty() && is_space(serial.back())) serial.remove_suffix(1);
  return std::string(serial);
}

bool IsJunkSerial(std::string_view serial) {
  const std::string folded = Fold(serial);
  if (folded.empty()) return true;
  if (std::find(kJunk.begin(), kJunk.end(), folded) != kJunk.end()) return true;
  // "0", "0000", "xxxxxxxx", "1111": one character repeated says nothing.
  return std::all_of(folded.begin(), folded.end(), [&](char c) { return c == folded[0]; });
}

}  // namespace preseal::server
