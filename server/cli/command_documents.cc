// SPDX-License-Identifier: Apache-2.0
// export, documents, documents delete, plan.
#include <fmt/format.h>

#include <algorithm>

#include "preseal/profile/v1/profile.grpc.pb.h"
#include "server/cli/connection.h"
#include "server/cli/names.h"
#include "server/cli/profile_commands.h"
#include "server/cli/trust_commands.h"
#include "server/cli/views.h"

namespace preseal::server::cli {
namespace {

namespace prv1 = ::preseal::profile::v1;
namespace pv1 = ::preseal::progress::v1;
using Profiles = prv1::ProfileService::Stub;

std::string DocumentName(const std::string& text) {
  return text.starts_with("documents/") ? text : "documents/" + text;
}

// "ACCOUNT_SETUP" of "PHASE_ACCOUNT_SETUP", as words.
std::string Words(std::string name, std::string_view prefix) {
  if (name.starts_with(prefix)) name.erase(0, prefix.size());
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c == '_' ? ' ' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return name;
}

// Nothing would run; the reason is all there is to say.
Report NoPlanReport(const prv1::EffectivePlan& plan, Table facts) {
  for (const std::string& why : plan.warnings()) {
    facts.rows.push_back({{"Why", Tone::kDim}, {why, Tone::kBad}});
  }
  Report report;
  report.csv = facts;
  report.csv.columns = {"field", "value"};
  report.sections.push_back({"", true, std::move(facts), ""});
  report.json = ToJson(plan);
  return report;
}

Report PlanReport(const prv1::EffectivePlan& plan) {
  Report report;
  Table facts{
      {"", ""},
      {{{"Device", Tone::kDim}, {IdOf(plan.device())}},
       {{"Device name", Tone::kDim}, {plan.device_name().empty() ? "stays" : plan.device_name()}},
       {{"Assignment", Tone::kDim},
        {Words(prv1::ProfileAssignment_Name(plan.assignment()), "PROFILE_ASSIGNMENT_")}}}};
  if (!plan.has_plan()) return NoPlanReport(plan, std::move(facts));
  for (const std::string& group : plan.groups())
    facts.rows.push_back({{"In group", Tone::kDim}, {group}});
  report.sections.push_back({"", true, std::move(facts), ""});
  Table profiles{{"PROFILE", "VERSION", "", "WHY"}, {}};
  for (const auto& one : plan.profiles()) {
    profiles.rows.push_back(
        {{one.profile()},
         {std::to_string(one.version())},
         {one.chosen() ? "chosen" : "not chosen", one.chosen() ? Tone::kGood : Tone::kDim, true},
         {one.reason()}});
  }
  report.sections.push_back({"Profiles", false, std::move(profiles), ""});
  Table items{
      {"PHASE", "ID", "ITEM", "CATEGORY", "GATING", "WHY IT IS THERE", "WHY IT BLOCKS OR NOT"}, {}};
  for (const auto& one : plan.items()) {
    items.rows.push_back({{Words(pv1::Phase_Name(one.phase()), "PHASE_")},
                          {one.item_id()},
                          {one.display_name()},
                          {Words(pv1::Category_Name(one.category()), "CATEGORY_")},
                          {Words(pv1::Gating_Name(one.gating()), "GATING_")},
                          {one.reason()},
                          {one.gating_reason()}});
  }
  report.csv = items;
  report.csv.columns = {"phase", "id", "item", "category", "gating", "reason", "gating_reason"};
  report.sections.push_back({"Items", false, std::move(items), ""});
  Table left_out{{"ITEM", "WHY NOT"}, {}};
  for (const auto& one : plan.left_out()) {
    left_out.rows.push_back({{one.display_name()}, {one.reason()}});
  }
  report.sections.push_back({"Left out", false, std::move(left_out), "nothing is left out"});
  report.json = ToJson(plan);
  return report;
}

}  // namespace

StatusOr<ExitCode> ExportDocuments(const Cli& cli, const std::string& document, uint32_t version) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  prv1::ListDocumentsResponse all;
  if (document.empty()) {
    prv1::ListDocumentsRequest request;
    request.set_with_text(true);
    ASSIGN_OR_RETURN(all, connection->Call(&Profiles::ListDocuments, request));
  } else {
    prv1::GetDocumentRequest request;
    request.set_name(DocumentName(document));
    request.set_version(version);
    ASSIGN_OR_RETURN(*all.add_documents(), connection->Call(&Profiles::GetDocument, request));
  }
  if (cli.format() == OutputFormat::kJson) {
    cli.Print(ToJson(all) + "\n");
    return ExitCode::kOk;
  }
  for (const auto& one : all.documents()) {
    cli.Print("---\n" + one.text() + (one.text().ends_with('\n') ? "" : "\n"));
  }
  return ExitCode::kOk;
}

StatusOr<ExitCode> ListDocuments(const Cli& cli, const std::string& kind) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  prv1::ListDocumentsRequest request;
  request.set_kind(kind);
  ASSIGN_OR_RETURN(const auto all, connection->Call(&Profiles::ListDocuments, request));
  std::vector<std::vector<Cell>> rows;
  for (const auto& one : all.documents()) {
    rows.push_back({{one.name()},
                    {std::to_string(one.version())},
                    {TimeText(one.update_time())},
                    {one.actor()}});
  }
  Report report = FlatReport({"document", "version", "updated", "by"}, rows, "no documents");
  report.json = ToJson(all);
  cli.Print(report);
  return ExitCode::kOk;
}

StatusOr<ExitCode> DeleteDocument(const Cli& cli, const std::string& document) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  prv1::DeleteDocumentRequest request;
  request.set_name(DocumentName(document));
  ASSIGN_OR_RETURN(*request.mutable_request_id(), NewRequestId());
  ASSIGN_OR_RETURN(const auto gone, connection->Call(&Profiles::DeleteDocument, request));
  cli.Say(fmt::format("{} has ended with version {}", gone.name(), gone.version()));
  return ExitCode::kOk;
}

StatusOr<ExitCode> ShowPlan(const Cli& cli, const PlanOptions& options) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  prv1::PreviewPlanRequest request;
  ASSIGN_OR_RETURN(*request.mutable_device(), DeviceName(*connection, options.device));
  request.set_flow(options.user_flow ? pv1::FLOW_USER : pv1::FLOW_TECHNICIAN);
  request.set_assigned_user(options.user);
  ASSIGN_OR_RETURN(const auto plan, connection->Call(&Profiles::PreviewPlan, request));
  cli.Print(PlanReport(plan));
  if (!plan.has_plan()) return ExitCode::kOk;
  for (const std::string& warning : plan.warnings()) cli.Say("warning: " + warning);
  return ExitCode::kOk;
}

}  // namespace preseal::server::cli
