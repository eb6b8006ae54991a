// SPDX-License-Identifier: Apache-2.0
// import.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/files/files.h"
#include "preseal/fleet/v1/fleet.grpc.pb.h"
#include "server/cli/commands.h"
#include "server/cli/connection.h"
#include "server/cli/import_csv.h"
#include "server/cli/input_file.h"
#include "server/cli/names.h"
#include "server/cli/views.h"

namespace preseal::server::cli {
namespace {

using Fleet = fleet_v1::FleetService::Stub;

// One row as it is told to a person.
struct RowResult {
  size_t row = 0;
  std::string serial_number;
  std::string result;  // created, unchanged, ready, refused
  std::string device;
  std::string message;
};

fleet_v1::ImportDevicesRequest RequestFor(const ImportFile& file) {
  fleet_v1::ImportDevicesRequest request;
  for (const ImportLine& line : file.lines) {
    fleet_v1::ImportRow* row = request.add_rows();
    row->set_serial_number(line.serial_number);
    row->set_manufacturer(line.manufacturer);
    row->set_model(line.model);
    row->set_assigned_user(line.assigned_user);
    row->set_sku(line.sku);
    row->set_group_tag(line.group_tag);
    row->mutable_attributes()->insert(line.attributes.begin(), line.attributes.end());
  }
  return request;
}

RowResult FromServer(const ImportLine& line, const fleet_v1::ImportRowResult& answer,
                     bool validate_only) {
  RowResult row{line.row, line.serial_number, "", IdOf(answer.device()), answer.message()};
  switch (answer.outcome()) {
    case fleet_v1::ImportRowResult::OUTCOME_CREATED:
      row.result = validate_only ? "would be created" : "created";
      break;
    case fleet_v1::ImportRowResult::OUTCOME_UNCHANGED:
      row.result = "unchanged";
      break;
    default:
      row.result = "refused";
      if (!answer.code().empty()) row.message = answer.code() + ": " + answer.message();
  }
  return row;
}

StatusOr<std::vector<RowResult>> AskServer(const Connection& connection, const ImportFile& file,
                                           const std::string& batch, bool validate_only) {
  fleet_v1::ImportDevicesRequest request = RequestFor(file);
  request.set_batch(batch);
  request.set_validate_only(validate_only);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), NewRequestId());
  ASSIGN_OR_RETURN(const auto response, connection.Call(&Fleet::ImportDevices, request));
  if (response.results_size() != request.rows_size()) {
    return Internal(fmt::format("the server answered {} rows of {}", response.results_size(),
                                request.rows_size()));
  }
  std::vector<RowResult> rows;
  for (int i = 0; i < response.results_size(); ++i) {
    rows.push_back(
        FromServer(file.lines[static_cast<size_t>(i)], response.results(i), validate_only));
  }
  return rows;
}

size_t CountOf(const std::vector<RowResult>& rows, std::string_view result) {
  return static_cast<size_t>(std::count_if(
      rows.begin(), rows.end(), [result](const RowResult& row) { return row.result == result; }));
}

std::string Summary(const std::vector<RowResult>& rows, bool stored) {
  const size_t refused = CountOf(rows, "refused");
  if (refused > 0) {
    return fmt::format("{} of {} rows refused, nothing imported", refused, rows.size());
  }
  if (!stored) {
    return fmt::format("{} to create, {} unchanged, nothing imported (dry run)",
                       CountOf(rows, "would be created"), CountOf(rows, "unchanged"));
  }
  return fmt::format("{} created, {} unchanged", CountOf(rows, "created"),
                     CountOf(rows, "unchanged"));
}

Report ImportReport(const std::vector<RowResult>& rows, bool stored) {
  Report report;
  Section section;
  section.table.columns = {"ROW", "SERIAL", "RESULT", "DEVICE", "WHY"};
  report.csv.columns = {"row", "serial_number", "result", "device", "message"};
  const bool refused_any = CountOf(rows, "refused") > 0;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const RowResult& row : rows) {
    const Tone tone = row.result == "refused" ? Tone::kBad : Tone::kGood;
    std::vector<Cell> cells{
        {std::to_string(row.row)}, {row.serial_number}, {row.result}, {row.device}, {row.message}};
    report.csv.rows.push_back(cells);
    cells[2] = {row.result, tone, true};
    // What is wrong must not drown in what is right.
    if (!refused_any || row.result == "refused") section.table.rows.push_back(std::move(cells));
    list.push_back({{"row", row.row},
                    {"serialNumber", row.serial_number},
                    {"result", row.result},
                    {"device", row.device},
                    {"message", row.message}});
  }
  report.sections.push_back(std::move(section));
  Section summary;
  summary.when_empty = Summary(rows, stored);
  report.sections.push_back(std::move(summary));
  report.json = nlohmann::ordered_json{{"imported", stored && !refused_any}, {"rows", list}}.dump(
      -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return report;
}

}  // namespace

StatusOr<ExitCode> Import(const Cli& cli, const ImportOptions& options) {
  ASSIGN_OR_RETURN(const std::string batch, BatchName(options.batch));
  ASSIGN_OR_RETURN(const std::string text,
                   ReadInput(cli.terminal(), options.file, kCliFileBytesMax));
  ASSIGN_OR_RETURN_CTX(const ImportFile file, ReadImportFile(text), options.file);
  for (const std::string& column : file.ignored_columns) {
    cli.Say(fmt::format("column \"{}\" is not used", column));
  }
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  // With bad rows nothing is imported, but the server still looks at the rest: all that is wrong is
  // told at once.
  const bool validate_only = options.dry_run || !file.problems.empty();
  std::vector<RowResult> rows;
  if (!file.lines.empty()) {
    ASSIGN_OR_RETURN(rows, AskServer(*connection, file, batch, validate_only));
  }
  for (const ImportProblem& problem : file.problems) {
    rows.push_back({problem.row, "", "refused", "", problem.message});
  }
  std::sort(rows.begin(), rows.end(),
            [](const RowResult& a, const RowResult& b) { return a.row < b.row; });
  cli.Print(ImportReport(rows, !validate_only));
  return CountOf(rows, "refused") > 0 ? ExitCode::kNo : ExitCode::kOk;
}

}  // namespace preseal::server::cli
