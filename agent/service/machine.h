// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/status/status.h"

namespace preseal::agent {

// As the firmware and the kernel tell it; what is missing is empty. UTF-8, within kSerialBytesMax
// and kNameBytesMax.
struct MachineFacts {
  std::string serial_number;
  std::string manufacturer;
  std::string model;
  std::string sku;  // the maker's order number of this configuration
  std::string system_uuid;
  std::vector<std::string> mac_addresses;  // of physical interfaces, lower case with colons, sorted
};

// The machine the agent runs on. Thread-safe. PERMISSION_DENIED if the agent lacks rights.
class Machine {
 public:
  virtual ~Machine() = default;
  virtual StatusOr<MachineFacts> ReadFacts() = 0;
  // TCG event log of this boot, empty if the kernel has none. INVALID_ARGUMENT if it is longer
  // than kEventLogBytesMax.
  virtual StatusOr<Bytes> ReadEventLog() = 0;
};

}  // namespace preseal::agent
