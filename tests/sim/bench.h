// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/status/status.h"
#include "tests/sim/bench_plan.h"
#include "tests/sim/manufacture.h"
#include "tests/sim/simulated_device.h"

namespace preseal::sim {

struct BenchOptions {
  BenchFolder folder;
  BenchNetwork network;
};

// A bench of powered devices: each a software TPM and a real agent process, nothing else shared.
// Everything dies with this object and with this process. Not thread-safe; use it on the thread
// that made it.
class Bench {
 public:
  Bench(BenchOptions options, std::vector<DeviceSpec> specs)
      : options_(std::move(options)), specs_(std::move(specs)) {}

  // Powers every device on. Internal if a TPM or an agent does not start.
  Status PowerOn();
  // Looks at each device once. An agent that ended by itself after its seal has powered its device
  // off; one that asked for a restart gets another boot; one that ended otherwise is started again,
  // as a technician would. A device that is off and whose folder holds kUserAnswers has been
  // delivered: its user switches it on. Returns how many are on.
  StatusOr<int> Look();

 private:
  enum class Stage { kBench, kSealed, kUser, kInService };
  struct Place {
    DeviceSpec spec;
    SimulatedDevice device;
    Stage stage = Stage::kBench;
    int starts = 0;  // that nobody had asked for
    bool lost_power = false;
  };
  Status StartAgent(Place& place);
  Status SwitchOn(Place& place);
  // What follows from the end of its agent.
  Status Follow(Place& place);
  bool IsOn(const Place& place) const;

  const BenchOptions options_;
  const std::vector<DeviceSpec> specs_;
  std::vector<Place> places_;
};

}  // namespace preseal::sim
