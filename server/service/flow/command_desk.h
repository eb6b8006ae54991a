// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/domain/device_actions.h"
#include "server/service/flow/dispatcher.h"
#include "server/service/ports.h"
#include "server/service/principal.h"

namespace preseal::server {

// Who gives a command: a principal, or the person at a device, who has no name here.
struct Actor {
  Actor(const Principal& principal);  // NOLINT(google-explicit-constructor): every caller has one
  static Actor AtDevice(const DeviceId& device);

  std::string name;  // as in the audit log; "device D-1042"
  ActionActor kind = ActionActor::kDevice;

 private:
  Actor() = default;
};

// Takes commands down: once per request_id, with the device's record and an audit row in the same
// transaction, and sends them off. Thread-safe; Give blocks on the store.
class CommandDesk {
 public:
  CommandDesk(Store& store, const Clock& clock, Dispatcher& dispatcher)
      : store_(store), clock_(clock), dispatcher_(dispatcher) {}

  // Makes the command out of the present record, which it may change. An error refuses it.
  using Body = std::function<StatusOr<Command>(Tx&, Device*)>;
  // A repeat with the same request_id by the same actor returns the first command again.
  // InvalidArgument: request_id over its limit. NotFound; and what `body` answers.
  StatusOr<Command> Give(const Actor& actor, const DeviceId& id, std::string_view request_id,
                         std::string_view action_name, const Body& body);
  // From within a job that already holds the device; the caller dispatches.
  Status Keep(Tx& tx, const Command& command, std::string_view action_name, Device* device);

  StatusOr<Command> New(std::string_view actor, CommandKind kind, const Device& device) const;

 private:
  Store& store_;
  const Clock& clock_;
  Dispatcher& dispatcher_;
};

}  // namespace preseal::server
