// SPDX-License-Identifier: Apache-2.0
// A policy as people write it: YAML with the names of policy_text.h, and the advisory table in a
// file of its own.
#pragma once

#include <string>
#include <string_view>

#include "common/status/status.h"
#include "server/domain/attestation/attestation_policy.h"

namespace preseal::server::cli {

//   text    YAML; `firmware` may be {table: FILE}, a file with a list `advisories` of the same
//           entries, each with a `source` that does not go into the policy
//   name    of the file: stands in messages, and FILE is relative to its folder
// InvalidArgument names file, line and column, and the field: "p.yaml:3:9: revocation: must be
// ...".
StatusOr<AttestationPolicy> ReadPolicyFile(std::string_view text, const std::string& name);

}  // namespace preseal::server::cli
