// SPDX-License-Identifier: Apache-2.0
#include "server/domain/refusal/finding.h"

namespace preseal::server {

std::string_view NameOf(CheckVerdict verdict) {
  switch (verdict) {
    case CheckVerdict::kPass:
      return "PASS";
    case CheckVerdict::kFinding:
      return "FINDING";
    case CheckVerdict::kFail:
      return "FAIL";
  }
  return "";
}

}  // namespace preseal::server
