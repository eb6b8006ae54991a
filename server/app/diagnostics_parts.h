// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "common/base/clock.h"
#include "common/status/status.h"
#include "server/adapters/config/server_config.h"
#include "server/adapters/diagnostics/bundle_folder.h"
#include "server/adapters/grpc/diagnostics_reader.h"
#include "server/adapters/grpc/diagnostics_service.h"
#include "server/service/diagnostics/diagnostics_office.h"

namespace preseal::server {

// Diagnostics from the disk to both ports, in the order of construction. What is passed in outlives
// them.
class DiagnosticsParts {
 public:
  // Errors of BundleFolder::Open.
  static StatusOr<std::unique_ptr<DiagnosticsParts>> Open(Store& store, const Clock& clock,
                                                          Accounts& accounts,
                                                          RevocationMap& revocations,
                                                          Workers& workers,
                                                          const ServerConfig& config);
  DiagnosticsParts(const DiagnosticsParts&) = delete;
  DiagnosticsParts& operator=(const DiagnosticsParts&) = delete;

  void Tick() { office_.Tick(); }
  grpc::Service& device_service() { return device_service_; }
  grpc::Service& reader() { return reader_; }

 private:
  DiagnosticsParts(std::unique_ptr<BundleFolder> bundles, Store& store, const Clock& clock,
                   Accounts& accounts, RevocationMap& revocations, Workers& workers,
                   const ServerConfig& config)
      : bundles_(std::move(bundles)),
        office_(*bundles_, store, clock, config.diagnostics_life),
        device_service_(office_, revocations, workers),
        reader_(accounts, office_, *bundles_, workers) {}

  const std::unique_ptr<BundleFolder> bundles_;
  DiagnosticsOffice office_;
  DiagnosticsService device_service_;
  DiagnosticsReader reader_;
};

}  // namespace preseal::server
