// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/status/status.h"
#include "server/domain/device_actions.h"
#include "server/service/flow/command_desk.h"
#include "server/service/ports.h"
#include "server/service/profile/profile_catalog.h"

namespace preseal::server {

// What the table of server/domain/device_actions.h asks about `device`. The ESP settings are those
// its run froze; before a run those of the profile it would get now.
StatusOr<ActionFacts> ActionFactsOf(Tx& tx, const Device& device, ProfileCatalog& profiles);

// FailedPrecondition says why not, PermissionDenied that a lead is needed.
Status RequireAction(Tx& tx, const Device& device, ProfileCatalog& profiles, const Actor& actor,
                     DeviceAction action);

}  // namespace preseal::server
