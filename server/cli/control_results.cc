// SPDX-License-Identifier: Apache-2.0
#include "server/cli/control_results.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "server/cli/views.h"

namespace preseal::server::cli {
namespace {

Cell ResultCell(const ControlResult& result) {
  if (!result.status.ok()) return {"refused", Tone::kBad, true};
  if (!result.outcome) return {"asked", Tone::kBusy, true};
  return result.outcome->good ? Cell{"done", Tone::kGood, true} : Cell{"FAILED", Tone::kBad, true};
}

std::string TextOf(const ControlResult& result) {
  if (!result.status.ok()) return MessageOf(result.status);
  return result.outcome ? result.outcome->text : "";
}

nlohmann::ordered_json JsonOf(const ControlResult& result) {
  nlohmann::ordered_json json;
  json["asked"] = result.asked;
  json["device"] = result.device;
  json["result"] = ResultCell(result).text;
  json["message"] = TextOf(result);
  if (!result.status.ok()) {
    const std::string text = ToString(result.status);
    json["code"] = text.substr(0, text.find(':'));
  } else {
    json["command"] = nlohmann::ordered_json::parse(ToJson(result.command), nullptr, false);
  }
  return json;
}

}  // namespace

Report ControlReport(const std::vector<ControlResult>& results) {
  Report report;
  Section section;
  section.table.columns = {"DEVICE", "RESULT", "MESSAGE"};
  section.when_empty = "no devices";
  report.csv.columns = {"asked", "device", "result", "command", "message"};
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const ControlResult& result : results) {
    const std::string id = result.device.empty() ? result.asked : IdOf(result.device);
    section.table.rows.push_back({{id}, ResultCell(result), {TextOf(result)}});
    report.csv.rows.push_back({{result.asked},
                               {IdOf(result.device)},
                               {ResultCell(result).text},
                               {IdOf(result.command.name())},
                               {TextOf(result)}});
    list.push_back(JsonOf(result));
  }
  report.sections.push_back(std::move(section));
  report.json = nlohmann::ordered_json{{"results", list}}.dump(
      -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return report;
}

ExitCode ControlExitCode(const std::vector<ControlResult>& results, bool waited) {
  ExitCode code = ExitCode::kOk;
  for (const ControlResult& result : results) {
    ExitCode one = ExitCodeFor(result.status);
    if (one == ExitCode::kOk && waited) {
      if (!result.outcome) one = ExitCode::kError;
      if (result.outcome && !result.outcome->good) one = ExitCode::kNo;
    }
    code = std::max(code, one);
  }
  return code;
}

Report ResealPreview(const fleet_v1::ListDevicesResponse& devices) {
  Report report;
  Section section;
  section.table.columns = {"DEVICE", "SERIAL", "SLOT", "RESEAL", "WHY NOT"};
  section.when_empty = "no devices";
  for (const auto& device : devices.devices()) {
    const std::string why_not = WhyNotSealable(device);
    const Cell verdict =
        why_not.empty() ? Cell{"yes", Tone::kGood, true} : Cell{"no", Tone::kDim, true};
    section.table.rows.push_back(
        {{IdOf(device.name())}, {device.serial_number()}, {device.slot()}, verdict, {why_not}});
  }
  report.sections.push_back(std::move(section));
  return report;
}

}  // namespace preseal::server::cli
