// SPDX-License-Identifier: Apache-2.0
// PEM (RFC 7468), block by block, so that one bad block does not hide the others.
#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.h"
#include "common/crypto/encoding.h"
#include "server/domain/lint/lint_parts.h"

namespace preseal::server {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kDashes = "-----";
constexpr std::string_view kCertificate = "CERTIFICATE";
constexpr std::string_view kAttributeCertificate = "ATTRIBUTE CERTIFICATE";
constexpr size_t kBlocksMax = 4096;  // all known TPM vendor CAs: 169

struct PemBlock {
  std::string_view label;
  std::string_view body;   // base64 with white space
  std::string_view wrong;  // empty: the block is whole
};

// Takes the next block; false if there is none.
bool TakeBlock(std::string_view& text, PemBlock& block) {
  const size_t begin = text.find(kBegin);
  if (begin == std::string_view::npos) return false;
  text.remove_prefix(begin + kBegin.size());
  const size_t label_end = text.find(kDashes);
  block = {};
  if (label_end == std::string_view::npos || label_end > text.find('\n')) {
    block.label = kCertificate;
    block.wrong = "a first line that does not end";
    return true;
  }
  block.label = text.substr(0, label_end);
  text.remove_prefix(label_end + kDashes.size());
  const std::string end = fmt::format("-----END {}-----", block.label);
  const size_t body_end = text.find(end);
  if (body_end == std::string_view::npos || body_end > text.find(kBegin)) {
    block.wrong = "a block without its last line";
    return true;
  }
  block.body = text.substr(0, body_end);
  text.remove_prefix(body_end + end.size());
  return true;
}

LintResult MalformedBlock(std::string_view label, std::string_view seen) {
  LintResult result;
  const bool platform = label == kAttributeCertificate;
  result.kind = platform ? LintKind::kPlatformCertificate : LintKind::kEkCertificate;
  LintFindings(result).Refuse(
      kLintPem, "the PEM text is whole",
      platform ? RefusalCode::kEvidenceMalformed : RefusalCode::kEkCertMalformed, LintText(seen),
      "BEGIN line, base64, END line");
  return result;
}

LintResult LintBlock(const PemBlock& block, const LintOptions& options) {
  if (!block.wrong.empty()) return MalformedBlock(block.label, block.wrong);
  if (block.label != kCertificate && block.label != kAttributeCertificate) {
    LintResult result;
    LintFindings(result).Remark(kLintUnknown, "the file is evidence",
                                "a PEM block " + LintText(block.label),
                                "CERTIFICATE or ATTRIBUTE CERTIFICATE");
    return result;
  }
  std::string base64(block.body);
  std::erase_if(base64, [](char c) { return c == '\n' || c == '\r' || c == ' ' || c == '\t'; });
  const auto der = crypto::Base64Decode(base64);
  if (!der.ok()) return MalformedBlock(block.label, MessageOf(der.status()));
  return block.label == kCertificate ? LintX509(*der, options)
                                     : LintPlatformCertificate(*der, options);
}

}  // namespace

std::vector<LintResult> LintPem(std::string_view pem, const LintOptions& options) {
  std::vector<LintResult> results;
  PemBlock block;
  for (std::string_view rest = pem; results.size() < kBlocksMax && TakeBlock(rest, block);) {
    results.push_back(LintBlock(block, options));
  }
  if (results.empty()) {
    results.push_back(MalformedBlock(kCertificate, "no PEM block"));
  }
  if (results.size() > 1) {
    for (size_t i = 0; i < results.size(); ++i) results[i].index = i;
  }
  return results;
}

}  // namespace preseal::server
