// SPDX-License-Identifier: Apache-2.0
// user-code, service-record.
#include <fmt/format.h>

#include <memory>

#include "common/base/bytes.h"
#include "preseal/flow/v1/flow.grpc.pb.h"
#include "server/cli/command_tree_parts.h"
#include "server/cli/commands.h"
#include "server/cli/connection.h"
#include "server/cli/input_file.h"
#include "server/cli/names.h"
#include "server/cli/views.h"

namespace preseal::server::cli {
namespace {

namespace flow_v1 = ::preseal::flow::v1;
using Flow = flow_v1::FlowService::Stub;

StatusOr<ExitCode> IssueUserCode(const Cli& cli, const std::string& device) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  flow_v1::IssueUserCodeRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), DeviceName(*connection, device));
  ASSIGN_OR_RETURN(const auto issued, connection->Call(&Flow::IssueUserCode, request));
  if (cli.format() == OutputFormat::kJson) {
    Report report;
    report.json = ToJson(issued);
    cli.Print(report);
    return ExitCode::kOk;
  }
  // The code alone on standard output, so that a script can keep it without cutting text.
  cli.Say(fmt::format("code for {} at {}, good once until {}; it is shown once:", issued.username(),
                      IdOf(request.name()), TimeText(issued.expire_time())));
  cli.Print(issued.code() + "\n");
  return ExitCode::kOk;
}

StatusOr<ExitCode> FetchServiceRecord(const Cli& cli, const FetchOptions& options) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  flow_v1::GetServiceRecordRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), DeviceName(*connection, options.device));
  ASSIGN_OR_RETURN(const auto record, connection->Call(&Flow::GetServiceRecord, request));
  const std::string text =
      cli.format() == OutputFormat::kJson ? ToJson(record) + "\n" : record.jws() + "\n";
  if (options.to.empty()) {
    cli.Print(text);
    return ExitCode::kOk;
  }
  RETURN_IF_ERROR(WriteOutput(options.to, AsBytes(text)));
  return ExitCode::kOk;
}

}  // namespace

void AddUserFlowCommands(CLI::App* root, Action* action) {
  const auto device = std::make_shared<std::string>();
  CLI::App* code = root->add_subcommand(
      "user-code", "Issue the code the assigned user signs in with; it ends the one before");
  code->add_option("device", *device, "Serial number or device id")
      ->required()
      ->type_name("DEVICE");
  code->callback([device, action] {
    *action = [device](const Cli& cli) { return IssueUserCode(cli, *device); };
  });

  const auto fetched = std::make_shared<FetchOptions>();
  CLI::App* record =
      root->add_subcommand("service-record", "Fetch the signed record of how the user flow ended");
  record->add_option("device", fetched->device, "Serial number or device id")
      ->required()
      ->type_name("DEVICE");
  record->add_option("-o,--out", fetched->to, "Write it here")->type_name("FILE");
  record->callback([fetched, action] {
    *action = [fetched](const Cli& cli) { return FetchServiceRecord(cli, *fetched); };
  });
}

}  // namespace preseal::server::cli
