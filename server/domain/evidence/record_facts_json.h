// SPDX-License-Identifier: Apache-2.0
// RecordFacts in an evidence record. Internal to server/domain/evidence. Pure.
#pragma once

#include "server/domain/attestation/attestation_verifier.h"
#include "server/domain/evidence/canonical_json.h"

namespace preseal::server {

nlohmann::json RecordFactsJson(const RecordFacts& facts);
// Meaningful only if `in.status()` is ok afterwards.
RecordFacts ReadRecordFacts(MemberReader& in);

}  // namespace preseal::server
