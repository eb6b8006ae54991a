// SPDX-License-Identifier: Apache-2.0
// A whole floor for one test: the server's program with its own authorities and database, software
// TPMs made by a lab authority the server trusts, agents as programs. Everything lies in one
// temporary folder, listens on loopback only and dies with the object.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/process/process.h"
#include "common/status/status.h"
#include "tests/sim/simulated_device.h"
#include "tests/support/floor_api.h"
#include "tests/support/swtpm.h"
#include "tests/support/temp_dir.h"

namespace preseal::test {

struct FloorOptions {
  std::string profile;  // YAML of the only deployment profile; name: test
  int devices = 1;      // slots 1, 2, … with serial numbers SIM-0001, SIM-0002, …
  bool import_devices = true;
  std::vector<int> untrusted;  // slots whose TPM is by nobody the server knows
  std::string assigned_user;   // of every device
  std::string config;          // more lines for preseal.yaml
  // What the server's authorities are made through, as SimulatedDevice::set_launcher.
  std::vector<std::string> init_through;
};

// Not thread-safe; use and drop it on the thread that made it (its processes end with that thread).
class TestFloor {
 public:
  static constexpr auto kDeadline = std::chrono::seconds(60);

  // Manufactures the devices, sets the server up and starts it, logs an administrator in, imports
  // the devices under PO-7 and powers their TPMs. Agents are not started. Any error is the test's.
  static StatusOr<std::unique_ptr<TestFloor>> Open(const FloorOptions& options);

  // Returns when the ports are open; after the first time they are the same ports.
  // FailedPrecondition with the last words of the server's log if it ends instead.
  Status StartServer();
  void KillServer();                       // SIGKILL, as a power cut
  StatusOr<process::Ending> StopServer();  // SIGTERM
  void HangUpServer();                     // SIGHUP
  // One sub-command of the server's program to its end, e.g. {"renew"}; --config is added.
  StatusOr<process::Captured> ServerCommand(const std::vector<std::string>& arguments,
                                            std::vector<std::string> launcher = {}) const;

  // The operators' command line to its end, e.g. {"documents", "list"}, as the person of api().
  StatusOr<process::Captured> Preseal(std::vector<std::string> arguments) const;

  Status StartAgent(int slot, const std::vector<std::string>& more = {});
  // See SimulatedDevice::set_launcher.
  void StartAgentsThrough(int slot, std::vector<std::string> launcher) {
    device(slot).set_launcher(std::move(launcher));
  }
  void KillAgent(int slot) { device(slot).KillAgent(); }  // state folder and TPM stay
  process::Child* agent(int slot) { return device(slot).agent(); }
  Swtpm& tpm(int slot) { return *device(slot).tpm(); }
  // Waits until the agent has ended with `exit_code`.
  Status WaitForEnd(int slot, int exit_code);
  // Power off and on, with another boot id; no agent runs after it.
  Status Reboot(int slot);                                   // in order
  Status CutPower(int slot) { return device(slot).Boot(); }  // not
  // The agent that the seal armed, on a device that was started again since. `answers`:
  // docs/user-flow.md.
  Status StartUserAgent(int slot, const std::string& answers);

  FloorApi& api() { return *api_; }
  std::string name(int slot) const { return bench_.at(Index(slot)).name; }  // devices/D-1001
  StatusOr<fleet::v1::Device> Device(int slot);  // as the API shows it, with its items
  // Looks again and again until `condition` holds; DeadlineExceeded after kDeadline says how the
  // device stood and what its agent last said.
  StatusOr<fleet::v1::Device> WaitFor(
      int slot, const std::string& what,
      const std::function<bool(const fleet::v1::Device&)>& condition);
  StatusOr<fleet::v1::Device> WaitForState(int slot, lifecycle::v1::DeviceState state);

  std::string home(int slot) const;  // dmi, target, tpm, state and agent.log of a device
  std::string File(const std::string& name) const { return dir_.File(name); }
  std::string state_dir() const { return dir_.File("state"); }
  std::string config_file() const { return dir_.File("preseal.yaml"); }
  std::string server_log() const { return dir_.File("server.log"); }
  std::string device_endpoint() const;
  std::string enrollment_endpoint() const;
  uint16_t device_port() const { return ports_.device; }
  uint16_t enrollment_port() const { return ports_.enrollment; }
  uint16_t api_port() const { return ports_.api; }
  uint16_t web_port() const { return ports_.web; }

 private:
  struct Ports {
    uint16_t device = 0;
    uint16_t enrollment = 0;
    uint16_t api = 0;
    uint16_t web = 0;
  };
  struct BenchPlace {
    std::string name;  // devices/D-1001, known after the import
    std::unique_ptr<sim::SimulatedDevice> device;
  };
  TestFloor() = default;
  static size_t Index(int slot) { return static_cast<size_t>(slot) - 1; }
  Status Build(const FloorOptions& options);
  Status WriteConfig() const;
  sim::SimulatedDevice& device(int slot) { return *bench_.at(Index(slot)).device; }
  Status ReadPorts();
  Status Import();

  TempDir dir_;
  Ports ports_;
  std::string bearer_;
  FloorOptions options_;
  std::unique_ptr<process::Child> server_;
  std::unique_ptr<FloorApi> api_;
  std::vector<BenchPlace> bench_;
};

// Looks at `condition` until it is true. DeadlineExceeded names `what`.
Status WaitUntil(const std::string& what, std::chrono::milliseconds limit,
                 const std::function<bool()>& condition);

// The end of a file, for messages; empty if there is none.
std::string LastWords(const std::string& file);

}  // namespace preseal::test
