// SPDX-License-Identifier: Apache-2.0
// Internal to server/domain/assignment: what the profile's blocking list makes of an item. Pure.
#pragma once

#include <string>

#include "server/domain/assignment/resolve.h"

namespace preseal::server {

struct GatingChoice {
  Gating gating = Gating::kBlocking;
  std::string reason;
};

// Whether the list decides about this item: it is a filter on apps that block, it adds nothing, and
// one that came with the user does not reach device setup.
bool ListDecides(const ProfileSettings& settings, bool user_targeted, const ItemSpec& item);
GatingChoice GatingOf(const ProfileSettings& settings, bool user_targeted, const ItemSpec& item);
// Whether the technician flow leaves the item for the user.
bool LeftForUser(const ProfileSettings& settings, bool user_targeted, const ItemSpec& item);

}  // namespace preseal::server
