// SPDX-License-Identifier: Apache-2.0
// Reads tar.zst files that hostile devices made. Nothing is ever unpacked to the disk, links and
// special files are skipped, and what the archive says about itself is never believed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/service/diagnostics/bundle_store.h"

namespace preseal::server {

// Errors as BundleStore::Entries.
StatusOr<std::vector<BundleEntry>> ListArchive(const std::string& file);
// Errors as BundleStore::Read.
StatusOr<BundlePart> ReadFromArchive(const std::string& file, std::string_view path,
                                     uint64_t offset, size_t limit);

}  // namespace preseal::server
