// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>
#include <string>

#include "agent/app/foundation.h"
#include "agent/service/enrollment/identity_store.h"
#include "agent/service/session/session.h"

namespace preseal::agent {

// One identity's life on the server: from its first connection until it is sealed, in service,
// refused, to be restarted, or stopped. Builds what the flow of `options` needs and drops it again.
// A device that could not be restarted goes on. A Status says why it cannot go on. Blocks.
//   key_reference  of the device key, for TLS
StatusOr<SessionEnd> RunSession(const Options& options, Foundation& base, DeviceIdentity& identity,
                                const std::string& key_reference, const Surroundings& around,
                                std::stop_token stop);

}  // namespace preseal::agent
