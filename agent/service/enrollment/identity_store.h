// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/status/status.h"

namespace preseal::agent {

// What the device is after enrolment. The private key is not here: it never leaves the TPM.
struct DeviceIdentity {
  std::string device_id;              // D-1042
  std::string certificate_chain_pem;  // LDevID first, then its issuers
  bool lab = false;                   // attested through a lab root
  // DNS names and addresses of the server that enrolled it, from that server's certificate.
  std::vector<std::string> server_names;
  uint32_t device_key_handle = 0;  // where the TPM keeps the private key
  bool quarantined = false;        // admitted to the quarantine profile only
  bool operator==(const DeviceIdentity&) const = default;
};

// Unique fields of the key templates, kKeyUniqueBytes each. Not secret: they only let the TPM make
// the same key again.
struct KeyUniques {
  Bytes ak;
  Bytes device_key;
  bool operator==(const KeyUniques&) const = default;
};

// The agent's memory of who it is; survives a power cut at any point.
// Errors: DATA_LOSS a file is damaged (named; removing it means enrolling again);
// RESOURCE_EXHAUSTED the disk is full; PERMISSION_DENIED; INTERNAL otherwise.
class IdentityStore {
 public:
  virtual ~IdentityStore() = default;
  // Random ones on the first call, the same ever after.
  virtual StatusOr<KeyUniques> LoadOrCreateUniques() = 0;
  // Nothing if the device is not enrolled.
  virtual StatusOr<std::optional<DeviceIdentity>> Load() = 0;
  // Replaces the old identity whole.
  virtual Status Save(const DeviceIdentity& identity) = 0;
};

}  // namespace preseal::agent
