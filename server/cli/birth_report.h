// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/crypto/jws.h"
#include "common/status/status.h"
#include "server/cli/report.h"

namespace preseal::server::cli {

// What the signed text itself says, before or after its signature is checked.
struct BirthClaims {
  std::string serial_number;
  std::string device;  // "sub"
  int64_t issued = 0;  // "iat", seconds since 1970; 0 if absent
};

// From a JSON payload; InvalidArgument if it is no object.
StatusOr<BirthClaims> ReadBirthClaims(std::string_view payload);
// The payload of a compact JWS without checking anything: only to learn when it says it was signed.
StatusOr<std::string> UncheckedPayload(std::string_view jws);

// Which of the kinds `verify` knows it calls itself, without checking anything: a service record
// or, whatever else it says, a birth certificate.
std::string_view UncheckedType(std::string_view jws);

// The accepted record of `type`: who, what, by whom, every item; unknown members are shown as well.
Report AcceptedReport(const crypto::JwsVerdict& verdict, std::string_view type,
                      bool at_signing_time);
// `reason` is a closed name such as "untrusted" or "other_serial".
Report RefusedReport(std::string_view reason, std::string_view detail);

// "2026-11-22T03:00:00Z".
std::string TimeText(WallTime time);

}  // namespace preseal::server::cli
