// SPDX-License-Identifier: Apache-2.0
// Internal to server/adapters/profile: effective plans as messages.
#pragma once

#include <string>
#include <vector>

#include "common/status/status.h"
#include "preseal/plan/v1/plan.pb.h"
#include "server/service/profile/profile_catalog.h"

namespace preseal::server {

// Internal: a step of the plan does not parse.
StatusOr<plan::v1::Plan> ToProto(const EffectivePlan& plan);

// SHA-256 of all that matters to a device: not its name, nor versions and reasons. Lower-case hex.
std::string DigestOf(const plan::v1::Plan& plan);

StatusOr<FrozenPlan> EncodePlan(const EffectivePlan& plan);

// As DocumentFormat::Compare.
StatusOr<std::vector<std::string>> ComparePlans(ByteView before, ByteView after);

}  // namespace preseal::server
