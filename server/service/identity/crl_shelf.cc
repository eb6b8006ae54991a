// SPDX-License-Identifier: Apache-2.0
#include "server/service/identity/crl_shelf.h"

#include <utility>

#include "common/base/limits.h"
#include "common/log/log.h"

namespace preseal::server {

Status CrlShelf::Refresh() {
  std::vector<RevokedCertificate> revoked;
  Bytes newest;
  const WallTime now = clock_.Now();
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(const auto all,
                     tx.certificates.Revoked(now, static_cast<int>(kCrlEntriesMax)));
    for (const DeviceCertificate& one : all) {
      revoked.push_back({one.serial_hex, *one.revoke_time});
    }
    if (!all.empty()) newest = all.front().sha256;
    return OkStatus();
  }));
  ASSIGN_OR_RETURN(auto crls, ca_.CurrentCrls(revoked, now));
  auto shelf = shelf_.Lock();
  shelf->lists.clear();
  for (DeviceCrl& crl : crls) {
    shelf->lists.emplace(std::move(crl.name), std::make_shared<const Bytes>(std::move(crl.der)));
  }
  shelf->newest_revoked = std::move(newest);
  shelf->again_at = now + kCrlRefreshAfter;
  shelf->failed = false;
  return OkStatus();
}

StatusOr<Bytes> CrlShelf::NewestRevoked() {
  Bytes newest;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(const auto one, tx.certificates.Revoked(clock_.Now(), 1));
    if (!one.empty()) newest = one.front().sha256;
    return OkStatus();
  }));
  return newest;
}

void CrlShelf::Tick() {
  const WallTime now = clock_.Now();
  {
    auto shelf = shelf_.Lock();
    if (shelf->failed && now < shelf->again_at) return;
  }
  const auto newest = NewestRevoked();
  {
    auto shelf = shelf_.Lock();
    const bool same = newest.ok() && *newest == shelf->newest_revoked;
    if (same && now < shelf->again_at) return;
  }
  const Status made = newest.ok() ? Refresh() : newest.status();
  if (made.ok()) return;
  log::Error("cannot make revocation lists", {{"error", ToString(made)}});
  auto shelf = shelf_.Lock();
  shelf->failed = true;
  shelf->again_at = now + kCrlRetryAfter;
}

std::shared_ptr<const Bytes> CrlShelf::Find(std::string_view name) {
  auto shelf = shelf_.Lock();
  const auto found = shelf->lists.find(name);
  return found == shelf->lists.end() ? nullptr : found->second;
}

}  // namespace preseal::server
