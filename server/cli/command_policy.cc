// SPDX-License-Identifier: Apache-2.0
// policy apply, show, list.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "common/base/limits.h"
#include "preseal/trust/v1/trust.grpc.pb.h"
#include "server/cli/connection.h"
#include "server/cli/input_file.h"
#include "server/cli/policy_file.h"
#include "server/cli/trust_commands.h"
#include "server/cli/views.h"
#include "server/domain/trust/policy_text.h"

namespace preseal::server::cli {
namespace {

namespace tv1 = ::preseal::trust::v1;
using Trust = tv1::TrustService::Stub;

}  // namespace

StatusOr<ExitCode> PolicyApply(const Cli& cli, const PolicyApplyOptions& options) {
  ASSIGN_OR_RETURN(const std::string yaml,
                   ReadInput(cli.terminal(), options.file, kPolicyBytesMax));
  ASSIGN_OR_RETURN(const AttestationPolicy policy, ReadPolicyFile(yaml, options.file));
  tv1::ApplyPolicyRequest request;
  request.set_policy(PolicyText(policy));
  request.set_validate_only(options.dry_run);
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ASSIGN_OR_RETURN(const auto answer, connection->Call(&Trust::ApplyPolicy, request));
  std::vector<std::vector<Cell>> rows;
  for (const auto& one : answer.differences()) {
    rows.push_back({{IdOf(one.device())}, {one.before()}, {one.after()}});
  }
  cli.Print(FlatReport({"device", "before", "after"}, rows,
                       answer.tried() ? "no past decision would differ" : ""));
  cli.Say(answer.stored()
              ? fmt::format("policy version {} is in force", answer.version())
              : fmt::format("nothing stored: version {} stays in force{}", answer.version(),
                            answer.tried() ? "" : ", and no evidence was tried"));
  return ExitCode::kOk;
}

StatusOr<ExitCode> PolicyShow(const Cli& cli, uint64_t version) {
  tv1::GetPolicyRequest request;
  request.set_version(version);
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ASSIGN_OR_RETURN(const auto policy, connection->Call(&Trust::GetPolicy, request));
  if (cli.format() == OutputFormat::kJson) {
    cli.Print(policy.text() + "\n");  // byte for byte: its digest can be checked
    return ExitCode::kOk;
  }
  cli.Say(fmt::format("version {}, {} by {}, sha256 {}", policy.version(),
                      TimeText(policy.create_time()), policy.author(), policy.sha256()));
  const auto json = nlohmann::ordered_json::parse(policy.text(), nullptr, false);
  cli.Print(json.is_discarded() ? policy.text() : json.dump(2) + "\n");
  return ExitCode::kOk;
}

StatusOr<ExitCode> PolicyList(const Cli& cli) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ASSIGN_OR_RETURN(const auto answer,
                   connection->Call(&Trust::ListPolicies, tv1::ListPoliciesRequest()));
  std::vector<std::vector<Cell>> rows;
  for (const auto& policy : answer.policies()) {
    rows.push_back({{std::to_string(policy.version())},
                    {TimeText(policy.create_time())},
                    {policy.author()},
                    {policy.sha256()}});
  }
  cli.Print(FlatReport({"version", "create_time", "author", "sha256"}, rows,
                       "no policy was applied: the configuration's is in force"));
  return ExitCode::kOk;
}

}  // namespace preseal::server::cli
