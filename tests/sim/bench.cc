// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/bench.h"

#include <fmt/format.h>

#include <chrono>
#include <vector>

#include "common/base/bytes.h"
#include "common/files/files.h"
#include "common/log/log.h"
#include "server/domain/event_log/event_log.h"
#include "tests/support/event_log_builder.h"

namespace preseal::sim {
namespace {

constexpr int kStartsMax = 10;
constexpr mode_t kLogFile = 0644;
constexpr auto kToolTimeout = std::chrono::seconds(20);

// What firmware and boot loader would have measured before the agent runs: the same events go into
// the TPM and into the log the agent reads.
Status MeasureBoot(const std::string& tcti, const std::string& log_file) {
  test::EventLogBuilder boot({server::kBankSha256});
  boot.SecureBootBoot();
  // swtpm starts its TPM in locality 0, and then no event says so.
  std::erase_if(boot.events(), [](const auto& e) { return e.type == server::kEvNoAction; });
  const Bytes log = boot.Build();
  RETURN_IF_ERROR(files::WriteAtomic(log_file, log, kLogFile));
  process::Command command{.argv = {"tpm2_pcrextend"},
                           .environment = process::MinimalEnvironment(),
                           .timeout = kToolTimeout};
  command.environment.push_back("TPM2TOOLS_TCTI=" + tcti);
  for (const server::LoggedEvent& event : server::ParseEventLog(log).events) {
    if (event.type == server::kEvNoAction) continue;
    command.argv.push_back(fmt::format("{}:sha256={}", event.pcr,
                                       ToHex(event.FindDigest(server::kBankSha256)->value)));
  }
  ASSIGN_OR_RETURN(const auto run, process::RunAndCapture(command));
  if (run.ending.Succeeded()) return OkStatus();
  return Internal("tpm2_pcrextend failed: " + run.error);
}

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
