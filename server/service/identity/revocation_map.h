// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_set>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/guarded.h"
#include "common/status/status.h"
#include "server/service/ports.h"

namespace preseal::server {

// Device certificates that no longer count, in memory, so that every call on the device port can
// ask at no cost. TLS alone does not know: gRPC checks no revocation list. Thread-safe.
//
// Whoever revokes adds here after the commit, then ends the device's stream; whoever opens a stream
// looks here after it can be found. So one of the two always sees the other.
class RevocationMap {
 public:
  // What the store holds and has not expired; once, before ports open.
  Status Load(Store& store, WallTime now);
  void Add(ByteView certificate_sha256);
  // PermissionDenied, "DEVICE_REVOKED: …".
  Status Check(ByteView certificate_sha256);

 private:
  Guarded<std::unordered_set<std::string>> revoked_;
};

}  // namespace preseal::server
