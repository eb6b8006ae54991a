// SPDX-License-Identifier: Apache-2.0
#include "server/app/diagnostics_parts.h"

#include <utility>

namespace preseal::server {

StatusOr<std::unique_ptr<DiagnosticsParts>> DiagnosticsParts::Open(Store& store, const Clock& clock,
                                                                   Accounts& accounts,
                                                                   RevocationMap& revocations,
                                                                   Workers& workers,
                                                                   const ServerConfig& config) {
  ASSIGN_OR_RETURN(auto bundles, BundleFolder::Open(config.state_dir / "diagnostics"));
  return std::unique_ptr<DiagnosticsParts>(new DiagnosticsParts(
      std::move(bundles), store, clock, accounts, revocations, workers, config));
}

}  // namespace preseal::server
