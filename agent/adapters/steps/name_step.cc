// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/name_step.h"

#include <algorithm>

#include "agent/adapters/steps/results.h"
#include "common/base/limits.h"

namespace preseal::agent::steps {
namespace {

constexpr char kHostname[] = "/etc/hostname";
constexpr char kHosts[] = "/etc/hosts";
constexpr std::string_view kOwnAddress = "127.0.1.1";
constexpr std::string_view kHostsOfNobody = "127.0.0.1\tlocalhost\n::1\tlocalhost\n";
constexpr mode_t kMode = 0644;

bool IsOwnLine(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  if (!line.starts_with(kOwnAddress)) return false;
  line.remove_prefix(kOwnAddress.size());
  return line.empty() || line[0] == ' ' || line[0] == '\t' || line[0] == '#';
}

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

}  // namespace

std::string HostsWithName(std::string_view hosts, std::string_view name) {
  const std::string own = std::string(kOwnAddress) + "\t" + std::string(name) + "\n";
  std::string result;
  bool placed = false;
  while (!hosts.empty()) {
    const size_t end = hosts.find('\n');
    const std::string_view line = hosts.substr(0, end);
    if (!IsOwnLine(line)) {
      result.append(line).push_back('\n');
    } else if (!std::exchange(placed, true)) {
      result += own;
    }
    hosts.remove_prefix(end == std::string_view::npos ? hosts.size() : end + 1);
  }
  if (!placed) result += own;
  return result;
}

StatusOr<std::string> NameSteps::ReadText(const std::string& path) const {
  ASSIGN_OR_RETURN(const Bytes bytes, target_.Read(path, kHostsBytesMax));
  return ToString(ByteView(bytes));
}

StepResult NameSteps::Check(const SetNameStep& naming) {
  const auto hostname = ReadText(kHostname);
  if (hostname.status().code() == StatusCode::kNotFound) return NotInPlace("no etc/hostname");
  if (!hostname.ok()) return FromTargetStatus(hostname.status());
  if (*hostname != naming.device_name + "\n") return NotInPlace("etc/hostname has another name");
  const auto hosts = ReadText(kHosts);
  if (hosts.status().code() == StatusCode::kNotFound) return NotInPlace("no etc/hosts");
  if (!hosts.ok()) return FromTargetStatus(hosts.status());
  if (*hosts != HostsWithName(*hosts, naming.device_name)) {
    return NotInPlace("etc/hosts has another name");
  }
  return Done();
}

StepResult NameSteps::Apply(const SetNameStep& naming) {
  auto hosts = ReadText(kHosts);
  if (hosts.status().code() == StatusCode::kNotFound) hosts = std::string(kHostsOfNobody);
  if (!hosts.ok()) return FromTargetStatus(hosts.status());
  const std::string text = HostsWithName(*hosts, naming.device_name);
  const Status named = target_.WriteBytes(kHosts, kMode, AsBytes(text));
  if (!named.ok()) return FromTargetStatus(named);
  return FromTargetStatus(target_.WriteBytes(kHostname, kMode, AsBytes(naming.device_name + "\n")));
}

std::string NameSteps::NameOfTarget() const {
  auto name = ReadText(kHostname);
  if (!name.ok()) return "";
  while (!name->empty() && (name->back() == '\n' || name->back() == ' ')) name->pop_back();
  const bool legal = name->size() <= kDeviceNameCharsMax &&
                     std::all_of(name->begin(), name->end(), IsNameCharacter);
  return legal ? *name : std::string();
}

}  // namespace preseal::agent::steps
