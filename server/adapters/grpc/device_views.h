// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/status/status.h"
#include "preseal/fleet/v1/fleet.pb.h"
#include "server/service/flow/flow_reports.h"
#include "server/service/ports.h"
#include "server/service/profile/profile_catalog.h"

namespace preseal::server {

enum class DeviceDetail {
  kTile,  // with its present run and last command
  kPage,  // and all runs and items, results, seal, and what may be done now
};

// Devices as the API shows them, with what other tables and the profile in effect add. Thread-safe.
class DeviceViews {
 public:
  DeviceViews(ProfileCatalog& profiles, const FlowReports& reports, const Clock& clock)
      : profiles_(profiles), reports_(reports), clock_(clock) {}

  Status Fill(Tx& tx, const Device& device, DeviceDetail detail, fleet::v1::Device* out) const;

 private:
  Status FillPage(Tx& tx, const Device& device, fleet::v1::Device* out) const;

  ProfileCatalog& profiles_;
  const FlowReports& reports_;
  const Clock& clock_;
};

}  // namespace preseal::server
