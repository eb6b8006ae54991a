// SPDX-License-Identifier: Apache-2.0
// Inside server/adapters/diagnostics only.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "server/service/diagnostics/bundle_store.h"

namespace preseal::server {

struct BundlePaths {
  std::filesystem::path part;
  std::filesystem::path facts;
  std::filesystem::path complete;
};

// Opens `paths.part` for going on at `offset`; OutOfRange and Aborted as BundleStore::Begin.
StatusOr<std::unique_ptr<BundleIntake>> OpenBundlePart(const Bundle& bundle, uint64_t offset,
                                                       const BundlePaths& paths);

// What HEX.json holds. InvalidArgument: it is none.
std::string FactsText(const Bundle& bundle);
StatusOr<Bundle> ParseFacts(const DeviceId& device, std::string_view text);

}  // namespace preseal::server
