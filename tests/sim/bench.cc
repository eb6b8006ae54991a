// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/bench.h"

#include <fmt/format.h>

#include <chrono>

#include "common/log/log.h"
#include "tests/sim/measured_boot.h"

namespace preseal::sim {
namespace {

constexpr int kStartsMax = 10;

}  // namespace

Status Bench::PowerOn() {
  for (const DeviceSpec& spec : specs_) {
    Device& device = devices_.emplace_back();
    device.spec = spec;
    RETURN_IF_ERROR_CTX(PowerOnDevice(device), spec.serial_number);
  }
  return OkStatus();
}

Status Bench::PowerOnDevice(Device& device) {
  const std::string home = options_.folder.device(device.spec.slot);
  ASSIGN_OR_RETURN(device.tpm, test::Swtpm::Start(home + "/tpm", home + "/tpm.sock"));
  RETURN_IF_ERROR(MeasureBoot(device.tpm->tcti(), home + "/event.log"));
  ASSIGN_OR_RETURN(device.agent, StartAgent(device));
  device.starts = 1;
  return OkStatus();
}

StatusOr<std::unique_ptr<process::Child>> Bench::StartAgent(const Device& device) const {
  const std::string home = options_.folder.device(device.spec.slot);
  const std::string& station = options_.station_folder;
  return process::Child::Start({.argv = {options_.agent,
                                         "run",
                                         "--enrollment-endpoint",
                                         options_.enrollment_endpoint,
                                         "--device-endpoint",
                                         options_.device_endpoint,
                                         "--server-ca",
                                         station + "/server-ca.crt",
                                         "--station-cert",
                                         station + "/station.crt",
                                         "--station-key",
                                         station + "/station.key",
                                         "--state-dir",
                                         home + "/state",
                                         "--tcti",
                                         device.tpm->tcti(),
                                         "--event-log",
                                         home + "/event.log",
                                         "--target-root",
                                         home + "/target",
                                         "--dmi-dir",
                                         home + "/dmi",
                                         "--slot",
                                         fmt::format("A{}", device.spec.slot),
                                         "--power-off",
                                         "exit",
                                         "--restart",
                                         "exit",
                                         "--console",
                                         "plain"},
                                .environment = process::OwnEnvironment(),
                                .output_file = home + "/agent.log"});
}

StatusOr<int> Bench::Look() {
  int on = 0;
  for (Device& device : devices_) {
    if (device.off) continue;
    if (device.agent->Running()) {
      ++on;
      continue;
    }
    ASSIGN_OR_RETURN(const auto ending, device.agent->Wait(std::chrono::milliseconds(0)));
    if (ending.Succeeded()) {
      device.off = true;
      device.agent.reset();
      device.tpm->Kill();
      continue;
    }
    log::Warning("agent ended", {{"serial", device.spec.serial_number},
                                 {"exit_code", ending.exit_code},
                                 {"signal", ending.signal}});
    if (device.starts++ >= kStartsMax) {
      return Internal(device.spec.serial_number + ": the agent ends again and again, see its log");
    }
    ASSIGN_OR_RETURN(device.agent, StartAgent(device));
    ++on;
  }
  return on;
}

}  // namespace preseal::sim
