// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/status/status.h"
#include "tests/sim/bench_plan.h"

namespace preseal::sim {

// Where a bench lies on disk:
//   ek-root.pem       the authority behind the EK certificates; the server's lab root
//   devices.csv       for `preseal import`
//   device-N/tpm      swtpm state; device-N/dmi  what firmware would tell; device-N/target  the
//   disk
struct BenchFolder {
  std::string path;

  std::string ek_root() const { return path + "/ek-root.pem"; }
  std::string csv() const { return path + "/devices.csv"; }
  std::string device(int slot) const { return path + "/device-" + std::to_string(slot); }
};

// Builds every device of the bench: a TPM with keys and certificates, serial number, empty disk.
// About 0.7 s a device and core. Internal with the tool's words if a tool fails; ResourceExhausted
// if the disk is full.
Status Manufacture(const BenchFolder& folder, const std::vector<DeviceSpec>& bench);

}  // namespace preseal::sim
