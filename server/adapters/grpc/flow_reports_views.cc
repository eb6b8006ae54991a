// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/flow_reports_views.h"

#include "server/adapters/grpc/resource_names.h"
#include "server/domain/reports/one_time_rule.h"
#include "server/wire/wire_time.h"

namespace preseal::server {
namespace {

namespace fv1 = flow::v1;

void ToProto(const TimePart& part, const TimeReport& report, fv1::TimePart* out) {
  out->set_kind(static_cast<fv1::TimePart::Kind>(part.kind));
  out->set_item_id(part.item_id);
  const auto name = report.names.find(part.item_id);
  if (name != report.names.end()) out->set_display_name(name->second);
  SetDuration(part.duration, out->mutable_duration());
}

void ToProto(const JourneyTry& tried, fv1::JourneyAttempt* out) {
  out->set_run(NameOfRun(tried.run.run_id));
  out->set_flow(static_cast<progress::v1::Flow>(tried.run.flow));
  out->set_outcome(static_cast<progress::v1::RunOutcome>(tried.run.outcome));
  out->set_deployment_state(static_cast<progress::v1::DeploymentState>(tried.state));
  SetDuration(tried.duration, out->mutable_duration());
  out->set_failed_item(tried.run.failed_item);
  out->set_code(tried.run.code);
}

void ToProto(const FloorTokens& tokens, const TokenQueue::Entry& entry, fv1::TokenHolder* out) {
  out->set_device(NameOfDevice(entry.user.device));
  out->set_item_id(entry.user.item_id);
  SetTime(tokens.WallOf(entry.since), out->mutable_since());
}

}  // namespace

void ToProto(const Durations& durations, fleet::v1::Durations* out) {
  if (durations.total) SetDuration(*durations.total, out->mutable_total());
  if (durations.device_setup) SetDuration(*durations.device_setup, out->mutable_device_setup());
  if (durations.account_setup) SetDuration(*durations.account_setup, out->mutable_account_setup());
}

void ToProto(const SealView& seal, fleet::v1::Seal* out) {
  SetTime(seal.time, out->mutable_time());
  out->set_age(static_cast<fleet::v1::Seal::Age>(seal.age));
  out->set_drifted(seal.drifted);
  for (const std::string& line : seal.drift) out->add_drift(line);
  out->set_unconfirmed(seal.unconfirmed);
}

void ToProto(const TimeReport& report, fv1::TimeAttribution* out) {
  if (!report.start) return;
  SetTime(*report.start, out->mutable_start_time());
  SetTime(report.end, out->mutable_end_time());
  SetDuration(report.attribution.wall_clock, out->mutable_wall_clock());
  for (const TimePart& part : report.attribution.parts) ToProto(part, report, out->add_parts());
  SetDuration(report.attribution.remainder, out->mutable_remainder());
  for (const std::string& item : report.critical_path) out->add_critical_path(item);
}

void ToProto(const Journey& journey, fv1::Journey* out) {
  out->set_attempts(journey.attempts);
  out->set_first_time_right(journey.first_time_right);
  out->set_succeeded(journey.succeeded);
  if (journey.start) SetTime(*journey.start, out->mutable_start_time());
  if (journey.end) SetTime(*journey.end, out->mutable_end_time());
  for (const JourneyTry& tried : journey.tries) ToProto(tried, out->add_tries());
}

void ToProto(const SealPage& page, fv1::ListSealsResponse* out) {
  for (const SealPage::Row& row : page.rows) {
    fv1::SealedDevice* seal = out->add_seals();
    seal->set_device(NameOfDevice(row.device.id));
    seal->set_serial_number(row.device.serial_number);
    seal->set_device_name(row.device.device_name);
    seal->set_state(static_cast<lifecycle::v1::DeviceState>(row.device.state));
    ToProto(row.seal, seal->mutable_seal());
  }
  if (page.after) out->set_next_page_token(std::to_string(page.after->number()));
}

void ToProto(const FloorTokens& tokens, const std::vector<FloorTokens::Queue>& queues,
             fv1::ListTokensResponse* out) {
  for (const FloorTokens::Queue& queue : queues) {
    fv1::TokenQueue* shown = out->add_queues();
    shown->set_token(queue.token);
    shown->set_limit(queue.limit);
    for (const auto& entry : queue.holders) ToProto(tokens, entry, shown->add_holders());
    for (const auto& entry : queue.waiters) ToProto(tokens, entry, shown->add_waiters());
  }
}

void FillOneTimeLimit(const Device& device, WallTime now, fleet::v1::Device* out) {
  fleet::v1::OneTimeLimit* limit = out->mutable_one_time_limit();
  limit->set_deployments(device.deployments);
  limit->set_used(OneTimeUsed(device) && !NextIsAllowed(device, now));
  if (!device.allow_next) return;
  limit->set_allow_next_actor(device.allow_next->actor);
  limit->set_allow_next_reason(device.allow_next->reason);
  SetTime(device.allow_next->expire_time, limit->mutable_allow_next_expire_time());
}

void FillDeployment(const DeploymentView& view, fleet::v1::Device* out) {
  out->set_deployment_state(static_cast<progress::v1::DeploymentState>(view.state));
  ToProto(view.durations, out->mutable_durations());
}

}  // namespace preseal::server
