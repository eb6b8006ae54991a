// SPDX-License-Identifier: Apache-2.0
#include "server/domain/reports/seal_age.h"

namespace preseal::server {

Status CheckSealPolicy(const SealPolicy& policy) {
  const auto zero = std::chrono::seconds(0);
  if (policy.fresh < zero || policy.expired <= zero) {
    return InvalidArgument("ages of a seal are not negative, and it expires after some time");
  }
  if (policy.fresh > policy.ageing || policy.ageing > policy.expired) {
    return InvalidArgument("a seal is fresh, then ageing, then expired: in this order");
  }
  return OkStatus();
}

SealAge AgeOf(WallTime seal_time, WallTime now, const SealPolicy& policy) {
  const auto age = now - seal_time;
  if (age >= policy.expired) return SealAge::kExpired;
  if (age < policy.fresh) return SealAge::kFresh;
  return age < policy.ageing ? SealAge::kOk : SealAge::kAgeing;
}

std::string_view NameOf(SealAge age) {
  switch (age) {
    case SealAge::kFresh:
      return "fresh";
    case SealAge::kOk:
      return "ok";
    case SealAge::kAgeing:
      return "ageing";
    case SealAge::kExpired:
      return "expired";
  }
  return "";
}

}  // namespace preseal::server
