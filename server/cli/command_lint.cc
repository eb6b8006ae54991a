// SPDX-License-Identifier: Apache-2.0
// evidence lint: judges files of evidence, without a server, a database or the network.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>

#include "common/base/limits.h"
#include "common/crypto/certificate.h"
#include "server/cli/commands.h"
#include "server/cli/input_file.h"
#include "server/cli/lint_files.h"
#include "server/cli/lint_report.h"

namespace preseal::server::cli {
namespace {

// What lies beside a statement as `preseal evidence DEVICE` writes it.
struct Companions {
  Bytes signature;
  std::optional<Bytes> nonce;
  std::optional<crypto::PublicKey> key;
};

std::optional<Bytes> ReadIfThere(const std::filesystem::path& path) {
  auto bytes = ReadLintFile(path.string());
  if (!bytes.ok()) return std::nullopt;
  return std::move(*bytes);
}

Companions FindCompanions(const std::string& file) {
  const std::filesystem::path path(file);
  const auto beside = [&](const char* extension) {
    auto bytes = ReadIfThere(std::filesystem::path(path).replace_extension(extension));
    return bytes ? bytes : ReadIfThere(file + extension);
  };
  Companions found;
  if (path.extension() != ".sig") found.signature = beside(".sig").value_or(Bytes());
  if (found.signature.empty()) return found;
  if (const auto hex = beside(".nonce")) {
    std::string text = ToString(ByteView(*hex));
    text.erase(text.find_last_not_of(" \t\r\n") + 1);
    if (auto nonce = FromHex(text); nonce.ok()) found.nonce = std::move(*nonce);
  }
  for (const char* name : {"ak.pem", "ak.pub"}) {
    const auto bytes = ReadIfThere(path.parent_path() / name);
    if (!bytes || found.key) continue;
    if (auto key = ReadLintKey(*bytes); key.ok()) found.key = std::move(*key);
  }
  return found;
}

class LintRun {
 public:
  LintRun(const Cli& cli, const LintCommandOptions& options, LintOptions judging)
      : cli_(cli), options_(options), judging_(std::move(judging)) {}

  void Judge(const LintFile& file) {
    if (!file.error.empty()) return Unreadable(file.path, file.error);
    const auto bytes = ReadLintFile(file.path);
    if (!bytes.ok()) return Unreadable(file.path, MessageOf(bytes.status()));
    const Companions companions = FindCompanions(file.path);
    LintOptions judging = judging_;
    if (!judging.key) judging.key = companions.key;
    LintInput input;
    input.path = file.path;
    input.bytes = *bytes;
    input.signature = companions.signature;
    input.nonce = companions.nonce;
    input.asked_by_name = file.asked_by_name;
    for (LintResult& result : Lint(input, judging)) Take(file.path, std::move(result));
  }

  ExitCode Finish() {
    if (!json()) cli_.Print(LintReport(lines_));
    cli_.Say(LintSummary(counts_));
    if (counts_.unreadable > 0) return ExitCode::kError;
    return counts_.refused > 0 ? ExitCode::kNo : ExitCode::kOk;
  }

 private:
  bool json() const { return options_.json || cli_.format() == OutputFormat::kJson; }

  void Unreadable(const std::string& path, const std::string& why) {
    ++counts_.unreadable;
    cli_.Say("preseal: " + path + ": " + why);
  }

  void Take(const std::string& file, LintResult result) {
    Count(counts_, result);
    if (json()) return cli_.Print(LintJsonLine(file, result) + "\n");
    lines_.push_back({file, std::move(result)});
  }

  const Cli& cli_;
  const LintCommandOptions& options_;
  const LintOptions judging_;
  std::vector<LintLine> lines_;  // unless each is printed at once
  LintCounts counts_;
};

StatusOr<LintTrust> ReadTrust(const Cli& cli, const std::vector<std::string>& folders) {
  std::vector<crypto::Certificate> authorities;
  for (const LintFile& file : FindLintFiles(folders)) {
    if (!file.error.empty()) return InvalidArgument(file.path + ": " + file.error);
    ASSIGN_OR_RETURN_CTX(const Bytes bytes, ReadLintFile(file.path), file.path);
    size_t wrong = 0;
    for (crypto::Certificate& one : ReadAuthorities(bytes, &wrong)) {
      authorities.push_back(std::move(one));
    }
    if (wrong > 0) cli.Say("preseal: " + file.path + ": blocks that are no certificate left out");
  }
  if (authorities.empty()) return InvalidArgument("--trust: no CA certificate found");
  return MakeLintTrust(authorities);
}

}  // namespace

StatusOr<ExitCode> LintEvidence(const Cli& cli, const LintCommandOptions& options) {
  LintOptions judging;
  judging.now = std::chrono::system_clock::now();
  if (!options.at.empty()) {
    ASSIGN_OR_RETURN(judging.now, ParseLintTime(options.at));
  }
  judging.lab = options.lab;
  LintTrust trust;
  if (!options.trust.empty()) {
    ASSIGN_OR_RETURN(trust, ReadTrust(cli, options.trust));
    judging.trust = &trust;
  }
  if (!options.key_file.empty()) {
    ASSIGN_OR_RETURN_CTX(const Bytes bytes, ReadLintFile(options.key_file), options.key_file);
    ASSIGN_OR_RETURN_CTX(judging.key, ReadLintKey(bytes), options.key_file);
  }
  LintRun run(cli, options, std::move(judging));
  for (const LintFile& file : FindLintFiles(options.paths)) run.Judge(file);
  return run.Finish();
}

}  // namespace preseal::server::cli
