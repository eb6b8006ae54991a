// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/join/net_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "common/base/bytes.h"
#include "common/base/limits.h"

namespace preseal::server {
namespace {

// Samba's own words, in the order they are looked for: "failed to lookup DC info" comes with
// refused credentials as well as with a dead server, so the causes stand before the symptoms.
enum class Cause { kClock, kCredentials, kRights, kContainer, kQuota, kConfiguration, kNoServer };
struct Words {
  std::string_view text;
  Cause cause;
};
constexpr Words kWords[] = {
    {"Clock skew", Cause::kClock},
    {"Preauthentication failed", Cause::kCredentials},
    {"not found in Kerberos database", Cause::kCredentials},
    {"attempted logon is invalid", Cause::kCredentials},
    {"LOGON_FAILURE", Cause::kCredentials},
    {"credentials have been revoked", Cause::kCredentials},
    {"account is currently disabled", Cause::kCredentials},
    {"account has been locked", Cause::kCredentials},
    {"password must be changed", Cause::kCredentials},
    {"Password has expired", Cause::kCredentials},
    {"Unable to open credentials file", Cause::kCredentials},
    {"Insufficient access", Cause::kRights},
    {"Access is denied", Cause::kRights},
    {"ACCESS_DENIED", Cause::kRights},
    {"No such object", Cause::kContainer},
    {"quota", Cause::kQuota},
    {"Invalid configuration", Cause::kConfiguration},
    {"Can't load", Cause::kConfiguration},
    {"failed to find DC", Cause::kNoServer},
    {"failed to lookup DC info", Cause::kNoServer},
    {"No logon servers", Cause::kNoServer},
    {"Can't contact LDAP server", Cause::kNoServer},
    {"HOST_UNREACHABLE", Cause::kNoServer},
    {"NETWORK_UNREACHABLE", Cause::kNoServer},
    {"CONNECTION_REFUSED", Cause::kNoServer},
    {"IO_TIMEOUT", Cause::kNoServer},
    {"timed out", Cause::kNoServer},
};

std::string LastLine(std::string_view output) {
  std::istringstream lines{std::string(output)};
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) last = line;
  }
  return EscapeForLog(last, kNameBytesMax);
}

// The line that ends the matter, where there is one: lines before it tell of tries that something
// else made good (a Kerberos bind that NTLM replaced).
std::string_view Decisive(std::string_view output) {
  const size_t start = output.find("Failed to provision computer account:");
  return start == std::string_view::npos ? output : output.substr(start);
}

Status StatusOf(Cause cause, std::string_view output, std::string_view domain,
                std::string_view ou) {
  switch (cause) {
    case Cause::kClock:
      return FailedPrecondition(fmt::format("the clocks of this server and of {} differ", domain));
    case Cause::kCredentials:
      return FailedPrecondition(
          fmt::format("{} refuses the credentials of the join account", domain));
    case Cause::kRights:
      return FailedPrecondition(fmt::format(
          "the join account may not do this in {}: give it the rights in docs/hybrid-join.md", ou));
    case Cause::kContainer:
      return FailedPrecondition(fmt::format("{} has no {}", domain, ou));
    case Cause::kQuota:
      return FailedPrecondition(
          fmt::format("{} lets the join account make no more computers: give it the rights in "
                      "docs/hybrid-join.md",
                      domain));
    case Cause::kConfiguration:
      return FailedPrecondition("the join settings do not fit the domain: " + LastLine(output));
    case Cause::kNoServer:
      return Unavailable(fmt::format("no domain controller of {} answers", domain));
  }
  std::abort();
}

std::string Normalised(std::string_view dn) {
  std::string out;
  for (const char c : dn) {
    const bool separator = c == ',' || c == '=';
    if (separator) {
      while (!out.empty() && out.back() == ' ') out.pop_back();
    }
    const bool after_separator = out.empty() || out.back() == ',' || out.back() == '=';
    if (c == ' ' && after_separator) continue;
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace

Status FromNetOutput(std::string_view output, std::string_view domain, std::string_view ou) {
  const std::string_view decisive = Decisive(output);
  for (const Words& words : kWords) {
    if (decisive.find(words.text) != std::string_view::npos) {
      return StatusOf(words.cause, decisive, domain, ou);
    }
  }
  return FailedPrecondition(fmt::format("{} refuses: {}", domain, LastLine(decisive)));
}

StatusOr<std::optional<std::string>> DnOfReply(std::string_view output) {
  constexpr std::string_view kLabel = "distinguishedName: ";
  std::istringstream lines{std::string(output)};
  std::optional<std::string> found;
  bool counted = false;
  for (std::string line; std::getline(lines, line);) {
    if (line == "Got 0 replies" || line == "Got 1 replies") counted = true;
    if (!line.starts_with(kLabel)) continue;
    if (found) return Internal("the directory knows the computer name twice");
    found = line.substr(kLabel.size());
  }
  const bool fits =
      counted && (output.find("Got 1 replies") != std::string_view::npos) == found.has_value();
  if (!fits) return Internal("net ads search answers in another form: " + LastLine(output));
  return found;
}

StatusOr<std::string> WorkgroupOfReply(std::string_view output) {
  constexpr std::string_view kLabel = "Workgroup: ";
  std::istringstream lines{std::string(output)};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(kLabel)) continue;
    std::string workgroup = line.substr(kLabel.size());
    if (!workgroup.empty() && workgroup.size() <= kDeviceNameCharsMax) return workgroup;
  }
  return Internal("net ads workgroup answers in another form: " + LastLine(output));
}

bool SameDn(std::string_view a, std::string_view b) { return Normalised(a) == Normalised(b); }

}  // namespace preseal::server
