// SPDX-License-Identifier: Apache-2.0
// Ports of the diagnostics keeper: who makes a bundle, and who takes it to the server.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>

#include "common/status/status.h"

namespace preseal::agent {

struct BundleSubject {
  std::string reason;  // "failure", "command C-…"
  std::string run_id;  // empty: none
};

class BundleMaker {
 public:
  virtual ~BundleMaker() = default;
  // Writes a tar.zst without secrets to `path`; takes no longer than its commands' limits together.
  // ResourceExhausted: no room. Cancelled: `stop`. What cannot be had is named in the bundle.
  virtual Status Make(const std::string& path, std::stop_token stop) = 0;
};

class BundleUpload {
 public:
  virtual ~BundleUpload() = default;
  // Until the server holds the whole file, going on where it broke off. Unavailable: not within
  // `limit`. Cancelled: `stop`. Others: the server refuses it for good.
  virtual Status Send(const std::string& path, const BundleSubject& subject,
                      std::chrono::milliseconds limit, std::stop_token stop) = 0;
};

}  // namespace preseal::agent
