// SPDX-License-Identifier: Apache-2.0
#include "server/domain/attestation/ek_revocation.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <optional>

#include "common/base/limits.h"

namespace preseal::server {
namespace {

using crypto::Certificate;
using crypto::RevocationList;

std::string Called(const std::string& name) { return EscapeForLog(name, kNameBytesMax); }

std::string Day(WallTime time) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

RevocationAnswer Unknown(const Certificate& issuer, const std::optional<WallTime>& newest_end) {
  const std::string list =
      newest_end ? "the list of {} ended " + Day(*newest_end) : std::string("no usable list of {}");
  return {RevocationState::kUnknown, fmt::format(fmt::runtime(list), Called(issuer.subject()))};
}

RevocationAnswer Judge(const Certificate& certificate, const Certificate& issuer,
                       const TrustBundle& trust, WallTime now) {
  bool current = false;
  std::optional<WallTime> newest_end;
  for (const RevocationList& list : trust.revocations) {
    if (!list.IsSignedBy(issuer, trust.AllowsSha1Below(issuer))) continue;
    if (list.Revokes(certificate.serial_hex())) {
      return {RevocationState::kRevoked,
              fmt::format("serial {} is on the list of {} of {}", certificate.serial_hex(),
                          Called(issuer.subject()), Day(list.this_update()))};
    }
    if (!list.Covers(certificate.is_ca())) continue;
    current = current || list.IsCurrentAt(now);
    if (list.next_update() && (!newest_end || *list.next_update() > *newest_end)) {
      newest_end = list.next_update();
    }
  }
  if (current) return {RevocationState::kGood, ""};
  return Unknown(issuer, newest_end);
}

}  // namespace

RevocationAnswer RevocationOf(const Certificate& leaf, const EkPath& path, const TrustBundle& trust,
                              WallTime now) {
  RevocationAnswer answer{RevocationState::kGood, ""};
  const Certificate* certificate = &leaf;
  for (const Certificate& issuer : path.issuers) {
    const RevocationAnswer one = Judge(*certificate, issuer, trust, now);
    if (one.state == RevocationState::kRevoked) return one;
    if (answer.state == RevocationState::kGood) answer = one;
    certificate = &issuer;
  }
  return answer;
}

}  // namespace preseal::server
