// SPDX-License-Identifier: Apache-2.0
// What `preseal evidence lint` reads from disk.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/crypto/certificate.h"
#include "common/status/status.h"

namespace preseal::server::cli {

struct LintFile {
  std::string path;
  bool asked_by_name = false;  // else found in a folder
  std::string error;           // not empty: it could not be looked at, and why
};

// The files at `paths`, folders walked: each folder's in byte order, in the order of `paths`. In a
// folder, names that begin with a dot and symbolic links are left out, and so is what is neither
// file nor folder. A path given by name is taken as it is. At most kLintFilesMax files.
std::vector<LintFile> FindLintFiles(const std::vector<std::string>& paths);

// The whole file; of one longer than kLintFileBytesMax that and one byte more, so that it is
// refused for its size instead of being unreadable.
StatusOr<Bytes> ReadLintFile(const std::string& path);

// CA certificates in a file, PEM or DER; others are left out. `wrong` counts PEM blocks that are no
// certificate.
std::vector<crypto::Certificate> ReadAuthorities(ByteView bytes, size_t* wrong);

// "2026-01-31" (its first second) or "2026-01-31T10:00:00Z". InvalidArgument otherwise.
StatusOr<WallTime> ParseLintTime(std::string_view text);

}  // namespace preseal::server::cli
