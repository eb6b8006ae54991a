// SPDX-License-Identifier: Apache-2.0
// `preseal evidence export` and `audit`, as commands.h.
#pragma once

#include <string>

#include "server/cli/cli.h"

namespace preseal::server::cli {

struct ExportEvidenceOptions {
  std::string device;  // serial number or device id; empty with `all`
  bool all = false;
  std::string to;  // empty: standard output
};
// An evidence file. The file appears only once it is complete. kNo: there is no evidence.
// ResourceExhausted: longer than `evidence verify` reads (kEvidenceFileBytesMax).
StatusOr<ExitCode> ExportEvidence(const Cli& cli, const ExportEvidenceOptions& options);

// The server walks its whole chain. kOk: whole; kNo: EVIDENCE_TAMPERED or EVIDENCE_MALFORMED.
StatusOr<ExitCode> AuditEvidence(const Cli& cli);

}  // namespace preseal::server::cli
