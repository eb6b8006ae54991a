// SPDX-License-Identifier: Apache-2.0
// evidence export, audit.
#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "preseal/evidence/v1/evidence.grpc.pb.h"
#include "server/cli/command_tree_parts.h"
#include "server/cli/complete_file.h"
#include "server/cli/connection.h"
#include "server/cli/evidence_commands.h"
#include "server/cli/names.h"
#include "server/cli/progress_line.h"
#include "server/cli/stream.h"

namespace preseal::server::cli {
namespace {

namespace ev1 = ::preseal::evidence::v1;

// Where the lines go.
class Target {
 public:
  // `path`: empty for standard output.
  Target(const Cli& cli, const std::string& path) : cli_(cli) {
    if (!path.empty()) file_.emplace(path);
  }

  Status Open() { return file_ ? file_->Open() : OkStatus(); }
  Status Write(const std::string& line) {
    bytes_ += line.size() + 1;
    if (bytes_ > kEvidenceFileBytesMax) {
      return ResourceExhausted("more than one evidence file holds: export device by device");
    }
    if (file_) return file_->Write(AsBytes(line + "\n"));
    *cli_.terminal().out << line << '\n';
    return cli_.terminal().out->good() ? OkStatus() : Internal("cannot write standard output");
  }
  Status Complete() { return file_ ? file_->Complete() : OkStatus(); }

 private:
  const Cli& cli_;
  std::optional<CompleteFile> file_;
  size_t bytes_ = 0;
};

ExitCode PrintVerdict(const Cli& cli, const ev1::AuditEvidenceResponse& last) {
  const ev1::AuditEvidenceResponse::Verdict& verdict = last.verdict();
  const bool whole = verdict.code() == "NONE";
  const std::string head = ToHex(AsBytes(verdict.head_sha256()));
  const nlohmann::ordered_json json = {{"code", verdict.code()},
                                       {"sequence", verdict.sequence()},
                                       {"seen", verdict.seen()},
                                       {"expected", verdict.expected()},
                                       {"links", last.links_checked()},
                                       {"records", last.records_checked()},
                                       {"head_sha256", head}};
  const Tone tone = whole ? Tone::kGood : Tone::kBad;
  Table facts{{"", ""}, {{{"verdict"}, {whole ? "whole" : verdict.code(), tone}}}};
  Table csv{{}, {{}}};
  for (const auto& [name, value] : json.items()) {
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    csv.columns.push_back(name);
    csv.rows[0].push_back({text});
    const bool of_fault = name == "sequence" || name == "seen" || name == "expected";
    if (name != "code" && (!whole || !of_fault)) facts.rows.push_back({{name}, {text}});
  }
  cli.Print(Report{.sections = {{.facts = true, .table = facts}}, .csv = csv, .json = json.dump()});
  return whole ? ExitCode::kOk : ExitCode::kNo;
}

}  // namespace

StatusOr<ExitCode> ExportEvidence(const Cli& cli, const ExportEvidenceOptions& options) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ev1::ExportEvidenceRequest request;
  if (!options.all) {
    ASSIGN_OR_RETURN(*request.mutable_device(), DeviceName(*connection, options.device));
  }
  Target target(cli, options.to);
  RETURN_IF_ERROR(target.Open());
  ev1::EvidenceService::Stub stub(connection->channel());
  Status written;
  uint64_t lines = 0;
  {
    ProgressLine progress(cli.terminal());
    RETURN_IF_ERROR(ReadToEnd<ev1::ExportEvidenceResponse>(
        *connection, [&](grpc::ClientContext* c) { return stub.ExportEvidence(c, request); },
        [&](const ev1::ExportEvidenceResponse& message) {
          written = target.Write(message.line());
          progress.Show(fmt::format("{} lines", ++lines));
          return written.ok();
        }));
  }
  RETURN_IF_ERROR(written);
  if (lines == 0) {
    cli.Say("there is no evidence");
    return ExitCode::kNo;
  }
  RETURN_IF_ERROR(target.Complete());
  cli.Say(fmt::format("{} lines; check them with: preseal evidence verify {}", lines,
                      options.to.empty() ? "FILE" : options.to));
  return ExitCode::kOk;
}

StatusOr<ExitCode> AuditEvidence(const Cli& cli) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ev1::EvidenceService::Stub stub(connection->channel());
  ev1::AuditEvidenceResponse last;
  {
    ProgressLine progress(cli.terminal());
    RETURN_IF_ERROR(ReadToEnd<ev1::AuditEvidenceResponse>(
        *connection,
        [&](grpc::ClientContext* c) { return stub.AuditEvidence(c, ev1::AuditEvidenceRequest()); },
        [&](const ev1::AuditEvidenceResponse& message) {
          last = message;
          progress.Show(fmt::format("{} of {} records", last.links_checked(), last.links()));
          return true;
        }));
  }
  if (!last.has_verdict()) return DataLoss("the server ended the audit without a verdict");
  return PrintVerdict(cli, last);
}

void AddEvidenceChainCommands(CLI::App* evidence, Action* action) {
  const auto options = std::make_shared<ExportEvidenceOptions>();
  CLI::App* exported = evidence->add_subcommand(
      "export",
      "Write the signed records of a device, or of all, as one evidence file;\n"
      "exit code 1: there are none");
  exported->add_option("device", options->device, "Serial number or device id")
      ->type_name("DEVICE");
  exported->add_flag("--all", options->all, "The whole chain");
  exported->add_option("-o,--out", options->to, "Write it here")->type_name("FILE");
  exported->callback([options, action] {
    *action = [options](const Cli& cli) -> StatusOr<ExitCode> {
      if (options->all != options->device.empty()) {
        return InvalidArgument("evidence export: say DEVICE or --all");
      }
      return ExportEvidence(cli, *options);
    };
  });
  evidence
      ->add_subcommand("audit",
                       "Let the server check its whole chain; exit code 1: it was tampered with")
      ->callback([action] { *action = AuditEvidence; });
}

}  // namespace preseal::server::cli
