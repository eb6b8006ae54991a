// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>

#include "agent/service/diagnostics/bundle_ports.h"
#include "agent/service/diagnostics/diagnostics_collector.h"

namespace preseal::agent {

// Makes a bundle, keeps it in the state folder until the server holds it, then removes it. A bundle
// that an earlier process left is sent as it is, not made anew. Thread-safe: one at a time, the
// others wait.
class DiagnosticsKeeper final : public DiagnosticsCollector {
 public:
  // `newest_run`: id of the run a bundle is about now, empty if there is none; called by any
  // thread.
  DiagnosticsKeeper(BundleMaker& maker, BundleUpload& upload, std::string folder,
                    std::function<std::string()> newest_run)
      : maker_(maker),
        upload_(upload),
        folder_(std::move(folder)),
        newest_run_(std::move(newest_run)) {}

  Status Collect(const std::string& command_id, std::stop_token stop) override;
  // The same because `run_id` failed; once per run, also across restarts.
  Status CollectFailure(const std::string& run_id, std::stop_token stop);

 private:
  Status Deliver(const std::string& name, const BundleSubject& subject, std::stop_token stop);
  Status MakeUnlessThere(const std::string& path, std::stop_token stop);

  BundleMaker& maker_;
  BundleUpload& upload_;
  const std::string folder_;
  const std::function<std::string()> newest_run_;
  std::mutex mutex_;  // held while a bundle is made and sent
};

}  // namespace preseal::agent
