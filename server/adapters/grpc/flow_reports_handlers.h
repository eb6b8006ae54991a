// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/clock.h"
#include "common/status/status.h"
#include "preseal/flow/v1/flow.pb.h"
#include "server/service/flow/flow_reports.h"
#include "server/service/flow/one_time_limit.h"
#include "server/service/flow/token_desk.h"
#include "server/service/ports.h"
#include "server/service/principal.h"

namespace preseal::server {

// Event::content, a serialized preseal.progress.v1.Event, back into an event. DataLoss.
StatusOr<Event> DecodeStoredEvent(ByteView content);

// The methods of preseal.flow.v1.FlowService that tell about deployments, seals and queues; the
// service has checked who is calling. What each does is said in the proto. Thread-safe; blocks on
// the store.
class FlowReportsHandlers {
 public:
  FlowReportsHandlers(FlowReports& reports, OneTimeLimit& limit, FloorTokens& tokens)
      : reports_(reports), limit_(limit), tokens_(tokens) {}

  // Right::kSeeFleet.
  Status GetTimeAttribution(const flow::v1::GetTimeAttributionRequest& request,
                            flow::v1::TimeAttribution* response);
  Status GetJourney(const flow::v1::GetJourneyRequest& request, flow::v1::Journey* response);
  Status ListSeals(const flow::v1::ListSealsRequest& request,
                   flow::v1::ListSealsResponse* response);
  Status ListTokens(flow::v1::ListTokensResponse* response);
  // Right::kManageIdentities. Returns the record; the service makes the answer of it.
  StatusOr<Device> AllowNextEnrollment(const Principal& actor,
                                       const flow::v1::AllowNextEnrollmentRequest& request);

 private:
  FlowReports& reports_;
  OneTimeLimit& limit_;
  FloorTokens& tokens_;
};

}  // namespace preseal::server
