// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "agent/adapters/console/console.h"
#include "agent/domain/item.h"
#include "common/log/log.h"

namespace preseal::agent {

// What a device does once it is sealed.
struct PowerOff {
  enum class Kind {
    kPowerOff,  // systemctl poweroff
    kExit,      // the process ends
    kCommand,   // /bin/sh -c `command`
  };
  Kind kind = Kind::kPowerOff;
  std::string command;
};

// How a device is restarted when the run wants it.
struct Restart {
  enum class Kind {
    kReboot,   // systemctl reboot
    kExit,     // the process ends with kExitRestart; whoever sees that starts it again
    kCommand,  // /bin/sh -c `command`, then as kExit
  };
  Kind kind = Kind::kReboot;
  std::string command;
};

// EX_TEMPFAIL of sysexits.h: start me again.
inline constexpr int kExitRestart = 75;

struct Options {
  Flow flow = Flow::kTechnician;
  std::string enrollment_endpoint;
  std::string device_endpoint;
  std::string server_ca_file;
  std::string server_name;
  std::string station_cert_file;
  std::string station_key_file;
  std::string state_directory;  // both flows have their own default

  std::string tcti = "device:/dev/tpmrm0";
  std::string target_root;  // likewise

  std::string dmi_directory;
  std::string net_directory;
  std::string event_log_file;
  std::string slot;
  std::string order_code;
  std::string boot_id_file = "/proc/sys/kernel/random/boot_id";
  std::string answers_file;  // empty: a person is asked
  // The agent's program in the target; empty: no user flow is laid down. Not given: where packages
  // put it, if it is there.
  std::optional<std::string> target_agent;
  bool input_lines = false;                 // read standard input although it is no terminal
  std::vector<std::string> collected_logs;  // of the target, absolute in it, for diagnostics
  bool metered = false;
  PowerOff power_off;
  Restart restart;
  DisplayMode display = DisplayMode::kAuto;
  log::Level log_level = log::Level::kInfo;
  std::chrono::milliseconds enroll_retry{5000};
};

// What to do after the command line was read.
struct ParsedOptions {
  bool run = false;
  int exit_code = 0;  // if not: help was shown (0), or the usage is wrong (2); all is printed
  Options options;
};
ParsedOptions ParseOptions(int argc, char** argv);

}  // namespace preseal::agent
