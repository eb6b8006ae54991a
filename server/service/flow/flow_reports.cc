// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/flow_reports.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/limits.h"
#include "server/domain/reports/time_spans.h"
#include "server/service/flow/flow_runs.h"

namespace preseal::server {
namespace {

// A page of the journal at a time.
constexpr int kJournalPage = 1000;

bool IsOf(const Deployment& deployment, const Run& run) {
  return deployment.start && run.start_time >= *deployment.start;
}

}  // namespace

FlowReports::FlowReports(Store& store, const Clock& clock, ProfileCatalog& catalog,
                         SealPolicy policy, EventDecoder decoder)
    : store_(store),
      clock_(clock),
      catalog_(catalog),
      policy_(policy),
      decoder_(std::move(decoder)) {}

StatusOr<DeploymentView> FlowReports::Deployment(Tx& tx, const Device& device,
                                                 bool flow_allowed) const {
  ASSIGN_OR_RETURN(const auto marks, tx.devices.Marks(device.id));
  ASSIGN_OR_RETURN(const auto runs, tx.runs.ListRuns(device.id));
  const auto deployment = LatestDeployment(marks);
  DeploymentFacts facts{.state = device.state,
                        .flow_allowed = flow_allowed,
                        .attempted = device.refused_attempts > 0};
  std::vector<RunTimes> times;
  for (const Run& run : runs) {
    times.push_back({run.flow, run.start_time, run.end_time});
    if (!IsOf(deployment, run)) continue;
    ASSIGN_OR_RETURN(const RunItems items, ReadRunItems(tx, run.run_id));
    facts.attempted = true;
    facts.retried = facts.retried || (FailedTry(run.outcome) && !run.continued);
    facts.continued = facts.continued || run.continued;
    facts.waived = facts.waived || (items.waived && run.outcome == RunOutcome::kSucceeded);
  }
  return DeploymentView{.state = StateOfDeployment(facts),
                        .durations = DurationsOf(deployment, times, clock_.Now())};
}

std::optional<SealView> FlowReports::SealWithoutDrift(const Device& device) const {
  if (!device.seal_time && !device.seal_unconfirmed) return std::nullopt;
  SealView view{.time = device.seal_time.value_or(device.state_time),
                .unconfirmed = device.seal_unconfirmed};
  view.age = AgeOf(view.time, clock_.Now(), policy_);
  return view;
}

Status FlowReports::AddDrift(Tx& tx, const Device& device, bool lines, SealView* view) const {
  if (device.sealed_plan_digest.empty()) return OkStatus();
  const auto digest = catalog_.DigestNow(tx, device);
  const StatusCode code = digest.status().code();
  if (code == StatusCode::kFailedPrecondition || code == StatusCode::kNotFound) {
    view->drifted = true;
    if (lines) view->drift.push_back(MessageOf(digest.status()));
    return OkStatus();
  }
  RETURN_IF_ERROR(digest.status());
  view->drifted = *digest != device.sealed_plan_digest;
  if (!view->drifted || !lines) return OkStatus();
  ASSIGN_OR_RETURN(const Bytes plan, SealedPlan(tx, device));
  ASSIGN_OR_RETURN(view->drift, catalog_.DriftLines(tx, device, plan));
  return OkStatus();
}

StatusOr<std::optional<SealView>> FlowReports::Seal(Tx& tx, const Device& device,
                                                    bool lines) const {
  auto view = SealWithoutDrift(device);
  if (view) RETURN_IF_ERROR(AddDrift(tx, device, lines, &*view));
  return view;
}

// The newest run with the digest that was sealed.
StatusOr<Bytes> FlowReports::SealedPlan(Tx& tx, const Device& device) const {
  ASSIGN_OR_RETURN(const auto runs, tx.runs.ListRuns(device.id));
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    if (run->flow != Flow::kTechnician || run->profile_digest != device.sealed_plan_digest)
      continue;
    ASSIGN_OR_RETURN(Run whole, tx.runs.GetRun(run->run_id));
    return std::move(whole.plan);
  }
  return DataLoss(fmt::format("the run {} was sealed with is missing", device.id.text()));
}

Status FlowReports::ReadRun(Tx& tx, const Run& run, WallTime until,
                            std::vector<TimeSpan>* spans) const {
  RunSpans reader;
  uint64_t after = 0;
  size_t read = 0;
  WallTime last = run.start_time;
  for (;;) {
    ASSIGN_OR_RETURN(const auto page, tx.events.Contents(run.run_id, after, kJournalPage));
    for (const JournalContent& entry : page) {
      auto event = decoder_(entry.content);
      if (!event.ok()) {
        return DataLoss(fmt::format("event {} of run {}: {}", entry.sequence, run.run_id.text(),
                                    MessageOf(event.status())));
      }
      reader.Read({entry.receive_time, *std::move(event)});
      last = entry.receive_time;
      after = entry.sequence;
    }
    read += page.size();
    const bool all = page.size() < static_cast<size_t>(kJournalPage);
    if (!all && read < kSpansPerReportMax) continue;
    auto found = reader.Finish(all ? run.end_time.value_or(until) : last);
    spans->insert(spans->end(), std::make_move_iterator(found.begin()),
                  std::make_move_iterator(found.end()));
    return OkStatus();
  }
}

StatusOr<TimeReport> FlowReports::Report(Tx& tx, const Device& device) const {
  ASSIGN_OR_RETURN(const auto marks, tx.devices.Marks(device.id));
  const auto deployment = LatestDeployment(marks);
  TimeReport report{.end = deployment.end.value_or(clock_.Now())};
  if (!deployment.start) return report;
  report.start = deployment.start;
  std::vector<TimeSpan> spans = SpansOfMarks(marks, report.end);
  ASSIGN_OR_RETURN(const auto runs, tx.runs.ListRuns(device.id));
  std::vector<Item> items;
  for (const Run& run : runs) {
    if (!IsOf(deployment, run)) continue;
    RETURN_IF_ERROR(ReadRun(tx, run, report.end, &spans));
    ASSIGN_OR_RETURN(items, tx.runs.Items(device.id, run.run_id.attempt()));
    for (const Item& item : items) report.names[item.item_id.text()] = item.display_name;
    report.critical_path = CriticalPath(PathItemsOf(items, run.end_time.value_or(report.end)));
  }
  report.attribution = Attribute(*report.start, report.end, spans);
  return report;
}

StatusOr<TimeReport> FlowReports::TimeOf(const DeviceId& id) const {
  TimeReport report;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(const Device device, tx.devices.Get(id));
    ASSIGN_OR_RETURN(report, Report(tx, device));
    return OkStatus();
  }));
  return report;
}

StatusOr<Journey> FlowReports::JourneyOf(const DeviceId& id) const {
  Journey journey;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    RETURN_IF_ERROR(tx.devices.Get(id).status());
    ASSIGN_OR_RETURN(const auto marks, tx.devices.Marks(id));
    ASSIGN_OR_RETURN(const auto runs, ReadJourneyRuns(tx, id));
    const auto sealed = std::find_if(marks.begin(), marks.end(), [](const DeviceMark& mark) {
      return mark.state == DeviceState::kSealed;
    });
    journey = server::JourneyOf(
        runs, sealed == marks.end() ? std::nullopt : std::optional(sealed->time), clock_.Now());
    return OkStatus();
  }));
  return journey;
}

StatusOr<bool> FlowReports::Fits(Tx& tx, const SealQuery& query, const Device& device,
                                 SealPage::Row* row) const {
  auto seal = SealWithoutDrift(device);
  if (!seal) return false;
  if (query.unconfirmed && !seal->unconfirmed) return false;
  const bool any_age = query.ages.empty();
  if (!any_age && std::find(query.ages.begin(), query.ages.end(), seal->age) == query.ages.end()) {
    return false;
  }
  // Last: it makes a plan.
  RETURN_IF_ERROR(AddDrift(tx, device, /*lines=*/false, &*seal));
  if (query.drifted && !seal->drifted) return false;
  *row = {device, *std::move(seal)};
  return true;
}

StatusOr<SealPage> FlowReports::ListSeals(const SealQuery& query) const {
  SealPage page;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    const DeviceFilter filter{.batch = query.batch,
                              .states = {DeviceState::kSealing, DeviceState::kSealed}};
    ASSIGN_OR_RETURN(const auto devices, tx.devices.List(filter, query.after, kSealsLookedAtMax));
    for (const Device& device : devices) {
      SealPage::Row row;
      ASSIGN_OR_RETURN(const bool fits, Fits(tx, query, device, &row));
      if (fits) page.rows.push_back(std::move(row));
      if (page.rows.size() < static_cast<size_t>(query.limit)) continue;
      page.after = device.id;
      return OkStatus();
    }
    if (devices.size() == static_cast<size_t>(kSealsLookedAtMax)) page.after = devices.back().id;
    return OkStatus();
  }));
  return page;
}

}  // namespace preseal::server
