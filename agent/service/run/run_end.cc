// SPDX-License-Identifier: Apache-2.0
#include "agent/service/run/run_end.h"

namespace preseal::agent {

std::optional<RunFinished> EndOf(const RunLog& log, const WireCodec& codec) {
  for (const LoggedEvent& logged : log.Latest()) {
    if (logged.key != KeyOf(RunFinished{})) continue;
    const auto event = codec.DecodeEvent(logged.event);
    const auto* finished = event.ok() ? std::get_if<RunFinished>(&event->body) : nullptr;
    return finished ? std::optional(*finished) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace preseal::agent
