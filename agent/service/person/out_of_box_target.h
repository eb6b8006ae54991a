// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/status/status.h"

namespace preseal::agent {

// What the first boot must remember over a restart. No secret among it.
struct SetupMemory {
  std::string language;  // BCP 47
  std::string keyboard;  // XKB layout
  bool licence_accepted = false;
  bool privacy_seen = false;
  std::string username;  // who is signed in

  bool operator==(const SetupMemory&) const = default;
};

// The device's own system, as the pages of the first boot change it. One caller at a time.
// ResourceExhausted: disk full; FailedPrecondition: a path leaves the target; DataLoss: the memory
// is damaged.
class OutOfBoxTarget {
 public:
  virtual ~OutOfBoxTarget() = default;
  // Nothing remembered: an empty one.
  virtual StatusOr<SetupMemory> Load() = 0;
  virtual Status Save(const SetupMemory& memory) = 0;
  //   language  accepted by IsLanguage
  virtual Status SetLanguage(const std::string& language) = 0;
  //   layout  accepted by IsKeyboard
  virtual Status SetKeyboard(const std::string& layout) = 0;
  //   name  SSID, at most kWirelessNameBytesMax
  //   key   WPA passphrase, kWirelessKeyBytesMin to kWirelessKeyBytesMax; empty: an open network.
  // InvalidArgument if either is not so.
  virtual Status AddWireless(const std::string& name, const std::string& key) = 0;
};

}  // namespace preseal::agent
