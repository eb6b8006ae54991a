// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/base/bytes.h"
#include "common/status/status.h"
#include "server/cli/terminal.h"

namespace preseal::server::cli {

// All of a file, or of standard input for "-". InvalidArgument if longer than `bytes_max`; the
// file's own error otherwise, always a code that means "could not find out" (a missing file is no
// negative answer of the server: NotFound becomes InvalidArgument).
StatusOr<std::string> ReadInput(const Terminal& terminal, const std::string& path,
                                size_t bytes_max);

// The same error under a code that means "could not find out": exit code 1 is for the server's or
// the verification's "no", never for this machine's files.
Status AsUsage(const Status& status);

// Writes a new or replaced file, mode 0600. As ReadInput for the codes.
Status WriteOutput(const std::string& path, ByteView bytes);

}  // namespace preseal::server::cli
