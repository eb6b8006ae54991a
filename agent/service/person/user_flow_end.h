// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/service/run/run_desk.h"
#include "agent/service/session/wire_codec.h"

namespace preseal::agent {

// Whether the newest run is the user flow's, has ended well (or the user went on past its error),
// and every word of it is acked: nothing is left for the agent to do on this device.
bool UserFlowDone(const RunDesk& desk, const WireCodec& codec);

}  // namespace preseal::agent
