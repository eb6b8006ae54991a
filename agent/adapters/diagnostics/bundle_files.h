// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/service/diagnostics/bundle_ports.h"
#include "agent/service/run/run_store.h"

namespace preseal::agent {

struct BundleSettings {
  std::string target_root;
  // Files of the target to take along, absolute in it: none by default. Links are not followed.
  std::vector<std::string> target_logs;
};

// What docs/diagnostics.md "Bundles" lists. Every command is bounded, every file goes through the
// redactor. Thread-safe.
class BundleFiles final : public BundleMaker {
 public:
  BundleFiles(const RunStore& runs, BundleSettings settings)
      : runs_(runs), settings_(std::move(settings)) {}

  Status Make(const std::string& path, std::stop_token stop) override;

 private:
  const RunStore& runs_;
  const BundleSettings settings_;
};

}  // namespace preseal::agent
