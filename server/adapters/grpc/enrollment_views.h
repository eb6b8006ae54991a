// SPDX-License-Identifier: Apache-2.0
// What a pass decided, as messages.
#pragma once

#include "preseal/enrollment/v1/enrollment.pb.h"
#include "server/service/enrollment/enrollment.h"

namespace preseal::server {

void ToProto(const AdmissionFacts& facts, enrollment::v1::Admission* out);
void ToProto(const RefusalFacts& facts, enrollment::v1::Refusal* out);

}  // namespace preseal::server
