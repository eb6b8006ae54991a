// SPDX-License-Identifier: Apache-2.0
// Profiles and assignment: apply, export, documents, plan.
#pragma once

#include <string>
#include <vector>

#include "server/cli/cli.h"

namespace preseal::server::cli {

struct ApplyOptions {
  std::vector<std::string> paths;  // files, folders (their *.yaml), "-"
  bool dry_run = false;
  bool prune = false;
};
// kNo: there are mistakes, printed as "file:line:column: message"; nothing was stored.
StatusOr<ExitCode> ApplyDocuments(const Cli& cli, const ApplyOptions& options);

// All documents, or one ("group/sales", "documents/group/sales"), as one text of YAML.
StatusOr<ExitCode> ExportDocuments(const Cli& cli, const std::string& document, uint32_t version);
StatusOr<ExitCode> ListDocuments(const Cli& cli, const std::string& kind);
StatusOr<ExitCode> DeleteDocument(const Cli& cli, const std::string& document);

struct PlanOptions {
  std::string device;  // serial number or id
  bool user_flow = false;
  std::string user;  // as if assigned; empty: as it is
};
StatusOr<ExitCode> ShowPlan(const Cli& cli, const PlanOptions& options);

}  // namespace preseal::server::cli
