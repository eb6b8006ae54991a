// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace preseal::sim {

// One simulated device: what it is and what will go wrong with it.
struct DeviceSpec {
  int slot = 0;               // 1, 2, …
  std::string serial_number;  // "SIM-0001"
  bool untrusted_ek = false;  // its EK certificate is by an authority the server does not know
  bool fails_once = false;    // its burn-in finds a fault the first time
};

// `count` devices. Slots in `untrusted` and `fail_once` get those faults.
std::vector<DeviceSpec> PlanBench(int count, const std::vector<int>& untrusted,
                                  const std::vector<int>& fail_once);

inline constexpr char kManufacturer[] = "Preseal Simulation";
inline constexpr char kModel[] = "Bench Device 1";

}  // namespace preseal::sim
