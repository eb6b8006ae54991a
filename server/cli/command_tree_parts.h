// SPDX-License-Identifier: Apache-2.0
// Inside the command tree only: each part adds its commands to the root. The command that was given
// leaves what to do in `action`.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "server/cli/cli.h"

namespace preseal::server::cli {

using Action = std::function<StatusOr<ExitCode>(const Cli&)>;

void AddSessionCommands(CLI::App* root, Action* action);
void AddDeviceCommands(CLI::App* root, Action* action);
void AddControlCommands(CLI::App* root, Action* action);
// hold, resume, waive and the others of FlowService.
void AddFlowCommands(CLI::App* root, Action* action);
// user-code, service-record.
void AddUserFlowCommands(CLI::App* root, Action* action);
// diagnostics, diagnose.
void AddDiagnosticsCommands(CLI::App* root, Action* action);
void AddBatchCommands(CLI::App* root, Action* action);
void AddEvidenceCommands(CLI::App* root, Action* action);
// Below `evidence`.
void AddEvidenceChainCommands(CLI::App* evidence, Action* action);
void AddLintCommand(CLI::App* evidence, Action* action);
void AddVerifyEvidenceCommand(CLI::App* evidence, Action* action);
void AddTokenCommands(CLI::App* root, Action* action);
void AddTrustCommands(CLI::App* root, Action* action);
void AddReportCommands(CLI::App* root, Action* action);
void AddPolicyCommands(CLI::App* root, Action* action);
// apply, export, documents, plan.
void AddProfileCommands(CLI::App* root, Action* action);
// Below `device` and, so call it after AddTrustCommands, below `trust`.
void AddIdentityCommands(CLI::App* root, Action* action);

}  // namespace preseal::server::cli
