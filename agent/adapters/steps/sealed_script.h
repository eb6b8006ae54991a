// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/steps only.
#pragma once

#include <string_view>

#include "common/files/unique_fd.h"
#include "common/status/status.h"

namespace preseal::agent::steps {

// The program's descriptor 3, by name, whoever it runs as.
inline constexpr char kSealedScriptPath[] = "/proc/self/fd/3";

// `text` for a shell that runs as somebody else and gets it as descriptor 3. It has no name that
// anybody else could open, and nobody, its reader and ourselves included, can change it any more.
// The shell closes the descriptor before the first command, so no command inherits it.
StatusOr<UniqueFd> SealScript(std::string_view text);

}  // namespace preseal::agent::steps
