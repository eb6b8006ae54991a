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
  bool lacks_reader = false;  // the card reader the demo profile looks for is not built in
  bool asks_person = false;   // nobody answers its questions beforehand
  bool loses_power = false;   // once, after its first step was applied
};

// Slots with faults of their own.
struct BenchFaults {
  std::vector<int> untrusted;
  std::vector<int> fail_once;
  std::vector<int> lack_reader;
  std::vector<int> ask_person;
  std::vector<int> lose_power;
};

// `count` devices with these faults.
std::vector<DeviceSpec> PlanBench(int count, const BenchFaults& faults);

// What their firmware says.
inline constexpr char kManufacturer[] = "Preseal Simulation";
inline constexpr char kModel[] = "Bench Device 1";

}  // namespace preseal::sim
