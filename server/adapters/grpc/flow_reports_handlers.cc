// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/flow_reports_handlers.h"

#include <fmt/format.h>

#include "common/base/limits.h"
#include "server/adapters/grpc/convert.h"
#include "server/adapters/grpc/flow_reports_views.h"
#include "server/adapters/grpc/paging.h"
#include "server/adapters/grpc/resource_names.h"
#include "server/wire/wire_time.h"

namespace preseal::server {
namespace {

namespace fv1 = flow::v1;

constexpr int kSealsPageDefault = 100;

StatusOr<SealAge> ToDomain(int age) {
  if (age >= static_cast<int>(SealAge::kFresh) && age <= static_cast<int>(SealAge::kExpired)) {
    return static_cast<SealAge>(age);
  }
  return InvalidArgument(fmt::format("unknown age {}", age));
}

StatusOr<SealQuery> ToDomain(const fv1::ListSealsRequest& request) {
  SealQuery query{.drifted = request.drifted(), .unconfirmed = request.unconfirmed()};
  if (request.ages_size() > static_cast<int>(SealAge::kExpired)) {
    return InvalidArgument("more ages than there are");
  }
  for (const int age : request.ages()) {
    ASSIGN_OR_RETURN(query.ages.emplace_back(), ToDomain(age));
  }
  if (!request.batch().empty()) {
    ASSIGN_OR_RETURN(query.batch, ParseBatchName(request.batch()));
  }
  ASSIGN_OR_RETURN(query.limit, PageSize(request.page_size(), kSealsPageDefault));
  ASSIGN_OR_RETURN(const uint64_t after, ParseNumberToken(request.page_token()));
  if (after != 0) query.after = DeviceId::FromNumber(after);
  return query;
}

}  // namespace

StatusOr<Event> DecodeStoredEvent(ByteView content) {
  progress::v1::Event message;
  if (!message.ParseFromArray(content.data(), static_cast<int>(content.size()))) {
    return DataLoss("a stored event cannot be read");
  }
  return ToDomain(message);
}

Status FlowReportsHandlers::GetTimeAttribution(const fv1::GetTimeAttributionRequest& request,
                                               fv1::TimeAttribution* response) {
  ASSIGN_OR_RETURN(const DeviceId id, ParseDeviceName(request.name()));
  ASSIGN_OR_RETURN(const TimeReport report, reports_.TimeOf(id));
  ToProto(report, response);
  return OkStatus();
}

Status FlowReportsHandlers::GetJourney(const fv1::GetJourneyRequest& request,
                                       fv1::Journey* response) {
  ASSIGN_OR_RETURN(const DeviceId id, ParseDeviceName(request.name()));
  ASSIGN_OR_RETURN(const Journey journey, reports_.JourneyOf(id));
  ToProto(journey, response);
  return OkStatus();
}

Status FlowReportsHandlers::ListSeals(const fv1::ListSealsRequest& request,
                                      fv1::ListSealsResponse* response) {
  ASSIGN_OR_RETURN(const SealQuery query, ToDomain(request));
  ASSIGN_OR_RETURN(const SealPage page, reports_.ListSeals(query));
  ToProto(page, response);
  return OkStatus();
}

Status FlowReportsHandlers::ListTokens(fv1::ListTokensResponse* response) {
  ToProto(tokens_, tokens_.Snapshot(), response);
  return OkStatus();
}

StatusOr<Device> FlowReportsHandlers::AllowNextEnrollment(
    const Principal& actor, const fv1::AllowNextEnrollmentRequest& request) {
  ASSIGN_OR_RETURN(const DeviceId id, ParseDeviceName(request.name()));
  std::optional<WallTime> expiry;
  if (request.has_expire_time()) {
    // Beyond what a clock of nanoseconds can say.
    constexpr int64_t kSecondsMax = 9'000'000'000;
    if (request.expire_time().seconds() > kSecondsMax || request.expire_time().seconds() < 0) {
      return InvalidArgument("expire_time is out of range");
    }
    expiry = ToWallTime(request.expire_time());
  }
  return limit_.AllowNext(actor, id, request.reason(), expiry);
}

}  // namespace preseal::server
