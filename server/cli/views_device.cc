// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "server/cli/run_notes.h"
#include "server/cli/views.h"
#include "server/cli/views_reports.h"

namespace preseal::server::cli {
namespace {

using Row = std::vector<Cell>;

std::string YesNo(bool value) { return value ? "true" : "false"; }

std::string ContactText(const fleet_v1::Contact& contact) {
  switch (contact.state()) {
    case fleet_v1::Contact::STATE_NEVER:
      return "never";
    case fleet_v1::Contact::STATE_CONNECTED:
      return "connected";
    case fleet_v1::Contact::STATE_DISCONNECTED:
      return "disconnected";
    case fleet_v1::Contact::STATE_SILENT:
      return "SILENT";
    default:
      return "unknown";
  }
}

Cell ContactCell(const fleet_v1::Contact& contact) {
  const bool silent = contact.state() == fleet_v1::Contact::STATE_SILENT;
  return {ContactText(contact), silent ? Tone::kWarn : Tone::kPlain};
}

// "3/7", empty before the first run.
std::string ItemsText(const fleet_v1::Device& device) {
  if (!device.has_progress() || device.progress().items_total() == 0) return "";
  return fmt::format("{}/{}", device.progress().items_done(), device.progress().items_total());
}

std::string PercentText(const fleet_v1::Device& device) {
  if (ItemsText(device).empty()) return "";
  return fmt::format("{}%", device.progress().percent());
}

// The one thing worth saying beyond the state.
std::string NoteText(const fleet_v1::Device& device) {
  std::string note = device.lab() ? "LAB" : "";
  const auto add = [&note](const std::string& text) {
    if (text.empty()) return;
    note += (note.empty() ? "" : " ") + text;
  };
  if (device.seal_unconfirmed()) add("seal unconfirmed");
  if (device.has_failure()) {
    add(device.failure().code());
    if (!device.failure().message().empty()) add(device.failure().message());
    return note;
  }
  const std::string held_up = RunNote(device);
  const bool running = device.state() == lifecycle_v1::DEVICE_STATE_PROVISIONING;
  const std::string item = running ? device.progress().item_name() : "";
  add(held_up + (held_up.empty() || item.empty() ? "" : ": ") + item);
  return note;
}

Row PeopleRow(const fleet_v1::Device& device) {
  const Cell state = StateCell(device.state());
  return {{IdOf(device.name())},
          {device.serial_number()},
          {device.slot()},
          {IdOf(device.batch())},
          state,
          {ItemsText(device)},
          {PercentText(device)},
          ContactCell(device.contact()),
          {NoteText(device)}};
}

const std::vector<std::string>& CsvColumns() {
  static const auto& columns = *new std::vector<std::string>{
      "device",       "serial_number", "manufacturer",     "model",        "batch",
      "slot",         "assigned_user", "profile",          "state",        "state_time",
      "items_done",   "items_total",   "percent",          "item",         "contact",
      "contact_time", "lab",           "enrolled",         "satisfied",    "sealable",
      "sealed",       "seal_time",     "seal_unconfirmed", "failure_code", "failure_message",
      "attempt",      "revision"};
  return columns;
}

Row CsvRow(const fleet_v1::Device& device) {
  const auto& progress = device.progress();
  Row row;
  for (const std::string& text :
       {IdOf(device.name()),
        device.serial_number(),
        device.manufacturer(),
        device.model(),
        IdOf(device.batch()),
        device.slot(),
        device.assigned_user(),
        device.profile(),
        StateName(device.state()),
        TimeText(device.state_time()),
        std::to_string(progress.items_done()),
        std::to_string(progress.items_total()),
        std::to_string(progress.percent()),
        progress.item_name(),
        ContactText(device.contact()),
        TimeText(device.contact().last_time()),
        YesNo(device.lab()),
        YesNo(device.enrolled()),
        YesNo(device.satisfied()),
        YesNo(device.sealable()),
        YesNo(device.sealed()),
        TimeText(device.seal_time()),
        YesNo(device.seal_unconfirmed()),
        device.failure().code(),
        device.failure().message(),
        device.has_run() ? std::to_string(device.run().attempt()) : std::string(),
        std::to_string(device.revision())}) {
    row.push_back({text});
  }
  return row;
}

Cell ItemCell(progress_v1::ItemState state) {
  switch (state) {
    case progress_v1::ITEM_STATE_NOT_STARTED:
      return {"waiting", Tone::kDim, true};
    case progress_v1::ITEM_STATE_IDENTIFYING:
      return {"checking", Tone::kBusy, true};
    case progress_v1::ITEM_STATE_IN_PROGRESS:
      return {"working", Tone::kBusy, true};
    case progress_v1::ITEM_STATE_VERIFYING:
      return {"verifying", Tone::kBusy, true};
    case progress_v1::ITEM_STATE_SUCCEEDED:
      return {"done", Tone::kGood, true};
    case progress_v1::ITEM_STATE_FAILED:
      return {"FAILED", Tone::kBad, true};
    case progress_v1::ITEM_STATE_NOT_REQUIRED:
      return {"not due", Tone::kDim, true};
    default:
      return {"unknown", Tone::kWarn, true};
  }
}

std::string PhaseText(progress_v1::Phase phase) {
  switch (phase) {
    case progress_v1::PHASE_DEVICE_PREPARATION:
      return "Device preparation";
    case progress_v1::PHASE_DEVICE_SETUP:
      return "Device setup";
    case progress_v1::PHASE_ACCOUNT_SETUP:
      return "Account setup";
    default:
      return "Other items";
  }
}

void AddFact(Section* section, const std::string& label, Cell value) {
  if (!value.text.empty()) section->table.rows.push_back({{label, Tone::kDim}, std::move(value)});
}

Section FactsSection(const fleet_v1::Device& device) {
  Section section{.title = "", .facts = true, .table = {{"", ""}, {}}, .when_empty = ""};
  const Cell state = StateCell(device.state());
  AddFact(&section, "Device", {IdOf(device.name())});
  AddFact(&section, "State", state);
  AddFact(&section, "Since", {TimeText(device.state_time())});
  if (device.lab()) AddFact(&section, "Attested", {"LAB - not for production", Tone::kWarn});
  AddFact(&section, "Contact", ContactCell(device.contact()));
  AddFact(&section, "Serial", {device.serial_number()});
  AddFact(&section, "Manufacturer", {device.manufacturer()});
  AddFact(&section, "Model", {device.model()});
  AddFact(&section, "Batch", {IdOf(device.batch())});
  AddFact(&section, "Slot", {device.slot()});
  AddFact(&section, "User", {device.assigned_user()});
  AddFact(&section, "Profile", {device.profile()});
  const auto fact = [](bool value, const char* word) {
    return (value ? "" : "not ") + std::string(word);
  };
  AddFact(&section, "Facts",
          {fact(device.enrolled(), "enrolled") + ", " + fact(device.satisfied(), "satisfied") +
           ", " + fact(device.sealable(), "sealable") + ", " + fact(device.sealed(), "sealed")});
  AddFact(&section, "Run", {RunNote(device), Tone::kWarn});
  if (device.has_wait()) AddFact(&section, "Waits for", {WaitText(device.wait())});
  AddFact(&section, "Sealed at", {TimeText(device.seal_time())});
  if (device.seal_unconfirmed()) {
    AddFact(&section, "Seal", {"unconfirmed: the power-off was not seen, look at it", Tone::kWarn});
  }
  AddDeploymentFacts(device, &section);
  if (!ItemsText(device).empty()) {
    AddFact(&section, "Progress", {ItemsText(device) + " items, " + PercentText(device)});
  }
  return section;
}

Section FailureSection(const fleet_v1::Failure& failure) {
  Section section{.title = "Failure", .facts = true, .table = {{"", ""}, {}}, .when_empty = ""};
  AddFact(&section, "Code", {failure.code(), Tone::kBad});
  AddFact(&section, "Item", {failure.item_id()});
  AddFact(&section, "What", {failure.message()});
  AddFact(&section, "Seen", {failure.seen()});
  AddFact(&section, "Expected", {failure.expected()});
  AddFact(&section, "Do", {failure.remedy()});
  return section;
}

void AddItemSections(const fleet_v1::Device& device, std::vector<Section>* sections) {
  for (int phase = progress_v1::Phase_MIN; phase <= progress_v1::Phase_MAX; ++phase) {
    Section section;
    section.title = PhaseText(static_cast<progress_v1::Phase>(phase));
    section.table.columns = {"STATE", "%", "ID", "ITEM", "CODE", "MESSAGE"};
    for (const auto& item : device.items()) {
      if (item.phase() != phase) continue;
      Cell state = ItemCell(item.state());
      if (item.already_done()) state.text = "in place";
      if (item.has_waiver()) state = {"waived", Tone::kWarn, true};
      section.table.rows.push_back({state,
                                    {fmt::format("{}%", item.percent())},
                                    {item.item_id()},
                                    {item.display_name()},
                                    {item.code(), Tone::kBad},
                                    {ItemText(item)}});
    }
    if (!section.table.rows.empty()) sections->push_back(std::move(section));
  }
}

std::string OutcomeText(progress_v1::RunOutcome outcome) {
  std::string name = progress_v1::RunOutcome_Name(outcome);
  if (outcome == progress_v1::RUN_OUTCOME_UNSPECIFIED) return "running";
  constexpr size_t kPrefix = sizeof("RUN_OUTCOME_") - 1;
  return name.size() > kPrefix ? name.substr(kPrefix) : "UNKNOWN";
}

void AddRunRow(const fleet_v1::Run& run, Table* table) {
  table->rows.push_back({{std::to_string(run.attempt())},
                         {OutcomeText(run.outcome())},
                         {TimeText(run.start_time())},
                         {TimeText(run.end_time())},
                         {std::to_string(run.event_count())}});
}

}  // namespace

Report DevicesReport(const fleet_v1::ListDevicesResponse& response) {
  Report report;
  Section section;
  section.table.columns = {"DEVICE", "SERIAL", "SLOT",    "BATCH", "STATE",
                           "ITEMS",  "%",      "CONTACT", "NOTE"};
  section.when_empty = "no devices";
  report.csv.columns = CsvColumns();
  for (const auto& device : response.devices()) {
    section.table.rows.push_back(PeopleRow(device));
    report.csv.rows.push_back(CsvRow(device));
  }
  report.sections.push_back(std::move(section));
  report.json = ToJson(response);
  return report;
}

Report DeviceReport(const fleet_v1::Device& device) {
  Report report;
  report.sections.push_back(FactsSection(device));
  if (device.has_failure()) report.sections.push_back(FailureSection(device.failure()));
  AddItemSections(device, &report.sections);
  Section runs;
  runs.title = "Attempts";
  runs.table.columns = {"ATTEMPT", "OUTCOME", "STARTED", "ENDED", "EVENTS"};
  for (const auto& run : device.past_runs()) AddRunRow(run, &runs.table);
  if (device.has_run()) {
    // The present run may be listed among the past ones once it has ended.
    const bool listed = device.past_runs_size() > 0 &&
                        device.past_runs(device.past_runs_size() - 1).name() == device.run().name();
    if (!listed) AddRunRow(device.run(), &runs.table);
  }
  if (!runs.table.rows.empty()) report.sections.push_back(std::move(runs));
  report.csv = {CsvColumns(), {CsvRow(device)}};
  report.json = ToJson(device);
  return report;
}

Report DeviceChangeReport(const fleet_v1::Device& device,
                          const google::protobuf::Timestamp& server_time) {
  Report report;
  Section section;
  section.table.columns = {"TIME", "DEVICE", "SERIAL", "STATE", "ITEMS", "%", "CONTACT", "NOTE"};
  const Row row = PeopleRow(device);
  section.table.rows.push_back(
      {{TimeText(server_time)}, row[0], row[1], row[4], row[5], row[6], row[7], row[8]});
  report.sections.push_back(std::move(section));
  report.csv = {CsvColumns(), {CsvRow(device)}};
  report.json = ToJson(device);
  return report;
}

Report EventsReport(const fleet_v1::ListEventsResponse& response) {
  Report report;
  Section section;
  section.table.columns = {"SEQ", "RECEIVED", "KIND", "ITEM", "TEXT"};
  section.when_empty = "no events";
  report.csv.columns = {"sequence", "receive_time", "kind", "item_id", "text"};
  for (const auto& entry : response.entries()) {
    Row row{{std::to_string(entry.sequence())},
            {TimeText(entry.receive_time())},
            {entry.kind()},
            {entry.item_id()},
            {entry.text()}};
    report.csv.rows.push_back(row);
    section.table.rows.push_back(std::move(row));
  }
  report.sections.push_back(std::move(section));
  report.json = ToJson(response);
  return report;
}

}  // namespace preseal::server::cli
