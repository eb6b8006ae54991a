// SPDX-License-Identifier: Apache-2.0
#include "server/domain/lint/lint.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.h"
#include "server/domain/lint/classify.h"
#include "server/domain/lint/lint_parts.h"

namespace preseal::server {
namespace {

constexpr std::string_view kIsEvidence = "the file is evidence";
constexpr size_t kLintHeadBytes = 4096;  // enough to tell the kind

std::vector<LintResult> NotEvidence(const LintInput& input, std::string_view seen) {
  LintResult result;
  LintFindings findings(result);
  constexpr std::string_view kExpected =
      "an event log, certificate, quote, certify statement or platform certificate";
  if (input.asked_by_name) {
    findings.Refuse(kLintUnknown, kIsEvidence, RefusalCode::kEvidenceMalformed, seen, kExpected);
  } else {
    findings.Remark(kLintUnknown, kIsEvidence, seen, kExpected);
  }
  return {std::move(result)};
}

// Good pieces that are evidence only together with a statement.
std::vector<LintResult> Companion(std::string_view seen) {
  LintResult result;
  LintFindings(result).Remark(kLintUnknown, kIsEvidence, seen,
                              "judged with the statement it signs");
  return {std::move(result)};
}

std::vector<LintResult> LintPlainText(const LintInput& input) {
  const std::string_view text = AsText(input.bytes);
  // A compact JWS, as our evidence and birth certificates are.
  const bool jws = text.starts_with("eyJ") && std::count(text.begin(), text.end(), '.') == 2;
  return NotEvidence(input,
                     jws ? "a signed record; preseal evidence verify and preseal verify judge "
                           "those"
                         : "text");
}

std::vector<LintResult> LintJsonFile(const LintInput& input, const LintOptions& options) {
  std::vector<LintResult> results = LintJson(AsText(input.bytes), options);
  if (!results.empty()) return results;
  return NotEvidence(input,
                     "JSON without a statement we know; signed evidence records are judged by "
                     "preseal evidence verify");
}

std::vector<LintResult> LintAttestFile(const LintInput& input, const LintOptions& options) {
  LintStatement statement;
  statement.attest = input.bytes;
  statement.signature = input.signature;
  statement.key = options.key;
  statement.nonce = input.nonce;
  return {LintAttest(statement)};
}

std::vector<LintResult> LintUnknown(const LintInput& input) {
  LintInput named = input;
  named.asked_by_name = true;  // bytes that are nothing are refused wherever they are found
  return NotEvidence(named, input.bytes.empty() ? std::string("no bytes")
                                                : fmt::format("{} bytes that are none of ours",
                                                              input.bytes.size()));
}

std::vector<LintResult> LintProtoFile(const LintInput& input) {
  std::vector<LintResult> results = LintAttestationProto(input.bytes);
  return results.empty() ? LintUnknown(input) : results;
}

// Not looked at further; its beginning says what it claims to be.
std::vector<LintResult> TooLarge(const LintInput& input) {
  LintResult result;
  switch (Classify(input.bytes.first(kLintHeadBytes), input.path)) {
    case LintForm::kEventLog:
      result.kind = LintKind::kEventLog;
      break;
    case LintForm::kX509:
    case LintForm::kPem:
      result.kind = LintKind::kEkCertificate;
      break;
    case LintForm::kAttributeCertificate:
      result.kind = LintKind::kPlatformCertificate;
      break;
    case LintForm::kAttest:
      result.kind = LintKind::kQuote;
      break;
    case LintForm::kUnknown:
    case LintForm::kText:
    case LintForm::kJson:
    case LintForm::kAttestationProto:
    case LintForm::kSignature:
    case LintForm::kPublic:
      break;
  }
  LintFindings(result).Refuse(kLintTooLarge, "the file is within limits",
                              RefusalCode::kInputTooLarge,
                              fmt::format("more than {} bytes", kLintFileBytesMax),
                              fmt::format("at most {} bytes", kLintFileBytesMax));
  return {std::move(result)};
}

}  // namespace

std::string_view NameOf(LintKind kind) {
  switch (kind) {
    case LintKind::kUnknown:
      return "unknown";
    case LintKind::kEventLog:
      return "event-log";
    case LintKind::kEkCertificate:
      return "ek-certificate";
    case LintKind::kCaCertificate:
      return "ca-certificate";
    case LintKind::kQuote:
      return "quote";
    case LintKind::kCertify:
      return "certify";
    case LintKind::kPlatformCertificate:
      return "platform-certificate";
  }
  return "";
}

std::string_view NameOf(LintVerdict verdict) {
  switch (verdict) {
    case LintVerdict::kValid:
      return "valid";
    case LintVerdict::kFindings:
      return "findings";
    case LintVerdict::kRefused:
      return "refused";
  }
  return "";
}

RefusalCode LintResult::code() const {
  for (const LintFinding& finding : findings) {
    if (finding.verdict == CheckVerdict::kFail) return finding.code;
  }
  return RefusalCode::kNone;
}

LintVerdict LintResult::verdict() const {
  if (code() != RefusalCode::kNone) return LintVerdict::kRefused;
  return findings.empty() ? LintVerdict::kValid : LintVerdict::kFindings;
}

void LintFindings::Refuse(int number, std::string_view check, RefusalCode code,
                          std::string_view seen, std::string_view expected) {
  result_.findings.push_back({number, std::string(check), CheckVerdict::kFail, code,
                              std::string(seen), std::string(expected), ""});
}

void LintFindings::Remark(int number, std::string_view check, std::string_view seen,
                          std::string_view expected, RefusalCode code, std::string_view remedy) {
  result_.findings.push_back({number, std::string(check), CheckVerdict::kFinding, code,
                              std::string(seen), std::string(expected), std::string(remedy)});
}

std::string LintText(std::string_view text) { return EscapeForLog(text, kNameBytesMax); }

std::string LintTime(WallTime time) {
  if (time == WallTime::max()) return "never";
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

LintTrust MakeLintTrust(const std::vector<crypto::Certificate>& certificates) {
  LintTrust trust;
  std::vector<const crypto::Certificate*> unique;
  for (const crypto::Certificate& certificate : certificates) {
    const bool known = std::any_of(unique.begin(), unique.end(),
                                   [&](const auto* seen) { return *seen == certificate; });
    if (!known) unique.push_back(&certificate);
  }
  for (const crypto::Certificate* certificate : unique) {
    const bool has_issuer =
        certificate->subject() != certificate->issuer() &&
        std::any_of(unique.begin(), unique.end(), [&](const auto* other) {
          return other != certificate && other->subject() == certificate->issuer();
        });
    (has_issuer ? trust.intermediates : trust.roots).push_back(*certificate);
  }
  return trust;
}

std::vector<LintResult> Lint(const LintInput& input, const LintOptions& options) {
  if (input.bytes.size() > kLintFileBytesMax) return TooLarge(input);
  switch (Classify(input.bytes, input.path)) {
    case LintForm::kUnknown:
      return LintUnknown(input);
    case LintForm::kText:
      return LintPlainText(input);
    case LintForm::kEventLog:
      return {LintEventLog(input.bytes)};
    case LintForm::kX509:
      return {LintX509(input.bytes, options)};
    case LintForm::kAttributeCertificate:
      return {LintPlatformCertificate(input.bytes, options)};
    case LintForm::kPem:
      return LintPem(AsText(input.bytes), options);
    case LintForm::kJson:
      return LintJsonFile(input, options);
    case LintForm::kAttest:
      return LintAttestFile(input, options);
    case LintForm::kAttestationProto:
      return LintProtoFile(input);
    case LintForm::kSignature:
      return Companion("a signature");
    case LintForm::kPublic:
      return Companion("a TPM public key");
  }
  return LintUnknown(input);
}

}  // namespace preseal::server
