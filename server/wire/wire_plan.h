// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "preseal/plan/v1/plan.pb.h"
#include "server/domain/profile/deployment_profile.h"

namespace preseal::server {

// The out-of-box settings as plans and as landing cards carry them.
void SetOutOfBox(const OutOfBox& from, plan::v1::OutOfBox* out);

}  // namespace preseal::server
