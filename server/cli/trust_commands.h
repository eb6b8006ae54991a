// SPDX-License-Identifier: Apache-2.0
// `preseal trust` and `preseal policy`, as commands.h. What reads the bundle runs here, on the
// bundle as the server hands it out.
#pragma once

#include <string>
#include <vector>

#include "server/cli/cli.h"
#include "server/domain/trust/trust_document.h"

namespace preseal::server::cli {

struct TrustImportOptions {
  std::vector<std::string> paths;
  std::string vendor;
  bool lab = false;  // roots are lab roots
  bool dry_run = false;
};
// A cabinet, folders, PEM, DER; or one bundle file that `trust export` wrote.
StatusOr<ExitCode> TrustImportFiles(const Cli& cli, const TrustImportOptions& options);
StatusOr<ExitCode> TrustExport(const Cli& cli, const std::string& to, uint64_t version);

struct TrustRemoveOptions {
  std::vector<std::string> fingerprints;
  std::string vendor;
  bool dry_run = false;
};
StatusOr<ExitCode> TrustRemove(const Cli& cli, const TrustRemoveOptions& options);
StatusOr<ExitCode> TrustNarrow(const Cli& cli, const std::vector<std::string>& vendors);
StatusOr<ExitCode> TrustSha1(const Cli& cli, const std::string& fingerprint,
                             const std::string& reason);

StatusOr<ExitCode> TrustList(const Cli& cli, const std::string& vendor);
StatusOr<ExitCode> TrustLists(const Cli& cli);  // revocation lists and their ages
// An EK certificate's path, or why there is none; kNo if none.
StatusOr<ExitCode> TrustExplain(const Cli& cli, const std::string& file);

// `file`: PEM or DER of a public key or certificate, or a marshalled TPMT_PUBLIC.
StatusOr<ExitCode> EkUrls(const Cli& cli, const std::string& file);
// DER or PEM certificates, or Intel's JSON answers.
StatusOr<ExitCode> EkCacheImport(const Cli& cli, const std::vector<std::string>& paths);

struct PolicyApplyOptions {
  std::string file;
  bool dry_run = false;
};
StatusOr<ExitCode> PolicyApply(const Cli& cli, const PolicyApplyOptions& options);
// What the policy in the file would have said of each device's newest evidence; stores nothing.
StatusOr<ExitCode> PolicyTry(const Cli& cli, const std::string& file);
StatusOr<ExitCode> PolicyShow(const Cli& cli, uint64_t version);
StatusOr<ExitCode> PolicyList(const Cli& cli);

// One table under the same names for people, CSV and JSON (a list of objects).
Report FlatReport(const std::vector<std::string>& columns,
                  const std::vector<std::vector<Cell>>& rows, const std::string& when_empty);

}  // namespace preseal::server::cli
