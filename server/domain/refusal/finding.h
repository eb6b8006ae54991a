// SPDX-License-Identifier: Apache-2.0
// One line of a verdict: what was looked at and what came out. Every part that judges evidence
// speaks in these, so that one page shows them all. Pure.
#pragma once

#include <string>
#include <string_view>

#include "server/domain/refusal/refusal.h"

namespace preseal::server {

enum class CheckVerdict { kPass, kFinding, kFail };

struct AttestationFinding {
  int number = 0;  // of the check, stable; 0 for what no numbered check saw
  std::string_view check;
  CheckVerdict verdict = CheckVerdict::kPass;
  RefusalCode code = RefusalCode::kNone;  // only when kFail
  std::string seen;                       // escaped, safe to show; empty when kPass
  std::string expected;
};

// "PASS", "FINDING", "FAIL".
std::string_view NameOf(CheckVerdict verdict);

}  // namespace preseal::server
