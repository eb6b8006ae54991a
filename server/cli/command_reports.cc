// SPDX-License-Identifier: Apache-2.0
// allow-next, seals, time, journey, queues.
#include <google/protobuf/util/time_util.h>

#include "common/base/limits.h"
#include "preseal/flow/v1/flow.grpc.pb.h"
#include "server/cli/connection.h"
#include "server/cli/names.h"
#include "server/cli/report_commands.h"
#include "server/cli/views.h"
#include "server/cli/views_reports.h"

namespace preseal::server::cli {
namespace {

using FlowStub = flow_v1::FlowService::Stub;

bool Selects(const SealsOptions& options) {
  return options.ageing || options.expired || options.drifted || options.unconfirmed;
}

}  // namespace

StatusOr<ExitCode> AllowNext(const Cli& cli, const AllowNextOptions& options) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  flow_v1::AllowNextEnrollmentRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), DeviceName(*connection, options.device));
  request.set_reason(options.reason);
  if (options.life.count() > 0) {
    using google::protobuf::util::TimeUtil;
    *request.mutable_expire_time() =
        TimeUtil::GetCurrentTime() + TimeUtil::SecondsToDuration(options.life.count());
  }
  ASSIGN_OR_RETURN(const auto device, connection->Call(&FlowStub::AllowNextEnrollment, request));
  cli.Print(AllowNextReport(device));
  return ExitCode::kOk;
}

StatusOr<ExitCode> ListSeals(const Cli& cli, const SealsOptions& options) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  flow_v1::ListSealsRequest request;
  ASSIGN_OR_RETURN(*request.mutable_batch(), BatchName(options.batch));
  if (options.ageing) request.add_ages(fleet_v1::Seal::AGE_AGEING);
  if (options.expired) request.add_ages(fleet_v1::Seal::AGE_EXPIRED);
  request.set_drifted(options.drifted);
  request.set_unconfirmed(options.unconfirmed);
  request.set_page_size(kPageSizeMax);
  flow_v1::ListSealsResponse all;
  do {
    ASSIGN_OR_RETURN(auto page, connection->Call(&FlowStub::ListSeals, request));
    for (auto& seal : *page.mutable_seals()) *all.add_seals() = std::move(seal);
    if (static_cast<size_t>(all.seals_size()) > kCliDevicesMax) {
      return ResourceExhausted("too many seals to hold at once: name a batch");
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  cli.Print(SealsReport(all));
  return Selects(options) && all.seals_size() > 0 ? ExitCode::kNo : ExitCode::kOk;
}

StatusOr<ExitCode> ShowTime(const Cli& cli, const std::string& device) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  flow_v1::GetTimeAttributionRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), DeviceName(*connection, device));
  ASSIGN_OR_RETURN(const auto found, connection->Call(&FlowStub::GetTimeAttribution, request));
  cli.Print(TimeReport(found));
  return ExitCode::kOk;
}

StatusOr<ExitCode> ShowJourney(const Cli& cli, const std::string& device) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  flow_v1::GetJourneyRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), DeviceName(*connection, device));
  ASSIGN_OR_RETURN(const auto found, connection->Call(&FlowStub::GetJourney, request));
  cli.Print(JourneyReport(found));
  return ExitCode::kOk;
}

StatusOr<ExitCode> ListQueues(const Cli& cli) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ASSIGN_OR_RETURN(const auto found,
                   connection->Call(&FlowStub::ListTokens, flow_v1::ListTokensRequest()));
  cli.Print(QueuesReport(found));
  return ExitCode::kOk;
}

}  // namespace preseal::server::cli
