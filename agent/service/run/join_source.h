// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "common/base/secret.h"
#include "common/status/status.h"

namespace preseal::agent {

// What makes this device a member of a directory without seeing it.
struct JoinBlob {
  std::string provider;  // who made it: "samba-offline-join"
  std::string domain;    // DNS name
  Secret blob;           // at most kJoinBlobBytesMax, in the provider's own form
};

// Where join blobs come from. Thread-safe.
class JoinSource {
 public:
  virtual ~JoinSource() = default;
  // A new blob for the present run's item `item_id`; older ones are void from then on. While the
  // server or the directory behind it cannot be reached it keeps asking for up to `limit`, and
  // tells `on_wait` why.
  //   Unavailable         not answered within `limit`
  //   FailedPrecondition  a person must act; says what the server or the directory wants
  //   NotFound            the run has no such item
  //   DataLoss            the answer is larger than kJoinBlobBytesMax or empty
  //   Cancelled           `stop`
  virtual StatusOr<JoinBlob> Fetch(const std::string& item_id, std::chrono::milliseconds limit,
                                   const std::function<void(std::string_view)>& on_wait,
                                   std::stop_token stop) = 0;
};

}  // namespace preseal::agent
