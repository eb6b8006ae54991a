// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/process/process.h"
#include "common/status/status.h"
#include "tests/sim/bench_plan.h"
#include "tests/sim/manufacture.h"
#include "tests/support/swtpm.h"

namespace preseal::sim {

struct BenchOptions {
  BenchFolder folder;
  std::string agent;                // preseal-agent
  std::string station_folder;       // station.crt, station.key, server-ca.crt
  std::string enrollment_endpoint;  // host:port
  std::string device_endpoint;
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
  // Looks at each agent once: one that ended by itself after its seal has powered off, and its TPM
  // loses power too; one that ended otherwise is started again, as a technician would. Returns how
  // many are still on.
  StatusOr<int> Look();

 private:
  struct Device {
    DeviceSpec spec;
    std::unique_ptr<test::Swtpm> tpm;
    std::unique_ptr<process::Child> agent;
    bool off = false;
    int starts = 0;
  };
  Status PowerOnDevice(Device& device);
  StatusOr<std::unique_ptr<process::Child>> StartAgent(const Device& device) const;

  const BenchOptions options_;
  const std::vector<DeviceSpec> specs_;
  std::vector<Device> devices_;
};

}  // namespace preseal::sim
