// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/profile/profile_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <vector>

#include "common/base/limits.h"
#include "common/files/files.h"

namespace preseal::server {
namespace {

namespace fs = std::filesystem;

StatusOr<std::vector<fs::path>> YamlFiles(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".yaml") files.push_back(it->path());
  }
  if (error) {
    return FailedPrecondition(
        fmt::format("cannot read the profiles in {}: {}", folder.string(), error.message()));
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

StatusOr<std::unique_ptr<ProfileDirectory>> ProfileDirectory::Load(const fs::path& folder,
                                                                   const ProfileChoice& choice,
                                                                   const ArtifactImport& import) {
  auto catalog = std::unique_ptr<ProfileDirectory>(new ProfileDirectory());
  catalog->folder_ = folder;
  ASSIGN_OR_RETURN(const auto files, YamlFiles(folder));
  for (const fs::path& file : files) {
    ASSIGN_OR_RETURN(const Bytes text, files::Read(file.string(), kConfigBytesMax));
    ASSIGN_OR_RETURN(FrozenPlan plan, ParseProfile(AsText(text), file.string(), folder, import));
    const std::string name = plan.profile;
    if (!catalog->plans_.emplace(name, std::move(plan)).second) {
      return InvalidArgument(
          fmt::format("{}: there is another profile named {}", file.string(), name));
    }
  }
  if (catalog->plans_.empty()) {
    return FailedPrecondition(fmt::format("no profile (*.yaml) in {}", folder.string()));
  }
  catalog->choice_ = choice;
  if (choice.by_default.empty() && catalog->plans_.size() == 1) {
    catalog->choice_.by_default = catalog->plans_.begin()->first;
  }
  if (!catalog->plans_.contains(catalog->choice_.by_default)) {
    return FailedPrecondition(fmt::format("default_profile \"{}\" is none of the profiles in {}",
                                          choice.by_default, folder.string()));
  }
  if (!choice.quarantine.empty() && !catalog->plans_.contains(choice.quarantine)) {
    return FailedPrecondition(fmt::format("quarantine_profile \"{}\" is none of the profiles in {}",
                                          choice.quarantine, folder.string()));
  }
  return catalog;
}

StatusOr<FrozenPlan> ProfileDirectory::FreezeFor(Tx&, const Device& device, Flow) {
  if (!device.quarantined) return Freeze(device.profile);
  if (!choice_.quarantine.empty()) return Freeze(choice_.quarantine);
  return FailedPrecondition(fmt::format(
      "{} is in quarantine, and technician_flow.quarantine_profile names no profile for that: mend "
      "what its attestation found and start it again",
      device.id.text()));
}

StatusOr<EffectivePlan> ProfileDirectory::Preview(Tx&, const Device&, Flow, std::string_view) {
  return FailedPrecondition("profiles of a folder are not previewed");
}

StatusOr<std::string> ProfileDirectory::DigestNow(Tx& tx, const Device& device) {
  ASSIGN_OR_RETURN(const FrozenPlan plan, FreezeFor(tx, device, Flow::kTechnician));
  return plan.profile_digest;
}

StatusOr<std::vector<std::string>> ProfileDirectory::DriftLines(Tx&, const Device&, ByteView) {
  return FailedPrecondition("profiles of a folder are not compared");
}

StatusOr<FrozenPlan> ProfileDirectory::Freeze(std::string_view name) const {
  const auto it = plans_.find(name.empty() ? std::string_view(choice_.by_default) : name);
  if (it != plans_.end()) return it->second;
  return NotFound(
      fmt::format("no profile named \"{}\": add it to {} and restart", name, folder_.string()));
}

}  // namespace preseal::server
