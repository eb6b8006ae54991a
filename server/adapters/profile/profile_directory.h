// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "common/crypto/digest.h"
#include "common/status/status.h"
#include "server/service/profile_catalog.h"

namespace preseal::server {

// Where a profile's files go: their content, by digest.
struct StoredArtifact {
  crypto::Digest256 sha256{};
  uint64_t size = 0;
};
using ArtifactImport = std::function<StatusOr<StoredArtifact>(const std::filesystem::path&)>;

// Which profile is whose, by name.
struct ProfileChoice {
  std::string by_default;  // empty: the only one there is
  std::string quarantine;  // empty: quarantined devices run none
};

// Deployment profiles from a folder of YAML files, docs/profiles.md. Read once; immutable and
// thread-safe afterwards.
class ProfileDirectory final : public ProfileCatalog {
 public:
  // Reads every *.yaml of `folder`. InvalidArgument with file, line and column; FailedPrecondition:
  // the folder cannot be read, holds no profile, or a chosen one is none of them.
  static StatusOr<std::unique_ptr<ProfileDirectory>> Load(const std::filesystem::path& folder,
                                                          const ProfileChoice& choice,
                                                          const ArtifactImport& import);

  StatusOr<FrozenPlan> FreezeFor(Tx& tx, const Device& device, Flow flow) override;
  StatusOr<EffectivePlan> Preview(Tx& tx, const Device& device, Flow flow,
                                  std::string_view assigned_user) override;
  StatusOr<std::string> DigestNow(Tx& tx, const Device& device) override;
  StatusOr<std::vector<std::string>> DriftLines(Tx& tx, const Device& device,
                                                ByteView sealed_plan) override;
  const std::string& default_profile() const override { return choice_.by_default; }
  const std::string& quarantine_profile() const override { return choice_.quarantine; }

 private:
  ProfileDirectory() = default;
  StatusOr<FrozenPlan> Freeze(std::string_view name) const;
  std::filesystem::path folder_;
  std::map<std::string, FrozenPlan, std::less<>> plans_;
  ProfileChoice choice_;
};

// One profile's text; `folder` is what its `source` paths start from.
StatusOr<FrozenPlan> ParseProfile(std::string_view text, std::string_view file_name,
                                  const std::filesystem::path& folder,
                                  const ArtifactImport& import);

}  // namespace preseal::server
