// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/bench_plan.h"

#include <fmt/format.h>

#include <algorithm>

namespace preseal::sim {

std::vector<DeviceSpec> PlanBench(int count, const BenchFaults& faults) {
  const auto holds = [](const std::vector<int>& slots, int slot) {
    return std::find(slots.begin(), slots.end(), slot) != slots.end();
  };
  std::vector<DeviceSpec> bench;
  for (int slot = 1; slot <= count; ++slot) {
    bench.push_back({.slot = slot,
                     .serial_number = fmt::format("SIM-{:04}", slot),
                     .untrusted_ek = holds(faults.untrusted, slot),
                     .fails_once = holds(faults.fail_once, slot),
                     .lacks_reader = holds(faults.lack_reader, slot),
                     .asks_person = holds(faults.ask_person, slot),
                     .loses_power = holds(faults.lose_power, slot)});
  }
  return bench;
}

}  // namespace preseal::sim
