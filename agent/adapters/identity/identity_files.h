// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "agent/service/enrollment/identity_store.h"

namespace preseal::agent {

// IdentityStore in three files of one folder, each 0600, written beside, synced and renamed:
//   key-uniques.json   {"version":1,"ak":HEX,"device_key":HEX}
//   identity.json      {"version":1,"device_id":…,"lab":…,"server_names":[…],
//                       "certificate_chain_pem":…}: the one that counts
//   device-chain.pem   the same chain for other tools; never read here
// Unknown fields are ignored; another version is DATA_LOSS. Not thread-safe; one process at a time.
class IdentityFiles final : public IdentityStore {
 public:
  // Makes `directory` (0700) if it is not there. Errors as preseal::files.
  static StatusOr<std::unique_ptr<IdentityFiles>> Open(const std::string& directory);

  StatusOr<KeyUniques> LoadOrCreateUniques() override;
  StatusOr<std::optional<DeviceIdentity>> Load() override;
  Status Save(const DeviceIdentity& identity) override;

 private:
  explicit IdentityFiles(const std::string& directory)
      : uniques_file_(directory + "/key-uniques.json"),
        identity_file_(directory + "/identity.json"),
        chain_file_(directory + "/device-chain.pem") {}
  StatusOr<KeyUniques> CreateUniques();

  const std::string uniques_file_;
  const std::string identity_file_;
  const std::string chain_file_;
};

}  // namespace preseal::agent
