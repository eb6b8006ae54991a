// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/domain/prompt_rules.h"
#include "server/service/flow/command_desk.h"
#include "server/service/flow/landing_desk.h"
#include "server/service/ports.h"
#include "server/service/profile/profile_catalog.h"

namespace preseal::server {

// Reads a frozen plan's prompts.
class PromptReader {
 public:
  virtual ~PromptReader() = default;
  // `plan`: serialized preseal.plan.v1.Plan. NotFound: no such prompt in it. DataLoss: no plan.
  virtual StatusOr<PromptRules> Find(ByteView plan, std::string_view item_id) const = 0;
};

// The commands of both flows beyond start, retry and reseal. What each needs and when it is refused
// is the table in server/domain/device_actions.h. Thread-safe; all block on the store.
//
// All return the command as stored; request_id as in TechnicianFlow. Errors: NotFound;
// FailedPrecondition says why it is not possible now; PermissionDenied needs a lead;
// InvalidArgument names the field.
class RunCommands {
 public:
  RunCommands(Store& store, const Clock& clock, ProfileCatalog& profiles, Dispatcher& dispatcher,
              LandingDesk& landing, const PromptReader& prompts)
      : store_(store),
        clock_(clock),
        profiles_(profiles),
        landing_(landing),
        prompts_(prompts),
        desk_(store, clock, dispatcher) {}

  StatusOr<Command> Hold(const Actor& actor, const DeviceId& id, std::string_view reason,
                         std::string_view request_id);
  StatusOr<Command> Resume(const Actor& actor, const DeviceId& id, std::string_view request_id);
  // The server's own record lets the item pass at once, whether or not the device is there; with
  // the last open blocking item a failed device is READY_TO_SEAL.
  StatusOr<Command> Waive(const Actor& actor, const DeviceId& id, std::string_view item_id,
                          std::string_view reason, std::string_view request_id);
  StatusOr<Command> Answer(const Actor& actor, const DeviceId& id, std::string_view item_id,
                           std::string_view answer, std::string_view request_id);
  // `item_id` empty: the run. `by`: 1 min to kStepTimeoutMax.
  StatusOr<Command> Extend(const Actor& actor, const DeviceId& id, std::string_view item_id,
                           std::chrono::milliseconds by, std::string_view request_id);
  // ENROLLED again; the identity and the device's name stay. The run is given up.
  StatusOr<Command> Reset(const Actor& actor, const DeviceId& id, std::string_view reason,
                          std::string_view request_id);
  StatusOr<Command> CollectDiagnostics(const Actor& actor, const DeviceId& id,
                                       std::string_view request_id);
  StatusOr<Command> Restart(const Actor& actor, const DeviceId& id, std::string_view request_id);
  StatusOr<Command> Continue(const Actor& actor, const DeviceId& id, std::string_view request_id);
  // Shows the landing card again; no command is stored.
  StatusOr<Device> Refresh(const Actor& actor, const DeviceId& id);

 private:
  // The present run of `device`, once `action` is allowed.
  StatusOr<Run> RunFor(Tx& tx, const Device& device, const Actor& actor, DeviceAction action);
  StatusOr<Command> NewFor(const Actor& actor, CommandKind kind, const Device& device,
                           const Run& run, std::string_view item_id, std::string_view text) const;
  // About the device, not its run.
  StatusOr<Command> ForDevice(Tx& tx, const Actor& actor, CommandKind kind, DeviceAction action,
                              Device* device);
  Status GiveUpRun(Tx& tx, Device* device);

  Store& store_;
  const Clock& clock_;
  ProfileCatalog& profiles_;
  LandingDesk& landing_;
  const PromptReader& prompts_;
  CommandDesk desk_;
};

}  // namespace preseal::server
