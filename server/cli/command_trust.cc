// SPDX-License-Identifier: Apache-2.0
// trust import, export, remove, narrow, sha1, ek-cache import: what changes the bundle.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "common/base/limits.h"
#include "common/files/files.h"
#include "preseal/trust/v1/trust.grpc.pb.h"
#include "server/cli/connection.h"
#include "server/cli/input_file.h"
#include "server/cli/trust_commands.h"
#include "server/cli/trust_files.h"
#include "server/domain/trust/ek_url.h"

namespace preseal::server::cli {
namespace {

namespace fs = std::filesystem;
namespace tv1 = ::preseal::trust::v1;
using Trust = tv1::TrustService::Stub;

constexpr std::string_view kJwsStart =
    "eyJ";  // {" in base64url: a signed bundle, not a certificate

Tone ToneOf(const std::string& outcome) {
  if (outcome == "refused") return Tone::kBad;
  return outcome == "unchanged" ? Tone::kDim : Tone::kGood;
}

// Prints every result; kNo if anything was refused.
ExitCode Tell(const Cli& cli, const tv1::TrustChange& change) {
  std::vector<std::vector<Cell>> rows;
  bool refused = false;
  for (const auto& one : change.results()) {
    refused = refused || one.outcome() == "refused";
    rows.push_back({{one.outcome(), ToneOf(one.outcome()), true},
                    {one.subject()},
                    {one.fingerprint()},
                    {one.message()}});
  }
  cli.Print(FlatReport({"outcome", "subject", "fingerprint", "message"}, rows, ""));
  cli.Say(change.stored() ? fmt::format("trust bundle version {} is in force", change.version())
          : refused       ? "refused: nothing was stored"
                    : fmt::format("nothing stored: version {} stays in force", change.version()));
  return refused ? ExitCode::kNo : ExitCode::kOk;
}

tv1::Anchor::Role ToProto(AnchorRole role, bool lab) {
  switch (role) {
    case AnchorRole::kRoot:
      return lab ? tv1::Anchor::ROLE_LAB : tv1::Anchor::ROLE_ROOT;
    case AnchorRole::kIntermediate:
      return tv1::Anchor::ROLE_INTERMEDIATE;
    case AnchorRole::kLab:
      return tv1::Anchor::ROLE_LAB;
  }
  return tv1::Anchor::ROLE_UNSPECIFIED;
}

StatusOr<ExitCode> ImportBundle(const Cli& cli, const std::string& file) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  tv1::ImportTrustBundleRequest request;
  request.set_file(file);
  ASSIGN_OR_RETURN(const auto change, connection->Call(&Trust::ImportTrustBundle, request));
  return Tell(cli, change);
}

// A maker's answer of any kind.
StatusOr<crypto::Certificate> ReadEkCertificate(ByteView content) {
  const std::string_view text = AsText(content);
  if (text.find("-----BEGIN ") != std::string_view::npos) return crypto::Certificate::FromPem(text);
  if (text.starts_with('{')) return ReadIntelAnswer(text);
  return crypto::Certificate::FromDer(content);
}

StatusOr<std::vector<fs::path>> FilesAt(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::vector<fs::path>{path};
  std::vector<fs::path> files;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (it->is_regular_file(error)) files.push_back(it->path());
    if (files.size() > kEkCacheImportMax) return InvalidArgument(path + ": too many files");
  }
  if (error) return InvalidArgument(path + ": " + error.message());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

StatusOr<ExitCode> TrustImportFiles(const Cli& cli, const TrustImportOptions& options) {
  if (options.paths.size() == 1 && fs::path(options.paths[0]).extension() == ".jws") {
    ASSIGN_OR_RETURN(const std::string file, ReadInput(cli.terminal(), options.paths[0],
                                                       kTrustBundleBytesMax + kJwsBytesMax));
    if (file.starts_with(kJwsStart)) return ImportBundle(cli, file);
  }
  ASSIGN_OR_RETURN(const TrustFiles files, ReadTrustFiles(options.paths, options.vendor));
  for (const std::string& problem : files.problems) cli.Say("passed over: " + problem);
  tv1::ImportTrustRequest request;
  request.set_validate_only(options.dry_run);
  for (const FoundAnchor& found : files.anchors) {
    auto* anchor = request.add_anchors();
    anchor->set_certificate(ToString(ByteView(found.anchor.certificate.der())));
    anchor->set_role(ToProto(found.anchor.role, options.lab));
    anchor->set_vendor(found.anchor.vendor);
  }
  for (const Bytes& list : files.revocation_lists) {
    request.add_revocation_lists(ToString(ByteView(list)));
  }
  if (request.anchors_size() == 0 && request.revocation_lists_size() == 0) {
    return InvalidArgument("no certificate and no revocation list found");
  }
  if (request.ByteSizeLong() > kGrpcMessageBytesMax) {
    return InvalidArgument("too much for one import: name fewer files");
  }
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ASSIGN_OR_RETURN(const auto change, connection->Call(&Trust::ImportTrust, request));
  return Tell(cli, change);
}

StatusOr<ExitCode> TrustExport(const Cli& cli, const std::string& to, uint64_t version) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  tv1::GetTrustBundleRequest request;
  request.set_version(version);
  ASSIGN_OR_RETURN(const auto bundle, connection->Call(&Trust::GetTrustBundle, request));
  RETURN_IF_ERROR(WriteOutput(to, AsBytes(bundle.file())));
  cli.Say(fmt::format("trust bundle version {} written to {}", bundle.version(), to));
  return ExitCode::kOk;
}

StatusOr<ExitCode> TrustRemove(const Cli& cli, const TrustRemoveOptions& options) {
  if (options.fingerprints.empty() && options.vendor.empty()) {
    return InvalidArgument("say which: fingerprints, or --vendor NAME");
  }
  tv1::RemoveTrustRequest request;
  for (const std::string& one : options.fingerprints) request.add_fingerprints(one);
  request.set_vendor(options.vendor);
  request.set_validate_only(options.dry_run);
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ASSIGN_OR_RETURN(const auto change, connection->Call(&Trust::RemoveTrust, request));
  return Tell(cli, change);
}

StatusOr<ExitCode> TrustNarrow(const Cli& cli, const std::vector<std::string>& vendors) {
  tv1::NarrowTrustRequest request;
  for (const std::string& vendor : vendors) request.add_vendors(vendor);
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ASSIGN_OR_RETURN(const auto change, connection->Call(&Trust::NarrowTrust, request));
  return Tell(cli, change);
}

StatusOr<ExitCode> TrustSha1(const Cli& cli, const std::string& fingerprint,
                             const std::string& reason) {
  tv1::AcceptSha1Request request;
  request.set_fingerprint(fingerprint);
  request.set_reason(reason);
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ASSIGN_OR_RETURN(const auto change, connection->Call(&Trust::AcceptSha1, request));
  return Tell(cli, change);
}

StatusOr<ExitCode> EkCacheImport(const Cli& cli, const std::vector<std::string>& paths) {
  tv1::ImportEkCertificatesRequest request;
  for (const std::string& path : paths) {
    ASSIGN_OR_RETURN(const auto files, FilesAt(path));
    for (const fs::path& file : files) {
      const auto content = files::Read(file.string(), 4 * kCertificateBytesMax);
      if (!content.ok()) return AsUsage(content.status());
      ASSIGN_OR_RETURN_CTX(const auto certificate, ReadEkCertificate(*content), file.string());
      request.add_certificates(ToString(ByteView(certificate.der())));
    }
  }
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ASSIGN_OR_RETURN(const auto change, connection->Call(&Trust::ImportEkCertificates, request));
  return Tell(cli, change);
}

}  // namespace preseal::server::cli
