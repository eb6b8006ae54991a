// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/grpc only: the parts of a plan. InvalidArgument names the field.
#pragma once

#include "agent/domain/plan.h"
#include "preseal/plan/v1/plan.pb.h"

namespace preseal::agent {

// What a step does.
StatusOr<StepAction> ActionOf(const plan::v1::Step& in);
// The whole step. A SetNameStep gets its name from the plan, not here.
StatusOr<Step> ReadStep(const plan::v1::Step& in);

}  // namespace preseal::agent
