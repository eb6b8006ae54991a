// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/sql/connection.h"
#include "server/service/user_flow/user_flow_ports.h"

namespace preseal::server {

// UserFlowStore on one connection, inside the caller's transaction. Not thread-safe.
class UserFlowRows final : public UserFlowStore {
 public:
  explicit UserFlowRows(sql::Connection* connection) : connection_(*connection) {}

  Status PutUserCode(const UserCode& code) override;
  StatusOr<UserCode> GetUserCode(const DeviceId& device) override;
  StatusOr<std::vector<RunId>> ServiceRecordsDue(int limit) override;
  Status PutServiceRecord(const RunId& run, std::string_view jws, WallTime now) override;
  StatusOr<std::string> ServiceRecord(const DeviceId& device) override;

 private:
  sql::Connection& connection_;
};

}  // namespace preseal::server
