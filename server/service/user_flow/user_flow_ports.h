// SPDX-License-Identifier: Apache-2.0
// What the user flow needs of a store. Called as the stores of ports.h are, with the same errors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/status/status.h"

namespace preseal::server {

// The newest code issued for a device; the one before is gone.
struct UserCode {
  DeviceId device_id;
  std::string username;  // as it was assigned when the code was issued
  Bytes code_sha256;     // UserCodeDigest, 32 bytes
  WallTime create_time;
  WallTime expire_time;
  uint32_t attempts_left = 0;
  bool used = false;
};

class UserFlowStore {
 public:
  virtual ~UserFlowStore() = default;
  virtual Status PutUserCode(const UserCode& code) = 0;  // insert or replace
  virtual StatusOr<UserCode> GetUserCode(const DeviceId& device) = 0;

  // Runs whose device has come into service and whose service record is not made yet, oldest
  // device first. The store notes them itself, whatever brought the device there.
  virtual StatusOr<std::vector<RunId>> ServiceRecordsDue(int limit) = 0;
  // Stores it and strikes the run off that list.
  virtual Status PutServiceRecord(const RunId& run, std::string_view jws, WallTime now) = 0;
  virtual StatusOr<std::string> ServiceRecord(const DeviceId& device) = 0;  // the newest
};

}  // namespace preseal::server
