// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "agent/domain/event.h"
#include "agent/service/run/run_store.h"
#include "agent/service/session/wire_codec.h"

namespace preseal::agent {

// How the run of `log` ended, by its last RunFinished; nothing if it has not, or if that event does
// not decode.
std::optional<RunFinished> EndOf(const RunLog& log, const WireCodec& codec);

}  // namespace preseal::agent
