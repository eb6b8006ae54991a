// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/domain/reports/deployment_state.h"
#include "server/domain/reports/durations.h"
#include "server/domain/reports/journey.h"
#include "server/domain/reports/seal_age.h"
#include "server/domain/reports/time_attribution.h"
#include "server/service/ports.h"
#include "server/service/profile/profile_catalog.h"

namespace preseal::server {

// Event::content back into an event. DataLoss: it is none.
using EventDecoder = std::function<StatusOr<Event>(ByteView content)>;

struct DeploymentView {
  DeploymentState state = DeploymentState::kUnknown;
  Durations durations;
};

// What is known of the newest seal. Devices that were brought back to the bench have none.
struct SealView {
  WallTime time;
  SealAge age = SealAge::kFresh;
  bool drifted = false;            // what is assigned now is not what was sealed
  std::vector<std::string> drift;  // how, for people
  bool unconfirmed = false;
};

struct TimeReport {
  std::optional<WallTime> start;  // absent: nothing has begun, and the rest is empty
  WallTime end;                   // now, while it goes on
  TimeAttribution attribution;
  std::map<std::string, std::string> names;  // display names by item id
  std::vector<std::string> critical_path;    // of the latest run
};

struct SealQuery {
  std::vector<SealAge> ages;  // empty: all
  bool drifted = false;       // only these
  bool unconfirmed = false;   // only these
  std::optional<BatchId> batch;
  std::optional<DeviceId> after;
  int limit = 0;
};
struct SealPage {
  struct Row {
    Device device;
    SealView seal;
  };
  std::vector<Row> rows;          // by id
  std::optional<DeviceId> after;  // where to go on; absent: that was all
};

// What the record and the journal say about deployments, attempts and seals. All times are the
// server's. Thread-safe; methods without a Tx read the store themselves. Errors are the store's.
class FlowReports {
 public:
  FlowReports(Store& store, const Clock& clock, ProfileCatalog& catalog, SealPolicy policy,
              EventDecoder decoder);

  // Result and durations of the present or latest deployment. `flow_allowed`: the profile allows
  // the flow that would come next.
  StatusOr<DeploymentView> Deployment(Tx& tx, const Device& device, bool flow_allowed) const;

  // Absent before the first seal. `lines`: say what drifted, too. A device whose plan cannot be
  // made now, because it has no profile any more for example, has drifted, and the line says why.
  StatusOr<std::optional<SealView>> Seal(Tx& tx, const Device& device, bool lines) const;

  // Where the time of the present or latest deployment went. At most kSpansPerReportMax events of
  // a run are read; what comes later is part of the remainder. DataLoss: the journal is damaged.
  StatusOr<TimeReport> TimeOf(const DeviceId& id) const;

  // From the first run to the first seal.
  StatusOr<Journey> JourneyOf(const DeviceId& id) const;

  // Sealed devices, and those whose seal waits to be confirmed. Looks at kSealsLookedAtMax devices
  // at most, so a page may be short, or empty, and yet have a next one.
  StatusOr<SealPage> ListSeals(const SealQuery& query) const;

 private:
  std::optional<SealView> SealWithoutDrift(const Device& device) const;
  Status AddDrift(Tx& tx, const Device& device, bool lines, SealView* view) const;
  StatusOr<Bytes> SealedPlan(Tx& tx, const Device& device) const;
  Status ReadRun(Tx& tx, const Run& run, WallTime until, std::vector<TimeSpan>* spans) const;
  StatusOr<TimeReport> Report(Tx& tx, const Device& device) const;
  StatusOr<bool> Fits(Tx& tx, const SealQuery& query, const Device& device,
                      SealPage::Row* row) const;

  Store& store_;
  const Clock& clock_;
  ProfileCatalog& catalog_;
  const SealPolicy policy_;
  const EventDecoder decoder_;
};

}  // namespace preseal::server
