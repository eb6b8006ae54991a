// SPDX-License-Identifier: Apache-2.0
// evidence verify: judges recorded decisions again, without a server, a database or the network.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "common/base/limits.h"
#include "common/crypto/certificate.h"
#include "server/cli/command_tree_parts.h"
#include "server/cli/commands.h"
#include "server/cli/input_file.h"
#include "server/domain/evidence/evidence_verifier.h"
#include "server/domain/trust/policy_text.h"
#include "server/wire/evidence_codec.h"

namespace preseal::server::cli {
namespace {

using Certificates = std::vector<crypto::Certificate>;

StatusOr<Certificates> ReadFolder(const Cli& cli, const std::string& folder) {
  Certificates found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (!entry.is_regular_file(error)) continue;
    ASSIGN_OR_RETURN(const std::string text,
                     ReadInput(cli.terminal(), entry.path().string(), kPemBundleBytesMax));
    if (auto der = crypto::Certificate::FromDer(AsBytes(text)); der.ok()) {
      found.push_back(*std::move(der));
    } else if (auto bundle = crypto::ParsePemBundle(text); bundle.ok()) {
      found.insert(found.end(), bundle->begin(), bundle->end());
    }
  }
  if (found.empty()) return InvalidArgument(folder + " holds no CA certificates");
  return found;
}

// Whatever was looked at, kept until the end so that the table is one.
class Results {
 public:
  void Add(const LineReport& line) {
    worst_ = Worse(worst_, line.code());
    nlohmann::json checks = nlohmann::json::array();
    for (const EvidenceCheck& check : line.checks) {
      checks.push_back(ToJson(check));
      AddRow(line, check);
    }
    nlohmann::json object = {
        {"sequence", line.sequence}, {"code", NameOf(line.code())}, {"checks", std::move(checks)}};
    if (line.outcome) {
      object["device"] = line.device;
      object["outcome"] = NameOf(*line.outcome);
      object["refusal_code"] = NameOf(line.recorded_code);
    }
    json_ += object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  }
  void Add(const EvidenceCheck& whole) {
    worst_ = Worse(worst_, whole.code);
    AddRow({}, whole);
    json_ += nlohmann::json{{"file", ToJson(whole)}}.dump() + "\n";
  }

  void Print(const Cli& cli, bool json) const {
    if (json || cli.format() == OutputFormat::kJson)
      return cli.Print(json_ + nlohmann::json{{"limit", kEvidenceLimit}}.dump() + "\n");
    Report report{.sections = {{.table = table_}}, .csv = table_};
    cli.Print(report);
    cli.Say(worst_ == RefusalCode::kNone ? "same verdict, same findings"
                                         : std::string(NameOf(worst_)));
    cli.Say(kEvidenceLimit);
  }
  ExitCode exit_code() const {
    if (worst_ == RefusalCode::kNone) return ExitCode::kOk;
    return worst_ == RefusalCode::kEvidenceMalformed ? ExitCode::kError : ExitCode::kNo;
  }

 private:
  // Changed weighs more than unreadable.
  static RefusalCode Worse(RefusalCode a, RefusalCode b) {
    if (a == RefusalCode::kEvidenceTampered || b == RefusalCode::kNone) return a;
    return b;
  }
  static nlohmann::json ToJson(const EvidenceCheck& check) {
    return {{"check", check.name},
            {"verdict", NameOf(check.verdict)},
            {"code", NameOf(check.code)},
            {"seen", check.seen},
            {"expected", check.expected}};
  }
  void AddRow(const LineReport& line, const EvidenceCheck& check) {
    const Tone tone = check.verdict == CheckVerdict::kPass      ? Tone::kGood
                      : check.verdict == CheckVerdict::kFinding ? Tone::kWarn
                                                                : Tone::kBad;
    table_.rows.push_back({{line.sequence == 0 ? "" : std::to_string(line.sequence)},
                           {line.device},
                           {std::string(check.name)},
                           {std::string(NameOf(check.verdict)), tone},
                           {std::string(NameOf(check.code))},
                           {check.seen},
                           {check.expected}});
  }

  RefusalCode worst_ = RefusalCode::kNone;
  Table table_{{"sequence", "device", "check", "verdict", "code", "seen", "expected"}, {}};
  std::string json_;
};

}  // namespace

StatusOr<ExitCode> VerifyEvidence(const Cli& cli, const VerifyEvidenceOptions& options) {
  Certificates signers;
  Certificates makers;
  EvidenceTrust trust;
  if (!options.signer.empty()) {
    ASSIGN_OR_RETURN(const std::string pem, ReadCaFile(options.signer));
    ASSIGN_OR_RETURN(signers, crypto::ParsePemBundle(pem));
    trust.signer_roots = &signers;
  }
  if (!options.trust.empty()) {
    ASSIGN_OR_RETURN(makers, ReadFolder(cli, options.trust));
    trust.maker_roots = &makers;
  }
  ASSIGN_OR_RETURN(const std::string text,
                   ReadInput(cli.terminal(), options.file, kEvidenceFileBytesMax));
  const ProtoRecordReader reader;
  const PolicyCodec policies{PolicyText, ParsePolicyText};
  EvidenceVerifier verifier(reader, policies, trust);
  Results results;
  std::string_view rest = text;
  if (rest.empty()) return InvalidArgument(options.file + " is empty");
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    results.Add(verifier.Line(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (const auto whole = verifier.Finish()) results.Add(*whole);
  results.Print(cli, options.json);
  return results.exit_code();
}

void AddVerifyEvidenceCommand(CLI::App* evidence, Action* action) {
  const auto options = std::make_shared<VerifyEvidenceOptions>();
  CLI::App* verify = evidence->add_subcommand(
      "verify", "Judge recorded decisions again; needs no server, database or network");
  verify->add_option("file", options->file, "The evidence file, - for standard input")
      ->required()
      ->type_name("FILE");
  verify->add_option("--signer", options->signer, "The seal CA's certificate")->type_name("FILE");
  verify->add_option("--trust", options->trust, "CA certificates of TPM makers you trust")
      ->type_name("DIR");
  verify->add_flag("--json", options->json,
                   "One JSON object a line; the last says what no check can show");
  verify->callback([options, action] {
    *action = [options](const Cli& cli) { return VerifyEvidence(cli, *options); };
  });
}

}  // namespace preseal::server::cli
