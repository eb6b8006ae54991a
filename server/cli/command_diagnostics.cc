// SPDX-License-Identifier: Apache-2.0
// diagnostics, diagnose.
#include <fmt/format.h>

#include "common/base/bytes.h"
#include "preseal/diagnostics/v1/diagnostics.grpc.pb.h"
#include "preseal/fleet/v1/fleet.grpc.pb.h"
#include "preseal/flow/v1/flow.grpc.pb.h"
#include "server/cli/complete_file.h"
#include "server/cli/connection.h"
#include "server/cli/control_results.h"
#include "server/cli/diagnostics_commands.h"
#include "server/cli/names.h"
#include "server/cli/stream.h"
#include "server/cli/trust_commands.h"
#include "server/cli/views.h"

namespace preseal::server::cli {
namespace {

namespace dv1 = ::preseal::diagnostics::v1;
using Reader = dv1::DiagnosticsReaderService::Stub;

StatusOr<ExitCode> Collect(const Cli& cli, const Connection& connection, const std::string& asked,
                           const std::string& device) {
  ::preseal::flow::v1::CollectDiagnosticsRequest request;
  request.set_name(device);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), NewRequestId());
  ControlResult result{
      .asked = asked, .device = device, .status = {}, .command = {}, .outcome = {}};
  ASSIGN_OR_RETURN(
      result.command,
      connection.Call(&::preseal::flow::v1::FlowService::Stub::CollectDiagnostics, request));
  cli.Print(ControlReport({result}));
  return ExitCode::kOk;
}

StatusOr<dv1::ListBundlesResponse> Bundles(const Connection& connection,
                                           const std::string& device) {
  dv1::ListBundlesRequest request;
  request.set_device(device);
  return connection.Call(&Reader::ListBundles, request);
}

// The one that was named, or the newest.
StatusOr<std::string> BundleOf(const Connection& connection, const std::string& device,
                               const std::string& bundle) {
  if (!bundle.empty()) {
    return bundle.find('/') == bundle.npos ? device + "/bundles/" + bundle : bundle;
  }
  ASSIGN_OR_RETURN(const auto all, Bundles(connection, device));
  if (all.bundles().empty()) {
    return NotFound(fmt::format("{} has sent no diagnostics: run preseal diagnostics {} --collect",
                                IdOf(device), IdOf(device)));
  }
  return all.bundles(0).name();
}

StatusOr<ExitCode> ShowBundles(const Cli& cli, const Connection& connection,
                               const std::string& device) {
  ASSIGN_OR_RETURN(const auto all, Bundles(connection, device));
  std::vector<std::vector<Cell>> rows;
  for (const auto& one : all.bundles()) {
    rows.push_back({{IdOf(one.name())},
                    {one.reason()},
                    {IdOf(one.run())},
                    {std::to_string(one.size())},
                    {TimeText(one.create_time())},
                    {TimeText(one.expire_time())}});
  }
  Report report = FlatReport({"bundle", "reason", "run", "bytes", "received", "kept_until"}, rows,
                             "no diagnostics");
  report.json = ToJson(all);
  cli.Print(report);
  return ExitCode::kOk;
}

StatusOr<ExitCode> ShowFiles(const Cli& cli, const Connection& connection,
                             const std::string& bundle) {
  dv1::ListFilesRequest request;
  request.set_bundle(bundle);
  ASSIGN_OR_RETURN(const auto all, connection.Call(&Reader::ListFiles, request));
  std::vector<std::vector<Cell>> rows;
  for (const auto& one : all.files()) {
    rows.push_back({{one.path()}, {std::to_string(one.size())}});
  }
  Report report = FlatReport({"file", "bytes"}, rows, "an empty bundle");
  report.json = ToJson(all);
  cli.Print(report);
  return ExitCode::kOk;
}

StatusOr<ExitCode> PrintFile(const Cli& cli, const Connection& connection,
                             const std::string& bundle, const std::string& path) {
  dv1::ReadFileRequest request;
  request.set_bundle(bundle);
  request.set_path(path);
  do {
    const auto read = connection.Call(&Reader::ReadFile, request);
    if (read.status().code() == StatusCode::kNotFound) {
      return NotFound(fmt::format("{}; --list shows its files", MessageOf(read.status())));
    }
    RETURN_IF_ERROR(read.status());
    const auto& part = *read;
    cli.Print(part.text());
    // A server that does not get on would keep us here for ever.
    if (part.next_offset() != 0 && part.next_offset() <= request.offset()) {
      return Internal("the server does not get on in the file");
    }
    request.set_offset(part.next_offset());
  } while (request.offset() != 0);
  return ExitCode::kOk;
}

StatusOr<ExitCode> Save(const Cli& cli, const Connection& connection, const std::string& bundle,
                        const std::string& file) {
  CompleteFile target(file);
  RETURN_IF_ERROR(target.Open());
  dv1::DownloadRequest request;
  request.set_bundle(bundle);
  Reader stub(connection.channel());
  Status written;
  size_t bytes = 0;
  RETURN_IF_ERROR(ReadToEnd<dv1::DownloadResponse>(
      connection,
      [&stub, &request](grpc::ClientContext* context) { return stub.Download(context, request); },
      [&written, &target, &bytes](const dv1::DownloadResponse& part) {
        written = target.Write(AsBytes(part.chunk()));
        bytes += part.chunk().size();
        return written.ok();
      }));
  RETURN_IF_ERROR(written);
  RETURN_IF_ERROR(target.Complete());
  cli.Say(fmt::format("{} bytes written to {}", bytes, file));
  return ExitCode::kOk;
}

// Facts under each other: cause, next step and evidence are sentences, too long for columns.
Section DiagnosisSection(const dv1::Diagnosis& diagnosis) {
  Section section{
      .title = diagnosis.cause(), .facts = true, .table = {{"", ""}, {}}, .when_empty = ""};
  const auto add = [&section](const char* label, const std::string& text) {
    section.table.rows.push_back({{label, Tone::kDim}, {text}});
  };
  add("Do", diagnosis.next_step());
  for (const auto& evidence : diagnosis.evidence()) {
    add("Seen", evidence.source() + ": " + evidence.text());
  }
  add("Rule", fmt::format("{}, {}% sure", diagnosis.rule(), diagnosis.confidence()));
  return section;
}

bool HasFailed(const fleet_v1::Device& device) { return !device.failure().code().empty(); }

// What there is to read when no rule knows the cause.
std::string ReadOnText(const fleet_v1::Device& device) {
  if (!HasFailed(device)) return "no rule sees a cause of trouble";
  const std::string id = IdOf(device.name());
  return fmt::format(
      "no rule knows the cause of {}: {}\nread preseal events {} and preseal diagnostics {} --list",
      device.failure().code(), device.failure().message(), id, id);
}

}  // namespace

StatusOr<ExitCode> Diagnostics(const Cli& cli, const DiagnosticsOptions& options) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ASSIGN_OR_RETURN(const std::string device, DeviceName(*connection, options.device));
  if (options.collect) return Collect(cli, *connection, options.device, device);
  const bool in_bundle = options.list || !options.read.empty() || !options.save.empty();
  if (!in_bundle) return ShowBundles(cli, *connection, device);
  ASSIGN_OR_RETURN(const std::string bundle, BundleOf(*connection, device, options.bundle));
  if (options.list) return ShowFiles(cli, *connection, bundle);
  if (!options.read.empty()) return PrintFile(cli, *connection, bundle, options.read);
  return Save(cli, *connection, bundle, options.save);
}

StatusOr<ExitCode> DiagnoseDevice(const Cli& cli, const std::string& device) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  dv1::DiagnoseRequest request;
  ASSIGN_OR_RETURN(*request.mutable_device(), DeviceName(*connection, device));
  ASSIGN_OR_RETURN(const auto all, connection->Call(&Reader::Diagnose, request));
  std::vector<std::vector<Cell>> rows;
  for (const auto& one : all.diagnoses()) {
    std::string seen;
    for (const auto& evidence : one.evidence()) {
      seen += (seen.empty() ? "" : "; ") + evidence.source() + ": " + evidence.text();
    }
    rows.push_back({{one.rule()},
                    {std::to_string(one.confidence()) + "%"},
                    {one.cause()},
                    {one.next_step()},
                    {seen}});
  }
  Report report = FlatReport({"rule", "confidence", "cause", "next_step", "seen"}, rows, "");
  report.json = ToJson(all);
  report.sections.clear();
  for (const auto& one : all.diagnoses()) report.sections.push_back(DiagnosisSection(one));
  bool trouble = !all.diagnoses().empty();
  if (!trouble) {
    fleet_v1::GetDeviceRequest asked;
    asked.set_name(request.device());
    ASSIGN_OR_RETURN(const auto known,
                     connection->Call(&fleet_v1::FleetService::Stub::GetDevice, asked));
    trouble = HasFailed(known);
    report.sections.push_back({"", true, {{"", ""}, {}}, ReadOnText(known)});
  }
  cli.Print(report);
  return trouble ? ExitCode::kNo : ExitCode::kOk;
}

}  // namespace preseal::server::cli
