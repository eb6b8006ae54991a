// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/status/status.h"
#include "preseal/fleet/v1/fleet.pb.h"
#include "server/service/ports.h"

namespace preseal::server {

// The stored attestation as the API gives it. DataLoss if its findings cannot be read.
Status FillEvidence(const AttestationRecord& record, fleet::v1::AttestationEvidence* out);

}  // namespace preseal::server
