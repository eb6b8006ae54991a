// SPDX-License-Identifier: Apache-2.0
// birth-certificate, evidence.
#include <fmt/format.h>
#include <sys/stat.h>

#include "common/base/bytes.h"
#include "common/files/files.h"
#include "preseal/fleet/v1/fleet.grpc.pb.h"
#include "server/cli/commands.h"
#include "server/cli/connection.h"
#include "server/cli/evidence_files.h"
#include "server/cli/input_file.h"
#include "server/cli/names.h"
#include "server/cli/views.h"

namespace preseal::server::cli {
namespace {

using Fleet = fleet_v1::FleetService::Stub;

}  // namespace

StatusOr<ExitCode> FetchBirthCertificate(const Cli& cli, const FetchOptions& options) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  fleet_v1::GetBirthCertificateRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), DeviceName(*connection, options.device));
  ASSIGN_OR_RETURN(const auto certificate, connection->Call(&Fleet::GetBirthCertificate, request));
  const std::string text =
      cli.format() == OutputFormat::kJson ? ToJson(certificate) + "\n" : certificate.jws() + "\n";
  if (options.to.empty()) {
    cli.Print(text);
    return ExitCode::kOk;
  }
  RETURN_IF_ERROR(WriteOutput(options.to, AsBytes(text)));
  return ExitCode::kOk;
}

StatusOr<ExitCode> FetchEvidence(const Cli& cli, const FetchOptions& options) {
  struct stat info {};
  // Files of two attestations in one directory would verify as neither.
  if (lstat((options.to + "/VERIFY.txt").c_str(), &info) == 0) {
    return InvalidArgument(options.to + " already holds evidence: name another directory");
  }
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  fleet_v1::GetEvidenceRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), DeviceName(*connection, options.device));
  ASSIGN_OR_RETURN(const auto evidence, connection->Call(&Fleet::GetEvidence, request));
  ASSIGN_OR_RETURN(const auto files, EvidenceFiles(evidence));
  RETURN_IF_ERROR(AsUsage(files::MakeDirectories(options.to, 0700)));
  for (const EvidenceFile& file : files) {
    RETURN_IF_ERROR(WriteOutput(options.to + "/" + file.name, file.content));
  }
  cli.Say(
      fmt::format("{} files in {}; VERIFY.txt says how to check them", files.size(), options.to));
  return ExitCode::kOk;
}

}  // namespace preseal::server::cli
