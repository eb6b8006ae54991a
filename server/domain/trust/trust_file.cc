// SPDX-License-Identifier: Apache-2.0
#include "server/domain/trust/trust_file.h"

#include <fmt/format.h>

#include "common/base/limits.h"
#include "common/crypto/jws.h"
#include "server/domain/trust/strict_json.h"

namespace preseal::server {
namespace {

struct Statement {
  std::string version;
  std::string sha256;
};

template <typename Codec>
void DescribeStatement(Codec& codec, Statement& statement) {
  codec.Text("sha256", statement.sha256, 64);
  codec.Text("version", statement.version, 20);
}

struct FileParts {
  std::string_view jws;
  std::string_view text;
};

StatusOr<FileParts> Split(std::string_view file) {
  if (file.size() > kTrustBundleBytesMax + kJwsBytesMax) {
    return InvalidArgument("file is too large");
  }
  const size_t line_end = file.find('\n');
  if (line_end == std::string_view::npos) return InvalidArgument("file has no second line");
  std::string_view text = file.substr(line_end + 1);
  if (text.ends_with('\n')) text.remove_suffix(1);
  return FileParts{file.substr(0, line_end), text};
}

TrustFileVerdict No(RefusalCode code, std::string_view detail) {
  return {code, std::string(detail), std::nullopt};
}

TrustFileVerdict ReadSigned(std::string_view payload, std::string_view text,
                            uint64_t version_above) {
  const auto json = ParseStrictJson(payload);
  if (!json.ok()) return No(RefusalCode::kBundleMalformed, "statement is no JSON");
  JsonFault fault;
  Statement statement;
  JsonReader reader(*json, "", &fault);
  DescribeStatement(reader, statement);
  reader.Finish();
  if (!fault.problem.empty())
    return No(RefusalCode::kBundleMalformed, "statement: " + fault.problem);
  if (statement.sha256 != ToHex(crypto::Sha256(AsBytes(text)))) {
    return No(RefusalCode::kBundleSignature, "the text is not the one that was signed");
  }
  auto document = ParseTrustText(text);
  if (!document.ok()) return No(RefusalCode::kBundleMalformed, MessageOf(document.status()));
  if (statement.version != std::to_string(document->version)) {
    return No(RefusalCode::kBundleMalformed, "statement and text name two versions");
  }
  if (document->version <= version_above) {
    return No(RefusalCode::kBundleRollback, fmt::format("version {}, but {} was in force already",
                                                        document->version, version_above));
  }
  return {RefusalCode::kNone, "", *std::move(document)};
}

}  // namespace

std::string TrustStatement(uint64_t version, std::string_view text) {
  Statement statement{std::to_string(version), ToHex(crypto::Sha256(AsBytes(text)))};
  JsonWriter writer;
  DescribeStatement(writer, statement);
  return writer.Dump();
}

std::string JoinTrustFile(std::string_view statement_jws, std::string_view text) {
  return fmt::format("{}\n{}\n", statement_jws, text);
}

StatusOr<TrustFileVerdict> OpenTrustFile(std::string_view file,
                                         const std::vector<crypto::Certificate>& roots,
                                         WallTime now, uint64_t version_above) {
  const auto parts = Split(file);
  if (!parts.ok()) return No(RefusalCode::kBundleMalformed, MessageOf(parts.status()));
  ASSIGN_OR_RETURN(const crypto::JwsVerdict jws,
                   crypto::VerifyCompact(parts->jws, {kTrustStatementType, roots, now}));
  if (jws.accepted()) return ReadSigned(jws.payload, parts->text, version_above);
  const bool junk = jws.outcome == crypto::JwsOutcome::kMalformed;
  return No(junk ? RefusalCode::kBundleMalformed : RefusalCode::kBundleSignature,
            fmt::format("{}: {}", ToText(jws.outcome), jws.detail));
}

StatusOr<TrustDocument> ReadTrustFileUnchecked(std::string_view file) {
  ASSIGN_OR_RETURN(const FileParts parts, Split(file));
  return ParseTrustText(parts.text);
}

}  // namespace preseal::server
