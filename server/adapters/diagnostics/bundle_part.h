// SPDX-License-Identifier: Apache-2.0
// Inside server/adapters/diagnostics only.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "common/files/unique_fd.h"
#include "server/service/diagnostics/bundle_store.h"

namespace preseal::server {

struct BundlePaths {
  std::filesystem::path part;
  std::filesystem::path facts;
  std::filesystem::path complete;
};

// A device's turn to change what is unfinished in its folder, until dropped: an upload that another
// one has pushed off the disk would go on filling it, and put the other's bytes under its own name.
// Aborted: somebody has it.
StatusOr<UniqueFd> TakeUploadTurn(const std::filesystem::path& folder);

// Opens `paths.part` for going on at `offset`; OutOfRange as BundleStore::Begin. What is returned
// keeps `turn`.
StatusOr<std::unique_ptr<BundleIntake>> OpenBundlePart(UniqueFd turn, const Bundle& bundle,
                                                       uint64_t offset, const BundlePaths& paths);

// What HEX.json holds. InvalidArgument: it is none.
std::string FactsText(const Bundle& bundle);
StatusOr<Bundle> ParseFacts(const DeviceId& device, std::string_view text);

}  // namespace preseal::server
