// SPDX-License-Identifier: Apache-2.0
// verify: a birth certificate or a service record against the seal CA, without a server.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/base/limits.h"
#include "common/crypto/certificate.h"
#include "common/crypto/jws.h"
#include "server/cli/birth_report.h"
#include "server/cli/commands.h"
#include "server/cli/input_file.h"

namespace preseal::server::cli {
namespace {

// The compact text of a file: alone, or as {"jws": …} as the API gives it in JSON.
StatusOr<std::string> JwsOf(std::string text) {
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  text.erase(0, std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  if (text.empty()) return InvalidArgument("the file is empty");
  if (text[0] != '{') return text;
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto jws = json.is_object() ? json.find("jws") : json.end();
  if (jws == json.end() || !jws->is_string()) {
    return InvalidArgument("neither a compact JWS nor JSON with a \"jws\"");
  }
  return jws->get<std::string>();
}

// When the signer has to be valid. Nothing is believed yet: text that does not even say when it was
// signed is judged as of now, and refused below.
WallTime TimeToJudge(std::string_view jws, bool at_signing_time) {
  const WallTime now = std::chrono::system_clock::now();
  if (!at_signing_time) return now;
  const StatusOr<std::string> payload = UncheckedPayload(jws);
  if (!payload.ok()) return now;
  const StatusOr<BirthClaims> claims = ReadBirthClaims(*payload);
  if (!claims.ok() || claims->issued == 0) return now;
  return WallTime(std::chrono::seconds(claims->issued));
}

struct Refusal {
  std::string reason;
  std::string detail;
};

Refusal RefusalOf(const crypto::JwsVerdict& verdict) {
  Refusal refusal{std::string(ToText(verdict.outcome)), verdict.detail};
  if (verdict.outcome != crypto::JwsOutcome::kUntrusted) return refusal;
  refusal.reason = "signer " + std::string(ToText(verdict.chain.outcome));
  if (verdict.chain.outcome == crypto::ChainOutcome::kExpired) {
    refusal.detail += "; --at-signing-time judges it as of when it says it was signed";
  }
  return refusal;
}

// What a good signature does not say: that this is the record asked for.
std::optional<Refusal> CheckClaims(const crypto::JwsVerdict& verdict,
                                   const VerifyOptions& options) {
  const StatusOr<BirthClaims> claims = ReadBirthClaims(verdict.payload);
  if (!claims.ok()) return Refusal{"malformed", MessageOf(claims.status())};
  if (!options.serial.empty() && claims->serial_number != options.serial) {
    return Refusal{"other serial",
                   fmt::format("it is for {}, not {}", claims->serial_number, options.serial)};
  }
  if (claims->issued == 0) return Refusal{"malformed", "it does not say when it was signed (iat)"};
  const auto issued = WallTime(std::chrono::seconds(claims->issued));
  if (issued > std::chrono::system_clock::now() + kClockSkewMax) {
    return Refusal{"from the future", "it says it was signed at " + TimeText(issued)};
  }
  return std::nullopt;
}

ExitCode Refuse(const Cli& cli, const Refusal& refusal) {
  cli.Print(RefusedReport(refusal.reason, refusal.detail));
  return ExitCode::kNo;
}

}  // namespace

StatusOr<ExitCode> Verify(const Cli& cli, const VerifyOptions& options) {
  const std::string ca_file = cli.options().ca_file;
  if (ca_file.empty()) return InvalidArgument("say --ca FILE: the seal CA's certificate");
  ASSIGN_OR_RETURN(const std::string ca_pem, ReadCaFile(ca_file));
  ASSIGN_OR_RETURN(const auto roots, crypto::ParsePemBundle(ca_pem));
  // Room for the JSON around it.
  ASSIGN_OR_RETURN(std::string text, ReadInput(cli.terminal(), options.file, 2 * kJwsBytesMax));
  ASSIGN_OR_RETURN_CTX(const std::string jws, JwsOf(std::move(text)), options.file);
  const std::string_view type = UncheckedType(jws);
  const crypto::JwsPolicy policy{
      .type = type, .roots = roots, .at = TimeToJudge(jws, options.at_signing_time)};
  ASSIGN_OR_RETURN(const crypto::JwsVerdict verdict, crypto::VerifyCompact(jws, policy));
  if (!verdict.accepted()) return Refuse(cli, RefusalOf(verdict));
  if (const auto refusal = CheckClaims(verdict, options)) return Refuse(cli, *refusal);
  cli.Print(AcceptedReport(verdict, type, options.at_signing_time));
  return ExitCode::kOk;
}

}  // namespace preseal::server::cli
