// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/bench_plan.h"

#include <fmt/format.h>

#include <algorithm>

namespace preseal::sim {

std::vector<DeviceSpec> PlanBench(int count, const std::vector<int>& untrusted,
                                  const std::vector<int>& fail_once) {
  const auto holds = [](const std::vector<int>& slots, int slot) {
    return std::find(slots.begin(), slots.end(), slot) != slots.end();
  };
  std::vector<DeviceSpec> bench;
  for (int slot = 1; slot <= count; ++slot) {
    bench.push_back({.slot = slot,
                     .serial_number = fmt::format("SIM-{:04}", slot),
                     .untrusted_ek = holds(untrusted, slot),
                     .fails_once = holds(fail_once, slot)});
  }
  return bench;
}

}  // namespace preseal::sim
