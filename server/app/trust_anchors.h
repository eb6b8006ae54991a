// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/status/status.h"
#include "server/adapters/config/server_config.h"
#include "server/service/trust/trust_source.h"

namespace preseal::server {

// Reads the roots the configuration names: PEM bundles, or folders of *.pem and *.crt. In a folder
// self-signed certificates are roots and the others helpers on the way to them. InvalidArgument or
// NotFound names the file. No root at all is FailedPrecondition: nothing could ever enrol.
StatusOr<TrustBasis> LoadTrust(const ServerConfig& config);

}  // namespace preseal::server
