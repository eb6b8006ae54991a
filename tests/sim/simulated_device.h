// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/process/process.h"
#include "common/status/status.h"
#include "tests/support/swtpm.h"

namespace preseal::sim {

// Where an agent on the bench finds its server.
struct BenchNetwork {
  std::string agent;                // preseal-agent
  std::string station_folder;       // station.crt, station.key, server-ca.crt
  std::string enrollment_endpoint;  // host:port
  std::string device_endpoint;
};

// The file with answers for the bench (docs/user-flow.md), and the one whose being there means that
// the device is in its user's hands.
inline constexpr char kBenchAnswers[] = "bench-answers.yaml";
inline constexpr char kUserAnswers[] = "user-answers.yaml";
inline constexpr char kTechnicianLog[] = "agent.log";
inline constexpr char kUserLog[] = "user.log";

// A machine: a software TPM, a disk and one agent at a time, in a folder that Manufacture made.
// Power goes and comes for all of it at once. Not thread-safe; its processes end with the thread
// that started them.
class SimulatedDevice {
 public:
  SimulatedDevice(std::string home, int slot) : home_(std::move(home)), slot_(slot) {}

  // What agents are started through from now on, as `nice` is: it takes their command line as its
  // last arguments and becomes them. Empty: nothing.
  void set_launcher(std::vector<std::string> argv) { launcher_ = std::move(argv); }

  // Power on: the TPM starts, a boot is measured, the boot id is another. What still runs loses its
  // power first. Internal if the TPM does not come up.
  Status Boot();
  // Down as an operating system goes down: the TPM is told, then the power goes. A TPM that is not
  // told says of its clock for a while that it may have gone back, and is not sealed.
  Status ShutDown();
  // The agent of the imaging medium; with kBenchAnswers if there is such a file. `more`: options.
  Status StartBenchAgent(const BenchNetwork& network, const std::vector<std::string>& more = {});
  // The agent that the seal armed, at its first boot; with kUserAnswers.
  Status StartUserAgent(const std::string& agent);
  // As pulling the plug: nothing is flushed.
  void PowerOff();
  // The agent alone dies.
  void KillAgent();

  // Null before the first start and without power.
  process::Child* agent() { return agent_.get(); }
  test::Swtpm* tpm() { return tpm_.get(); }
  const std::string& home() const { return home_; }
  uint32_t boots() const { return boots_; }

 private:
  Status StartAgent(std::vector<std::string> argv, const char* answers, const char* log);

  const std::string home_;
  const int slot_;
  uint32_t boots_ = 0;
  std::vector<std::string> launcher_;
  std::unique_ptr<test::Swtpm> tpm_;
  std::unique_ptr<process::Child> agent_;
};

}  // namespace preseal::sim
