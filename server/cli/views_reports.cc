// SPDX-License-Identifier: Apache-2.0
#include "server/cli/views_reports.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace preseal::server::cli {
namespace {

using Row = std::vector<Cell>;

constexpr int kBarWidth = 30;

int64_t MicrosOf(const google::protobuf::Duration& duration) {
  return duration.seconds() * 1'000'000 + duration.nanos() / 1000;
}

std::string YesNo(bool yes) { return yes ? "yes" : "no"; }

// "AGE_EXPIRED" -> "expired".
std::string WordOf(std::string name, size_t prefix) {
  name.erase(0, std::min(prefix, name.size()));
  for (char& c : name) {
    c = c == '_' ? ' ' : (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return name;
}

Cell AgeCell(fleet_v1::Seal::Age age) {
  const std::string word = WordOf(fleet_v1::Seal::Age_Name(age), sizeof("AGE_") - 1);
  switch (age) {
    case fleet_v1::Seal::AGE_EXPIRED:
      return {word, Tone::kBad};
    case fleet_v1::Seal::AGE_AGEING:
      return {word, Tone::kWarn};
    case fleet_v1::Seal::AGE_FRESH:
      return {word, Tone::kBusy};
    default:
      return {word, Tone::kGood};
  }
}

std::string WhatOf(const flow_v1::TimePart& part) {
  std::string what = WordOf(flow_v1::TimePart::Kind_Name(part.kind()), sizeof("KIND_") - 1);
  if (part.item_id().empty()) return what;
  const std::string& name = part.display_name().empty() ? part.item_id() : part.display_name();
  return part.kind() == flow_v1::TimePart::KIND_ITEM ? name : fmt::format("{}: {}", what, name);
}

void AddPart(const std::string& what, const std::string& kind, const std::string& item,
             const google::protobuf::Duration& duration, int64_t longest, int64_t whole,
             Report* report) {
  const int64_t micros = MicrosOf(duration);
  const auto bar = longest > 0 ? static_cast<size_t>(micros * kBarWidth / longest) : 0;
  const double share =
      whole > 0 ? 100.0 * static_cast<double>(micros) / static_cast<double>(whole) : 0;
  report->sections.back().table.rows.push_back({{what},
                                                {DurationText(duration)},
                                                {fmt::format("{:.1f} %", share)},
                                                {std::string(bar, '#'), Tone::kBusy}});
  report->csv.rows.push_back({{kind}, {item}, {std::to_string(micros)}});
}

std::string ResultOf(progress_v1::DeploymentState state) {
  return WordOf(progress_v1::DeploymentState_Name(state), sizeof("DEPLOYMENT_STATE_") - 1);
}

Section Facts(const std::vector<std::pair<std::string, std::string>>& facts) {
  Section section{.facts = true};
  section.table.columns = {"", ""};
  for (const auto& [label, value] : facts) {
    if (!value.empty()) section.table.rows.push_back({{label, Tone::kDim}, {value}});
  }
  return section;
}

}  // namespace

std::string DurationText(const google::protobuf::Duration& duration) {
  const int64_t millis = MicrosOf(duration) / 1000;
  const int64_t seconds = millis / 1000;
  if (seconds < 1) return fmt::format("{} ms", millis);
  if (seconds < 60) return fmt::format("{}.{} s", seconds, millis % 1000 / 100);
  if (seconds < 3600) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  if (seconds < 86400) return fmt::format("{} h {:02} min", seconds / 3600, seconds % 3600 / 60);
  return fmt::format("{} d {:02} h", seconds / 86400, seconds % 86400 / 3600);
}

void AddDeploymentFacts(const fleet_v1::Device& device, Section* section) {
  const auto add = [section](const char* label, std::string value, Tone tone = Tone::kPlain) {
    section->table.rows.push_back({{label, Tone::kDim}, {std::move(value), tone}});
  };
  if (device.deployment_state() != progress_v1::DEPLOYMENT_STATE_UNKNOWN) {
    add("Result", ResultOf(device.deployment_state()));
  }
  const auto& durations = device.durations();
  if (durations.has_total()) add("Took", DurationText(durations.total()));
  if (durations.has_device_setup()) {
    add("Device setup", DurationText(durations.device_setup()));
  }
  if (durations.has_account_setup()) {
    add("Account setup", DurationText(durations.account_setup()));
  }
  if (device.has_seal()) {
    const Cell age = AgeCell(device.seal().age());
    add("Seal's age", age.text, age.tone);
    for (const std::string& line : device.seal().drift()) add("Drifted", line, Tone::kWarn);
  }
  const auto& limit = device.one_time_limit();
  if (limit.deployments() == 1) add("Sealed", "once");
  if (limit.deployments() > 1) add("Sealed", fmt::format("{} times", limit.deployments()));
  if (limit.used()) add("Next enrolment", "refused until a lead allows it", Tone::kWarn);
  const std::string until = TimeText(limit.allow_next_expire_time());
  if (until.empty()) return;
  add("Next enrolment", fmt::format("allowed until {} by {}: {}", until, limit.allow_next_actor(),
                                    limit.allow_next_reason()));
}

Report AllowNextReport(const fleet_v1::Device& device) {
  const auto& limit = device.one_time_limit();
  const std::string until = TimeText(limit.allow_next_expire_time());
  Report report;
  report.sections.push_back(Facts({{"Device", IdOf(device.name())},
                                   {"Serial", device.serial_number()},
                                   {"Sealed so far", std::to_string(limit.deployments())},
                                   {"May enrol until", until},
                                   {"Allowed by", limit.allow_next_actor()},
                                   {"Reason", limit.allow_next_reason()}}));
  report.csv = {{"device", "serial_number", "deployments", "expire_time", "actor", "reason"},
                {{{IdOf(device.name())},
                  {device.serial_number()},
                  {std::to_string(limit.deployments())},
                  {until},
                  {limit.allow_next_actor()},
                  {limit.allow_next_reason()}}}};
  report.json = ToJson(device);
  return report;
}

Report SealsReport(const flow_v1::ListSealsResponse& response) {
  Report report;
  Section section;
  section.table.columns = {"DEVICE", "SERIAL", "NAME", "STATE", "SEALED", "AGE", "MARKS"};
  section.when_empty = "no seals";
  report.csv.columns = {"device",    "serial_number", "device_name", "state",
                        "seal_time", "age",           "drifted",     "unconfirmed"};
  for (const auto& sealed : response.seals()) {
    const auto& seal = sealed.seal();
    const Cell age = AgeCell(seal.age());
    std::string marks = seal.drifted() ? "drifted" : "";
    if (seal.unconfirmed()) marks += marks.empty() ? "unconfirmed" : ", unconfirmed";
    const std::string time = TimeText(seal.time());
    section.table.rows.push_back({{IdOf(sealed.device())},
                                  {sealed.serial_number()},
                                  {sealed.device_name()},
                                  StateCell(sealed.state()),
                                  {time},
                                  age,
                                  {marks, Tone::kWarn}});
    report.csv.rows.push_back({{IdOf(sealed.device())},
                               {sealed.serial_number()},
                               {sealed.device_name()},
                               {StateName(sealed.state())},
                               {time},
                               {age.text},
                               {YesNo(seal.drifted())},
                               {YesNo(seal.unconfirmed())}});
  }
  report.sections.push_back(std::move(section));
  report.json = ToJson(response);
  return report;
}

Report TimeReport(const flow_v1::TimeAttribution& attribution) {
  Report report;
  const int64_t whole = MicrosOf(attribution.wall_clock());
  if (attribution.has_start_time()) {
    report.sections.push_back(Facts({{"From", TimeText(attribution.start_time())},
                                     {"To", TimeText(attribution.end_time())},
                                     {"Wall clock", DurationText(attribution.wall_clock())}}));
  }
  Section bars;
  bars.table.columns = {"WHERE", "TIME", "SHARE", "BAR"};
  bars.when_empty = "nothing has begun";
  report.sections.push_back(std::move(bars));
  report.csv.columns = {"kind", "item_id", "micros"};
  int64_t longest = MicrosOf(attribution.remainder());
  for (const auto& part : attribution.parts()) {
    longest = std::max(longest, MicrosOf(part.duration()));
  }
  for (const auto& part : attribution.parts()) {
    AddPart(WhatOf(part), WordOf(flow_v1::TimePart::Kind_Name(part.kind()), sizeof("KIND_") - 1),
            part.item_id(), part.duration(), longest, whole, &report);
  }
  if (attribution.has_start_time()) {
    AddPart("(not attributed)", "remainder", "", attribution.remainder(), longest, whole, &report);
  }
  std::string path;
  for (const std::string& item : attribution.critical_path()) {
    path += (path.empty() ? "" : " > ") + item;
  }
  if (!path.empty()) report.sections.push_back(Facts({{"Critical path", path}}));
  report.json = ToJson(attribution);
  return report;
}

Report JourneyReport(const flow_v1::Journey& journey) {
  Report report;
  report.sections.push_back(Facts({{"Attempts", std::to_string(journey.attempts())},
                                   {"Sealed", YesNo(journey.succeeded())},
                                   {"First time right", YesNo(journey.first_time_right())},
                                   {"From", TimeText(journey.start_time())},
                                   {"To", TimeText(journey.end_time())}}));
  Section tries;
  tries.table.columns = {"RUN", "FLOW", "RESULT", "TIME", "FAILED ITEM", "CODE"};
  tries.when_empty = "no runs";
  report.csv.columns = {"run", "flow", "result", "micros", "failed_item", "code"};
  for (const auto& tried : journey.tries()) {
    const std::string flow = WordOf(progress_v1::Flow_Name(tried.flow()), sizeof("FLOW_") - 1);
    const std::string result = ResultOf(tried.deployment_state());
    tries.table.rows.push_back({{IdOf(tried.run())},
                                {flow},
                                {result},
                                {DurationText(tried.duration())},
                                {tried.failed_item()},
                                {tried.code()}});
    report.csv.rows.push_back({{IdOf(tried.run())},
                               {flow},
                               {result},
                               {std::to_string(MicrosOf(tried.duration()))},
                               {tried.failed_item()},
                               {tried.code()}});
  }
  report.sections.push_back(std::move(tries));
  report.json = ToJson(journey);
  return report;
}

Report QueuesReport(const flow_v1::ListTokensResponse& response) {
  Report report;
  Section section;
  section.table.columns = {"CLASS", "LIMIT", "PLACE", "DEVICE", "ITEM", "SINCE"};
  section.when_empty = "nobody holds or waits for anything";
  report.csv.columns = {"class", "limit", "place", "device", "item_id", "since"};
  const auto add = [&](const flow_v1::TokenQueue& queue, const flow_v1::TokenHolder& holder,
                       const std::string& place) {
    Row row{{queue.token()},    {std::to_string(queue.limit())}, {place}, {IdOf(holder.device())},
            {holder.item_id()}, {TimeText(holder.since())}};
    report.csv.rows.push_back(row);
    section.table.rows.push_back(std::move(row));
  };
  for (const auto& queue : response.queues()) {
    for (const auto& holder : queue.holders()) add(queue, holder, "holds");
    for (int i = 0; i < queue.waiters_size(); ++i) {
      add(queue, queue.waiters(i), std::to_string(i + 1));
    }
  }
  report.sections.push_back(std::move(section));
  report.json = ToJson(response);
  return report;
}

}  // namespace preseal::server::cli
