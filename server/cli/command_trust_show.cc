// SPDX-License-Identifier: Apache-2.0
// trust list, crl list, explain, ek-url: reading, on the bundle as the server hands it out.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "common/base/limits.h"
#include "common/tpmwire/ek_certificate.h"
#include "common/tpmwire/public_area.h"
#include "common/tpmwire/signature.h"
#include "preseal/trust/v1/trust.grpc.pb.h"
#include "server/cli/connection.h"
#include "server/cli/input_file.h"
#include "server/cli/trust_commands.h"
#include "server/domain/attestation/ek_path.h"
#include "server/domain/attestation/ek_revocation.h"
#include "server/domain/trust/ek_url.h"
#include "server/domain/trust/trust_file.h"

namespace preseal::server::cli {
namespace {

namespace tv1 = ::preseal::trust::v1;
using Trust = tv1::TrustService::Stub;

constexpr auto kExpirySoon = 24h * 180;

WallTime Now() {
  return std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
}

StatusOr<TrustDocument> Fetch(const Cli& cli) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ASSIGN_OR_RETURN(const auto bundle,
                   connection->Call(&Trust::GetTrustBundle, tv1::GetTrustBundleRequest()));
  return ReadTrustFileUnchecked(bundle.file());
}

std::string Day(WallTime time) {
  if (time == WallTime::max()) return "never";
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string KeyText(const crypto::Certificate& certificate) {
  const auto key = certificate.public_key();
  if (!key.ok()) return "unknown";
  return fmt::format("{}-{}", key->kind() == crypto::KeyKind::kRsa ? "RSA" : "EC", key->bits());
}

Cell Warning(const Anchor& anchor, WallTime now) {
  const WallTime end = anchor.certificate.not_after();
  if (end < now) return {"expired", Tone::kBad};
  if (end != WallTime::max() && end - now < kExpirySoon) return {"expires soon", Tone::kWarn};
  if (!anchor.sha1_reason.empty()) return {"SHA-1: " + anchor.sha1_reason, Tone::kWarn};
  return {""};
}

// The certificate of an EK in any form it comes in.
StatusOr<crypto::Certificate> ReadEkCertificate(ByteView content) {
  const std::string_view text = AsText(content);
  if (text.find("-----BEGIN ") != std::string_view::npos) return crypto::Certificate::FromPem(text);
  ASSIGN_OR_RETURN(const auto nv, tpmwire::UnwrapNvCertificate(content));
  return crypto::Certificate::FromDer(nv.der);
}

std::vector<Cell> Line(std::string_view rule, const PathFault& fault) {
  const bool good = fault.code == RefusalCode::kNone;
  return {{std::string(rule)},
          {good ? "pass" : std::string(NameOf(fault.code)), good ? Tone::kGood : Tone::kBad, true},
          {fault.seen}};
}

std::vector<Cell> RevocationLine(const RevocationAnswer& answer) {
  switch (answer.state) {
    case RevocationState::kGood:
      return {{"not revoked"}, {"pass", Tone::kGood, true}, {""}};
    case RevocationState::kRevoked:
      return {{"not revoked"}, {"EK_REVOKED", Tone::kBad, true}, {answer.seen}};
    case RevocationState::kUnknown:
      break;
  }
  return {{"not revoked"}, {"unknown", Tone::kWarn, true}, {answer.seen}};
}

StatusOr<crypto::PublicKey> ReadKey(ByteView content) {
  const std::string_view text = AsText(content);
  if (text.find("-----BEGIN ") == std::string_view::npos) {
    if (auto key = crypto::PublicKey::FromSpkiDer(content); key.ok()) return key;
    if (const auto area = tpmwire::ParsePublic(content); area.ok()) {
      return tpmwire::ToPublicKey(*area);
    }
  }
  ASSIGN_OR_RETURN(const auto certificate, ReadEkCertificate(content));
  return certificate.public_key();
}

}  // namespace

Report FlatReport(const std::vector<std::string>& columns,
                  const std::vector<std::vector<Cell>>& rows, const std::string& when_empty) {
  Report report;
  Section section;
  for (std::string column : columns) {
    report.csv.columns.push_back(column);
    for (char& c : column) c = c == '_' ? ' ' : static_cast<char>(std::toupper(c));
    section.table.columns.push_back(column);
  }
  section.table.rows = rows;
  section.when_empty = when_empty;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const std::vector<Cell>& row : rows) {
    nlohmann::ordered_json one;
    std::vector<Cell> plain;
    for (size_t i = 0; i < columns.size(); ++i) {
      one[columns[i]] = row[i].text;
      plain.push_back({row[i].text});
    }
    report.csv.rows.push_back(std::move(plain));
    list.push_back(std::move(one));
  }
  report.sections.push_back(std::move(section));
  report.json = list.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return report;
}

StatusOr<ExitCode> TrustList(const Cli& cli, const std::string& vendor) {
  ASSIGN_OR_RETURN(const TrustDocument document, Fetch(cli));
  const WallTime now = Now();
  std::vector<std::vector<Cell>> rows;
  for (const Anchor& anchor : document.anchors) {
    if (!vendor.empty() && anchor.vendor != vendor) continue;
    const crypto::Certificate& certificate = anchor.certificate;
    rows.push_back({{anchor.vendor},
                    {std::string(NameOf(anchor.role))},
                    {certificate.subject()},
                    {ToHex(certificate.fingerprint())},
                    {KeyText(certificate)},
                    {Day(certificate.not_before())},
                    {Day(certificate.not_after())},
                    Warning(anchor, now)});
  }
  cli.Print(FlatReport(
      {"vendor", "role", "subject", "fingerprint", "key", "valid_from", "valid_until", "warning"},
      rows, "no certificate"));
  if (!document.allowed_vendors.empty()) {
    cli.Say(fmt::format("only these vendors count: {}", fmt::join(document.allowed_vendors, ", ")));
  }
  return ExitCode::kOk;
}

StatusOr<ExitCode> TrustLists(const Cli& cli) {
  ASSIGN_OR_RETURN(const TrustDocument document, Fetch(cli));
  const WallTime now = Now();
  std::vector<std::vector<Cell>> rows;
  for (const crypto::RevocationList& list : document.revocations) {
    const auto age = std::chrono::duration_cast<std::chrono::hours>(now - list.this_update());
    rows.push_back({{list.issuer()},
                    {ToHex(list.fingerprint())},
                    {std::to_string(list.size())},
                    {Day(list.this_update())},
                    {list.next_update() ? Day(*list.next_update()) : ""},
                    {std::to_string(age.count() / 24)},
                    list.IsCurrentAt(now) ? Cell{"current", Tone::kGood, true}
                                          : Cell{"not current", Tone::kWarn, true}});
  }
  cli.Print(FlatReport({"issuer", "fingerprint", "entries", "from", "until", "age_days", "state"},
                       rows, "no revocation list"));
  return ExitCode::kOk;
}

StatusOr<ExitCode> TrustExplain(const Cli& cli, const std::string& file) {
  ASSIGN_OR_RETURN(const std::string content,
                   ReadInput(cli.terminal(), file, 4 * kCertificateBytesMax));
  ASSIGN_OR_RETURN_CTX(const auto leaf, ReadEkCertificate(AsBytes(content)), file);
  ASSIGN_OR_RETURN(const TrustDocument document, Fetch(cli));
  const TrustBundle trust = ToBundle(document);
  const EkPath path = FindEkPath(leaf, EkIssuers::Of(trust, {}));
  std::vector<std::vector<Cell>> rows;
  if (!path.found) {
    const RefusalCode code =
        path.forged ? RefusalCode::kEkChainBadSignature : RefusalCode::kEkChainUntrusted;
    rows.push_back(Line("path to a root", {code, "issuer " + leaf.issuer(), ""}));
    cli.Print(FlatReport({"check", "verdict", "seen"}, rows, ""));
    return ExitCode::kNo;
  }
  for (const crypto::Certificate& issuer : path.issuers) {
    rows.push_back({{"issued by"}, {trust.VendorOf({issuer})}, {issuer.subject()}});
  }
  const PathFault faults[] = {WeakSignatureIn(leaf, path, &trust), BadIssuerIn(path),
                              IssuedOutOfTime(leaf, path)};
  rows.push_back(Line("path to a root", {RefusalCode::kNone, path.lab ? "a lab root" : "", ""}));
  rows.push_back(Line("strong signatures", faults[0]));
  rows.push_back(Line("issuers may issue", faults[1]));
  rows.push_back(Line("issued in time", faults[2]));
  const bool expired = leaf.not_after() < Now();
  rows.push_back(Line("not expired", {expired ? RefusalCode::kEkExpired : RefusalCode::kNone,
                                      "valid until " + Day(leaf.not_after()), ""}));
  const RevocationAnswer revocation = RevocationOf(leaf, path, trust, Now());
  rows.push_back(RevocationLine(revocation));
  cli.Print(FlatReport({"check", "verdict", "seen"}, rows, ""));
  bool refused = expired || revocation.state == RevocationState::kRevoked;
  for (const PathFault& fault : faults) refused = refused || fault.code != RefusalCode::kNone;
  return refused ? ExitCode::kNo : ExitCode::kOk;
}

StatusOr<ExitCode> EkUrls(const Cli& cli, const std::string& file) {
  ASSIGN_OR_RETURN(const std::string content,
                   ReadInput(cli.terminal(), file, 4 * kCertificateBytesMax));
  ASSIGN_OR_RETURN_CTX(const auto key, ReadKey(AsBytes(content)), file);
  std::vector<std::vector<Cell>> rows;
  for (const EkUrl& url : EkCertificateUrls(key)) rows.push_back({{url.maker}, {url.url}});
  cli.Print(FlatReport({"maker", "url"}, rows, "no maker has an address for this kind of key"));
  return rows.empty() ? ExitCode::kNo : ExitCode::kOk;
}

}  // namespace preseal::server::cli
