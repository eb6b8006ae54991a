// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/guarded.h"
#include "common/status/status.h"
#include "server/service/identity/device_ca.h"
#include "server/service/ports.h"

namespace preseal::server {

// The revocation lists of the device authorities as the web port hands them out: made when
// something was revoked and once a day, read by anybody. Thread-safe.
class CrlShelf {
 public:
  // Both borrowed.
  CrlShelf(Store& store, const Clock& clock, DeviceCa& ca)
      : store_(store), clock_(clock), ca_(ca) {}

  // Makes the lists anew; at start, and when the issuing keys changed. Errors as the store and
  // DeviceCa::CurrentCrls; the old lists stay.
  Status Refresh();
  // Every second: Refresh after a revocation or a day. A failure is logged and tried again after
  // kCrlRetryAfter.
  void Tick();
  // The DER of "device-1.crl"; nothing if there is no such list. Never blocks on the store.
  std::shared_ptr<const Bytes> Find(std::string_view name);

 private:
  // The newest revocation tells one state of the book from the next.
  StatusOr<Bytes> NewestRevoked();

  Store& store_;
  const Clock& clock_;
  DeviceCa& ca_;
  struct Shelf {
    std::map<std::string, std::shared_ptr<const Bytes>, std::less<>> lists;
    Bytes newest_revoked;
    WallTime again_at;  // the day is over, or the failure is tried again
    bool failed = false;
  };
  Guarded<Shelf> shelf_;
};

}  // namespace preseal::server
