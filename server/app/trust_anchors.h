// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "common/base/clock.h"
#include "common/status/status.h"
#include "server/adapters/ca/ca_store.h"
#include "server/adapters/ca/evidence_signer.h"
#include "server/adapters/config/server_config.h"
#include "server/service/trust_source.h"

namespace preseal::server {

// Reads the roots the configuration names: PEM bundles, or folders of *.pem and *.crt. In a folder
// self-signed certificates are roots and the others helpers on the way to them. InvalidArgument or
// NotFound names the file. No root at all is FailedPrecondition: nothing could ever enrol.
StatusOr<TrustBasis> LoadTrust(const ServerConfig& config);

// What signs evidence records: the newest seal signer, as for birth certificates, since both are
// this floor's own word. Errors of CaEvidenceSigner::Load.
StatusOr<std::unique_ptr<CaEvidenceSigner>> LoadEvidenceSigner(const CaStore& ca, WallTime now);

}  // namespace preseal::server
