// SPDX-License-Identifier: Apache-2.0
// Batches, people and tokens.
#include <fmt/format.h>

#include "server/cli/views.h"

namespace preseal::server::cli {
namespace {

using Row = std::vector<Cell>;

int CountOf(const batch_v1::Batch& batch, lifecycle_v1::DeviceState state) {
  for (const auto& entry : batch.counts()) {
    if (entry.state() == state) return entry.count();
  }
  return 0;
}

std::vector<std::string> CsvColumns() {
  std::vector<std::string> columns = {"batch", "total", "silent"};
  for (int state = 1; state <= lifecycle_v1::DeviceState_MAX; ++state) {
    std::string name = StateName(static_cast<lifecycle_v1::DeviceState>(state));
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    columns.push_back(std::move(name));
  }
  columns.push_back("update_time");
  columns.push_back("refused");
  return columns;
}

Row CsvRow(const batch_v1::Batch& batch) {
  Row row = {
      {IdOf(batch.name())}, {std::to_string(batch.total())}, {std::to_string(batch.silent())}};
  for (int state = 1; state <= lifecycle_v1::DeviceState_MAX; ++state) {
    row.push_back({std::to_string(CountOf(batch, static_cast<lifecycle_v1::DeviceState>(state)))});
  }
  row.push_back({TimeText(batch.update_time())});
  row.push_back({std::to_string(batch.refused())});
  return row;
}

int CountUnderWay(const batch_v1::Batch& batch) {
  return CountOf(batch, lifecycle_v1::DEVICE_STATE_PRESENT) +
         CountOf(batch, lifecycle_v1::DEVICE_STATE_ENROLLED) +
         CountOf(batch, lifecycle_v1::DEVICE_STATE_PROVISIONING) +
         CountOf(batch, lifecycle_v1::DEVICE_STATE_SEALING);
}

int CountDelivered(const batch_v1::Batch& batch) {
  return CountOf(batch, lifecycle_v1::DEVICE_STATE_SEALED) +
         CountOf(batch, lifecycle_v1::DEVICE_STATE_USER_SETUP) +
         CountOf(batch, lifecycle_v1::DEVICE_STATE_IN_SERVICE);
}

Cell Counted(int count, Tone tone) {
  return {std::to_string(count), count > 0 ? tone : Tone::kPlain};
}

Cell RefusedCell(int refused) {
  if (refused == 0) return {"0"};
  return {fmt::format("{} of the failed: never enrolled, the server refused them", refused),
          Tone::kBad};
}

const std::vector<std::string> kBatchColumns = {"BATCH",     "TOTAL",   "SEALED", "READY",
                                                "UNDER WAY", "REFUSED", "FAILED", "WAITING",
                                                "SILENT",    "UPDATED"};

Row PeopleRow(const batch_v1::Batch& batch) {
  // The refused are failed by their state; here, as on the wall, they are told apart.
  const int failed = CountOf(batch, lifecycle_v1::DEVICE_STATE_FAILED) - batch.refused() +
                     CountOf(batch, lifecycle_v1::DEVICE_STATE_BLOCKED);
  return {{IdOf(batch.name())},
          {std::to_string(batch.total())},
          Counted(CountDelivered(batch), Tone::kGood),
          Counted(CountOf(batch, lifecycle_v1::DEVICE_STATE_READY_TO_SEAL), Tone::kGood),
          Counted(CountUnderWay(batch), Tone::kBusy),
          Counted(batch.refused(), Tone::kBad),
          Counted(failed, Tone::kBad),
          {std::to_string(CountOf(batch, lifecycle_v1::DEVICE_STATE_REGISTERED))},
          Counted(batch.silent(), Tone::kWarn),
          {TimeText(batch.update_time())}};
}

std::string RoleText(auth_v1::Role role) {
  std::string name = auth_v1::Role_Name(role);
  constexpr size_t kPrefix = sizeof("ROLE_") - 1;
  if (name.size() <= kPrefix) return "unknown";
  name = name.substr(kPrefix);
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

template <typename Names>
std::string Joined(const Names& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : " ") + IdOf(name);
  return out;
}

}  // namespace

Report BatchesReport(const batch_v1::ListBatchesResponse& response) {
  Report report;
  Section section;
  section.table.columns = kBatchColumns;
  section.when_empty = "no batches";
  report.csv.columns = CsvColumns();
  for (const auto& batch : response.batches()) {
    section.table.rows.push_back(PeopleRow(batch));
    report.csv.rows.push_back(CsvRow(batch));
  }
  report.sections.push_back(std::move(section));
  report.json = ToJson(response);
  return report;
}

Report BatchReport(const batch_v1::Batch& batch) {
  Report report;
  Section facts{.title = "", .facts = true, .table = {{"", ""}, {}}, .when_empty = ""};
  facts.table.rows = {{{"Batch", Tone::kDim}, {IdOf(batch.name())}},
                      {{"Devices", Tone::kDim}, {std::to_string(batch.total())}},
                      {{"Silent", Tone::kDim}, Counted(batch.silent(), Tone::kWarn)},
                      {{"Refused", Tone::kDim}, RefusedCell(batch.refused())},
                      {{"Created", Tone::kDim}, {TimeText(batch.create_time())}},
                      {{"Updated", Tone::kDim}, {TimeText(batch.update_time())}}};
  report.sections.push_back(std::move(facts));
  Section counts;
  counts.table.columns = {"STATE", "DEVICES"};
  for (const auto& entry : batch.counts()) {
    counts.table.rows.push_back({StateCell(entry.state()), {std::to_string(entry.count())}});
  }
  if (!counts.table.rows.empty()) report.sections.push_back(std::move(counts));
  report.csv = {CsvColumns(), {CsvRow(batch)}};
  report.json = ToJson(batch);
  return report;
}

Report BatchChangeReport(const batch_v1::Batch& batch) {
  Report report;
  Section section;
  section.table = {kBatchColumns, {PeopleRow(batch)}};
  report.sections.push_back(std::move(section));
  report.csv = {CsvColumns(), {CsvRow(batch)}};
  report.json = ToJson(batch);
  return report;
}

Report PrincipalReport(const auth_v1::Principal& principal, const std::string& server) {
  Report report;
  Section facts{.title = "", .facts = true, .table = {{"", ""}, {}}, .when_empty = ""};
  facts.table.rows = {{{"Name", Tone::kDim}, {principal.name()}},
                      {{"Role", Tone::kDim}, {RoleText(principal.role())}},
                      {{"Organisation", Tone::kDim}, {principal.organisation()}},
                      {{"Server", Tone::kDim}, {server}}};
  if (principal.batches_size() > 0) {
    facts.table.rows.push_back({{"Batches", Tone::kDim}, {Joined(principal.batches())}});
  }
  report.sections.push_back(std::move(facts));
  report.csv = {{"name", "role", "batches", "organisation", "server"},
                {{{principal.name()},
                  {RoleText(principal.role())},
                  {Joined(principal.batches())},
                  {principal.organisation()},
                  {server}}}};
  report.json = ToJson(principal);
  return report;
}

Report TokensReport(const auth_v1::ListApiTokensResponse& response) {
  Report report;
  Section section;
  section.table.columns = {"TOKEN", "NAME", "ROLE", "BATCHES", "CREATED", "EXPIRES", "LAST USED"};
  section.when_empty = "no tokens";
  report.csv.columns = {"token",       "display_name", "role",         "batches",
                        "create_time", "expire_time",  "last_use_time"};
  for (const auto& token : response.api_tokens()) {
    const std::string last_use = TimeText(token.last_use_time());
    Row row{{IdOf(token.name())},
            {token.display_name()},
            {RoleText(token.role())},
            {Joined(token.batches())},
            {TimeText(token.create_time())},
            {TimeText(token.expire_time())},
            {last_use}};
    report.csv.rows.push_back(row);
    if (last_use.empty()) row.back() = {"never", Tone::kDim};
    section.table.rows.push_back(std::move(row));
  }
  report.sections.push_back(std::move(section));
  report.json = ToJson(response);
  return report;
}

}  // namespace preseal::server::cli
