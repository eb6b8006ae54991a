// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "server/service/diagnostics/bundle_store.h"

namespace preseal::server {

// DIR/D-1042/HEX.tar.zst, named by its SHA-256, beside HEX.json with what is known about it;
// HEX.part while it is incomplete. Each device has a folder of its own, so that none can name, fill
// or find what another one sent. The file is complete once it has its final name, which it gets
// last.
class BundleFolder final : public BundleStore {
 public:
  // Makes the folder (0700) if needed. FailedPrecondition names it and why it cannot be used.
  static StatusOr<std::unique_ptr<BundleFolder>> Open(const std::filesystem::path& directory);

  StatusOr<BundleProgress> Look(const DeviceId& device, ByteView sha256) const override;
  StatusOr<std::unique_ptr<BundleIntake>> Begin(const Bundle& bundle, uint64_t offset) override;
  StatusOr<std::vector<Bundle>> List(const DeviceId& device) const override;
  StatusOr<std::vector<DeviceId>> Devices() const override;
  Status Remove(const Bundle& bundle) override;
  Status RemoveUnfinished(const DeviceId& device, WallTime before) override;
  StatusOr<std::unique_ptr<ArtifactReader>> Open(const Bundle& bundle) const override;
  StatusOr<std::vector<BundleEntry>> Entries(const Bundle& bundle) const override;
  StatusOr<BundlePart> Read(const Bundle& bundle, std::string_view path, uint64_t offset,
                            size_t limit) const override;

 private:
  explicit BundleFolder(std::filesystem::path directory) : directory_(std::move(directory)) {}
  std::filesystem::path FolderOf(const DeviceId& device) const;
  std::filesystem::path FileOf(const DeviceId& device, ByteView sha256,
                               std::string_view suffix) const;
  Status DropOtherParts(const Bundle& bundle) const;

  const std::filesystem::path directory_;
};

}  // namespace preseal::server
