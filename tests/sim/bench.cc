// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/bench.h"

#include <chrono>
#include <filesystem>

#include "common/log/log.h"

namespace preseal::sim {
namespace {

constexpr int kStartsMax = 10;
constexpr int kExitRestart = 75;  // docs/user-flow.md
// Written by the demo profile's first script: something was applied, much is still to come.
constexpr char kFirstTrace[] = "/target/var/log/applied";

}  // namespace

Status Bench::PowerOn() {
  for (const DeviceSpec& spec : specs_) {
    Place& place = places_.emplace_back(
        Place{.spec = spec, .device = {options_.folder.device(spec.slot), spec.slot}});
    RETURN_IF_ERROR_CTX(SwitchOn(place), spec.serial_number);
  }
  return OkStatus();
}

Status Bench::StartAgent(Place& place) {
  if (place.stage == Stage::kUser) return place.device.StartUserAgent(options_.network.agent);
  return place.device.StartBenchAgent(options_.network);
}

Status Bench::SwitchOn(Place& place) {
  RETURN_IF_ERROR(place.device.Boot());
  return StartAgent(place);
}

bool Bench::IsOn(const Place& place) const {
  return place.stage == Stage::kBench || place.stage == Stage::kUser;
}

Status Bench::Follow(Place& place) {
  ASSIGN_OR_RETURN(const auto ending, place.device.agent()->Wait(std::chrono::milliseconds(0)));
  if (ending.Succeeded()) {
    place.stage = place.stage == Stage::kBench ? Stage::kSealed : Stage::kInService;
    return place.device.ShutDown();
  }
  if (ending.kind == process::Ending::Kind::kExited && ending.exit_code == kExitRestart) {
    RETURN_IF_ERROR(place.device.ShutDown());
    return SwitchOn(place);
  }
  log::Warning("agent ended", {{"serial", place.spec.serial_number},
                               {"exit_code", ending.exit_code},
                               {"signal", ending.signal}});
  if (place.starts++ >= kStartsMax) {
    return Internal(place.spec.serial_number + ": the agent ends again and again, see its log");
  }
  return StartAgent(place);
}

StatusOr<int> Bench::Look() {
  int on = 0;
  for (Place& place : places_) {
    const std::string& home = place.device.home();
    if (place.stage == Stage::kSealed && std::filesystem::exists(home + "/" + kUserAnswers)) {
      place.stage = Stage::kUser;
      RETURN_IF_ERROR(SwitchOn(place));
    }
    if (!IsOn(place)) continue;
    if (!place.device.agent()->Running()) RETURN_IF_ERROR(Follow(place));
    if (place.spec.loses_power && !place.lost_power &&
        std::filesystem::exists(home + kFirstTrace)) {
      place.lost_power = true;
      RETURN_IF_ERROR(SwitchOn(place));
    }
    on += IsOn(place) ? 1 : 0;
  }
  return on;
}

}  // namespace preseal::sim
