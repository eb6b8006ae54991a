// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/steps only: the steps that are one regular file in the target.
#pragma once

#include <stop_token>

#include "agent/adapters/steps/target_root.h"
#include "agent/service/run/artifact_source.h"
#include "agent/service/run/step_executor.h"

namespace preseal::agent::steps {

// What must be where. Detect and verify compare content and permission bits, apply replaces the
// file atomically. Networks and keys: keyfiles are 0600, networkd units 0644, certificates 0644.
class FileSteps {
 public:
  FileSteps(TargetRoot& target, ArtifactSource& artifacts)
      : target_(target), artifacts_(artifacts) {}

  StepResult Check(const FileStep& file);
  StepResult Check(const CertificateStep& certificate);
  StepResult Check(const NetworkProfileStep& network);
  StepResult Apply(const Step& step, const FileStep& file, StepObserver& observer,
                   std::stop_token stop);
  StepResult Apply(const CertificateStep& certificate);
  StepResult Apply(const NetworkProfileStep& network);

 private:
  StepResult CheckFile(const std::string& path, mode_t mode, uint64_t size,
                       const std::array<uint8_t, 32>& sha256);
  StepResult CheckBytes(const std::string& path, mode_t mode, ByteView content);
  StepResult CopyFrom(const std::string& source, const FileStep& file, std::stop_token stop);

  TargetRoot& target_;
  ArtifactSource& artifacts_;
};

}  // namespace preseal::agent::steps
