// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/ca/validity.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.h"

namespace preseal::server {
namespace {

std::string TimeText(WallTime time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

}  // namespace

Status CheckValidAt(const crypto::Certificate& certificate, WallTime now) {
  if (certificate.not_before() <= now && now <= certificate.not_after()) return OkStatus();
  return FailedPrecondition(fmt::format(
      "\"{}\" is valid only from {} until {}, and it is {}", certificate.common_name(),
      TimeText(certificate.not_before()), TimeText(certificate.not_after()), TimeText(now)));
}

crypto::Validity CaValidity(WallTime now) {
  return {now - kClockSkewMax, now + kCaCertificateLife};
}

StatusOr<crypto::Validity> ValidityWithin(const crypto::Certificate& issuer, WallTime now,
                                          WallTime not_after) {
  RETURN_IF_ERROR(CheckValidAt(issuer, now));
  return crypto::Validity{std::max(now - kCertificateBackdate, issuer.not_before()),
                          std::min(not_after, issuer.not_after())};
}

}  // namespace preseal::server
