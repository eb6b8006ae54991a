// SPDX-License-Identifier: Apache-2.0
// apply: documents to the server, with the files they name.
#include <fmt/format.h>

#include <map>
#include <set>

#include "common/base/limits.h"
#include "preseal/profile/v1/profile.grpc.pb.h"
#include "server/cli/connection.h"
#include "server/cli/document_files.h"
#include "server/cli/names.h"
#include "server/cli/profile_commands.h"
#include "server/cli/views.h"

namespace preseal::server::cli {
namespace {

namespace prv1 = ::preseal::profile::v1;
using Profiles = prv1::ProfileService::Stub;
using Files = std::map<std::string, SourceFile>;  // by source

std::string_view WordOf(prv1::DocumentChange::Outcome outcome) {
  switch (outcome) {
    case prv1::DocumentChange::OUTCOME_CREATED:
      return "created";
    case prv1::DocumentChange::OUTCOME_CHANGED:
      return "changed";
    case prv1::DocumentChange::OUTCOME_UNCHANGED:
      return "unchanged";
    case prv1::DocumentChange::OUTCOME_DELETED:
      return "deleted";
    default:
      return "?";
  }
}

// Adds the files the server asked for to the request. InvalidArgument: one is not there, or two
// documents mean different files by one name.
Status AddMissing(const prv1::ApplyResponse& answer, Files* files, prv1::ApplyRequest* request) {
  for (const auto& missing : answer.missing_files()) {
    ASSIGN_OR_RETURN_CTX(SourceFile file, FindSourceFile(missing.file_name(), missing.source()),
                         fmt::format("{}:{}", missing.file_name(), missing.line()));
    const auto [it, fresh] = files->emplace(missing.source(), file);
    if (!fresh && it->second.artifact.sha256() != file.artifact.sha256()) {
      return InvalidArgument(
          fmt::format("two documents mean different files by {}: rename one", missing.source()));
    }
    (*request->mutable_files())[missing.source()] = it->second.artifact;
  }
  return OkStatus();
}

// Asks until the server knows every file by its digest, and tells which it has not got.
StatusOr<prv1::ApplyResponse> Validate(const Connection& connection, prv1::ApplyRequest* request,
                                       Files* files) {
  request->set_validate_only(true);
  ASSIGN_OR_RETURN(auto answer, connection.Call(&Profiles::Apply, *request));
  if (answer.mistakes_size() > 0 || answer.missing_files_size() == 0) return answer;
  RETURN_IF_ERROR(AddMissing(answer, files, request));
  return connection.Call(&Profiles::Apply, *request);
}

Status UploadMissing(const Cli& cli, const Connection& connection,
                     const prv1::ApplyResponse& answer, const Files& files) {
  ProgressLine progress(cli.terminal());
  std::set<std::string> sent;
  for (const auto& missing : answer.missing_files()) {
    const auto file = files.find(missing.source());
    if (file == files.end() || !sent.insert(missing.source()).second) continue;
    RETURN_IF_ERROR_CTX(UploadSourceFile(connection, file->second, &progress), file->second.path);
  }
  return OkStatus();
}

Tone ToneOfLine(const std::string& line) {
  if (line.starts_with("+ ")) return Tone::kGood;
  return line.starts_with("- ") ? Tone::kBad : Tone::kDim;
}

Report ChangesReport(const prv1::ApplyResponse& answer) {
  Report report;
  Table changes{{"DOCUMENT", "OUTCOME", "VERSION", "DEVICES TOUCHED"}, {}};
  for (const auto& change : answer.changes()) {
    changes.rows.push_back({{change.name()},
                            {std::string(WordOf(change.outcome()))},
                            {std::to_string(change.version())},
                            {std::to_string(change.devices())}});
  }
  report.csv = changes;
  report.csv.columns = {"document", "outcome", "version", "devices"};
  report.sections.push_back({"", false, std::move(changes), "nothing changes"});
  for (const auto& change : answer.changes()) {
    if (change.diff().empty()) continue;
    Table diff{{""}, {}};
    for (const std::string& line : change.diff()) diff.rows.push_back({{line, ToneOfLine(line)}});
    report.sections.push_back({change.name(), /*facts=*/true, std::move(diff), ""});
  }
  report.json = ToJson(answer);
  return report;
}

ExitCode TellProblems(const Cli& cli, const prv1::ApplyResponse& answer) {
  for (const auto& mistake : answer.mistakes()) {
    cli.Say(fmt::format("{}:{}:{}: {}", mistake.file_name(), mistake.line(), mistake.column(),
                        mistake.message()));
  }
  if (cli.format() == OutputFormat::kJson) cli.Print(ToJson(answer) + "\n");
  const int mistakes = answer.mistakes_size();
  cli.Say(fmt::format("{} mistake{}: nothing was stored", mistakes, mistakes == 1 ? "" : "s"));
  return ExitCode::kNo;
}

}  // namespace

StatusOr<ExitCode> ApplyDocuments(const Cli& cli, const ApplyOptions& options) {
  prv1::ApplyRequest request;
  ASSIGN_OR_RETURN(const auto texts, ReadDocumentTexts(cli.terminal(), options.paths));
  for (const prv1::DocumentText& text : texts) *request.add_documents() = text;
  request.set_prune(options.prune);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), NewRequestId());
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  Files files;
  ASSIGN_OR_RETURN(prv1::ApplyResponse answer, Validate(*connection, &request, &files));
  if (answer.mistakes_size() > 0) return TellProblems(cli, answer);
  if (options.dry_run && answer.missing_files_size() > 0) {
    cli.Say(fmt::format("{} files would be uploaded first; without them nothing more can be said",
                        answer.missing_files_size()));
    return ExitCode::kOk;
  }
  if (!options.dry_run) {
    RETURN_IF_ERROR(UploadMissing(cli, *connection, answer, files));
    request.set_validate_only(false);
    ASSIGN_OR_RETURN(answer, connection->Call(&Profiles::Apply, request));
    if (answer.mistakes_size() > 0) return TellProblems(cli, answer);
  }
  cli.Print(ChangesReport(answer));
  for (const std::string& warning : answer.warnings()) cli.Say("warning: " + warning);
  if (answer.missing_files_size() > 0) {
    cli.Say(fmt::format("{}: the server has not got {}", answer.missing_files(0).file_name(),
                        answer.missing_files(0).source()));
    return ExitCode::kNo;
  }
  cli.Say(answer.applied() ? "applied" : "dry run: nothing was stored");
  return ExitCode::kOk;
}

}  // namespace preseal::server::cli
