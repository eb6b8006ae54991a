// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/simulated_device.h"

#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <filesystem>

#include "common/files/files.h"
#include "tests/sim/measured_boot.h"

namespace preseal::sim {
namespace {

constexpr mode_t kFile = 0644;
constexpr auto kToolTimeout = std::chrono::seconds(20);
constexpr auto kKillWithin = std::chrono::seconds(10);
// Only has to be named: the agent below is started by hand, not by the unit the seal lays down.
constexpr char kTargetAgent[] = "/usr/bin/preseal-agent";

}  // namespace

Status SimulatedDevice::Boot() {
  PowerOff();
  ASSIGN_OR_RETURN(tpm_, test::Swtpm::Start(home_ + "/tpm", home_ + "/tpm.sock"));
  RETURN_IF_ERROR(MeasureBoot(tpm_->tcti(), home_ + "/event.log"));
  ++boots_;
  return files::WriteAtomic(home_ + "/boot-id",
                            AsBytes(fmt::format("boot-{}-of-{}\n", boots_, slot_)), kFile);
}

Status SimulatedDevice::ShutDown() {
  KillAgent();
  process::Command command{.argv = {"tpm2_shutdown", "--clear"},
                           .environment = process::MinimalEnvironment(),
                           .timeout = kToolTimeout};
  command.environment.push_back("TPM2TOOLS_TCTI=" + tpm_->tcti());
  ASSIGN_OR_RETURN(const auto run, process::RunAndCapture(command));
  PowerOff();
  if (run.ending.Succeeded()) return OkStatus();
  return Internal("tpm2_shutdown failed: " + run.error);
}

Status SimulatedDevice::StartAgent(std::vector<std::string> argv, const char* answers,
                                   const char* log) {
  argv.insert(argv.begin(), launcher_.begin(), launcher_.end());
  const std::string file = home_ + "/" + answers;
  if (std::filesystem::exists(file)) argv.insert(argv.end(), {"--answers", file});
  argv.insert(argv.end(), {"--target-root", home_ + "/target", "--boot-id-file", home_ + "/boot-id",
                           "--dmi-dir", home_ + "/dmi", "--restart", "exit", "--console", "plain"});
  ASSIGN_OR_RETURN(agent_, process::Child::Start({.argv = std::move(argv),
                                                  .environment = process::OwnEnvironment(),
                                                  .output_file = home_ + "/" + log}));
  return OkStatus();
}

Status SimulatedDevice::StartBenchAgent(const BenchNetwork& network,
                                        const std::vector<std::string>& more) {
  const std::string& station = network.station_folder;
  std::vector<std::string> argv = {network.agent,
                                   "run",
                                   "--enrollment-endpoint",
                                   network.enrollment_endpoint,
                                   "--device-endpoint",
                                   network.device_endpoint,
                                   "--server-ca",
                                   station + "/server-ca.crt",
                                   "--station-cert",
                                   station + "/station.crt",
                                   "--station-key",
                                   station + "/station.key",
                                   "--state-dir",
                                   home_ + "/state",
                                   "--tcti",
                                   tpm_->tcti(),
                                   "--event-log",
                                   home_ + "/event.log",
                                   "--slot",
                                   fmt::format("A{}", slot_),
                                   "--target-agent",
                                   kTargetAgent,
                                   "--power-off",
                                   "exit"};
  argv.insert(argv.end(), more.begin(), more.end());
  return StartAgent(std::move(argv), kBenchAnswers, kTechnicianLog);
}

Status SimulatedDevice::StartUserAgent(const std::string& agent) {
  const std::string state = home_ + "/target/var/lib/preseal/agent";
  return StartAgent({agent, "run", "--config", state + "/agent.conf", "--state-dir", state,
                     "--event-log", home_ + "/event.log"},
                    kUserAnswers, kUserLog);
}

void SimulatedDevice::KillAgent() {
  if (!agent_) return;
  agent_->Signal(SIGKILL);
  (void)agent_->Wait(kKillWithin);
  agent_.reset();
}

void SimulatedDevice::PowerOff() {
  KillAgent();
  tpm_.reset();
}

}  // namespace preseal::sim
