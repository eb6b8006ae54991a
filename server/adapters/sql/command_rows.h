// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/sql/connection.h"
#include "server/service/ports.h"

namespace preseal::server {

// CommandStore on one connection; the caller owns the transaction. Not thread-safe.
class CommandRows final : public CommandStore {
 public:
  explicit CommandRows(sql::Connection* connection) : connection_(*connection) {}

  Status InsertCommand(const Command& command) override;
  StatusOr<Command> GetCommand(const CommandId& id) override;
  Status UpdateCommand(const Command& command) override;
  StatusOr<std::vector<Command>> OpenCommands(const DeviceId& device) override;
  StatusOr<Command> FindCommand(const DeviceId& device, std::string_view actor,
                                std::string_view request_id, WallTime now) override;

 private:
  sql::Connection& connection_;
};

}  // namespace preseal::server
