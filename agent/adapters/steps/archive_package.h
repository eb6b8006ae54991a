// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/steps only.
#pragma once

#include <stop_token>
#include <string>

#include "agent/adapters/steps/archive_reader.h"
#include "agent/adapters/steps/target_root.h"
#include "agent/service/run/artifact_source.h"
#include "agent/service/run/step_executor.h"
#include "common/crypto/digest.h"

namespace preseal::agent::steps {

// Unpacks tar.zst archives below their destination, which no entry can leave. What was written is
// noted in a receipt in the target (docs/formats.md "Archive receipt"); detect and verify compare
// every entry of the receipt with what is there.
class ArchivePackages {
 public:
  ArchivePackages(TargetRoot& target, ArtifactSource& artifacts)
      : target_(target), artifacts_(artifacts) {}

  StepResult Check(const PackageStep& package, std::stop_token stop);
  StepResult Apply(const Step& step, const PackageStep& package, StepObserver& observer,
                   std::stop_token stop);

 private:
  Status Unpack(const std::string& file, const PackageStep& package, StepObserver& observer,
                std::chrono::steady_clock::time_point deadline, std::stop_token stop);
  StatusOr<std::string> UnpackEntry(ArchiveReader& reader, const ArchiveEntry& entry,
                                    TargetRoot& destination);

  TargetRoot& target_;
  ArtifactSource& artifacts_;
};

}  // namespace preseal::agent::steps
