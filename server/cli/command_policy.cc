// SPDX-License-Identifier: Apache-2.0
// policy apply, try, show, list.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "common/base/limits.h"
#include "preseal/evidence/v1/evidence.grpc.pb.h"
#include "preseal/trust/v1/trust.grpc.pb.h"
#include "server/cli/connection.h"
#include "server/cli/input_file.h"
#include "server/cli/policy_file.h"
#include "server/cli/progress_line.h"
#include "server/cli/stream.h"
#include "server/cli/trust_commands.h"
#include "server/cli/views.h"
#include "server/domain/trust/policy_text.h"

namespace preseal::server::cli {
namespace {

namespace tv1 = ::preseal::trust::v1;
namespace ev1 = ::preseal::evidence::v1;
using Trust = tv1::TrustService::Stub;

// As canonical text, from YAML.
StatusOr<std::string> ReadPolicyText(const Cli& cli, const std::string& file) {
  ASSIGN_OR_RETURN(const std::string yaml, ReadInput(cli.terminal(), file, kPolicyBytesMax));
  ASSIGN_OR_RETURN(const AttestationPolicy policy, ReadPolicyFile(yaml, file));
  return PolicyText(policy);
}

}  // namespace

StatusOr<ExitCode> PolicyApply(const Cli& cli, const PolicyApplyOptions& options) {
  tv1::ApplyPolicyRequest request;
  ASSIGN_OR_RETURN(*request.mutable_policy(), ReadPolicyText(cli, options.file));
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

StatusOr<ExitCode> PolicyTry(const Cli& cli, const std::string& file) {
  ev1::TryPolicyRequest request;
  ASSIGN_OR_RETURN(*request.mutable_policy(), ReadPolicyText(cli, file));
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ev1::EvidenceService::Stub stub(connection->channel());
  ev1::TryPolicyResponse last;
  std::vector<std::vector<Cell>> rows;
  {
    ProgressLine progress(cli.terminal());
    RETURN_IF_ERROR(ReadToEnd<ev1::TryPolicyResponse>(
        *connection, [&](grpc::ClientContext* c) { return stub.TryPolicy(c, request); },
        [&](const ev1::TryPolicyResponse& message) {
          last = message;
          progress.Show(fmt::format("{} of {} devices", last.devices_tried(), last.devices()));
          if (!message.has_difference()) return true;
          const auto& one = message.difference();
          rows.push_back({{IdOf(one.device())},
                          {std::to_string(one.sequence())},
                          {one.before()},
                          {one.after()},
                          {one.check()},
                          {one.unproven() ? "after proving itself" : ""}});
          return true;
        }));
  }
  cli.Print(FlatReport({"device", "sequence", "before", "after", "check", "note"}, rows,
                       "no past decision would differ"));
  cli.Say(fmt::format("{} devices tried, {} would differ; nothing stored", last.devices_tried(),
                      rows.size()));
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
