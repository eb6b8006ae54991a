// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/service/machine.h"

namespace preseal::agent {

// Where the kernel tells about the machine; other paths are for tests and simulated devices.
struct MachinePaths {
  std::string dmi_directory = "/sys/class/dmi/id";
  std::string net_directory = "/sys/class/net";
  std::string event_log_file = "/sys/kernel/security/tpm0/binary_bios_measurements";
};

// Machine from the kernel's files (SMBIOS "System Information" through sysfs). A file that is not
// there reads as empty: boards without SMBIOS exist, and the server knows what to do without a
// serial. White space around is cut, unprintable bytes are escaped, too long texts are cut.
// Thread-safe.
class DmiMachine final : public Machine {
 public:
  explicit DmiMachine(MachinePaths paths) : paths_(std::move(paths)) {}

  StatusOr<MachineFacts> ReadFacts() override;
  StatusOr<Bytes> ReadEventLog() override;

 private:
  const MachinePaths paths_;
};

}  // namespace preseal::agent
