// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/diagnostics/facts.h"

#include <fmt/format.h>

#include <deque>

#include "common/base/limits.h"
#include "common/process/process.h"

namespace preseal::agent {
namespace {

std::string TextOf(const process::Ending& ending) {
  switch (ending.kind) {
    case process::Ending::Kind::kExited:
      return ending.exit_code == 0 ? "" : fmt::format("[ended with {}]\n", ending.exit_code);
    case process::Ending::Kind::kSignalled:
      return fmt::format("[ended by signal {}]\n", ending.signal);
    case process::Ending::Kind::kTimedOut:
      return fmt::format("[cut off after {} s]\n", kFactTimeout.count());
    case process::Ending::Kind::kStopped:
      return "[stopped]\n";
  }
  return "";
}

}  // namespace

std::vector<FactCommand> FactCommands(const std::string& target_root) {
  return {
      {"agent.log", {"journalctl", "--no-pager", "-b", "-u", "preseal-agent*", "-n", "20000"}},
      {"facts/clock.txt", {"date", "--iso-8601=ns"}},
      {"facts/dmesg.txt", {"dmesg", "--ctime"}},
      {"facts/lsblk.txt", {"lsblk", "-o", "NAME,SIZE,TYPE,FSTYPE,MOUNTPOINTS,MODEL"}},
      {"facts/address.txt", {"ip", "-details", "address"}},
      {"facts/route.txt", {"ip", "route", "show", "table", "all"}},
      {"facts/resolver.txt", {"cat", "/etc/resolv.conf"}},
      {"facts/df.txt", {"df", "-h", target_root}},
      {"facts/inodes.txt", {"df", "-i", target_root}},
      {"facts/memory.txt", {"cat", "/proc/meminfo"}},
      {"facts/processes.txt", {"ps", "-eo", "pid,ppid,etimes,rss,stat,comm"}},
      {"facts/tpm.txt", {"tpm2_getcap", "properties-fixed"}},
  };
}

// The end is kept, not the beginning: what went wrong last is what counts.
std::string FactOf(const FactCommand& command, std::stop_token stop) {
  std::deque<std::string> lines;
  size_t bytes = 0;
  bool dropped = false;
  const auto keep = [&](process::Output, std::string_view line) {
    bytes += line.size() + 1;
    lines.emplace_back(line);
    while (bytes > kDiagnosticsFactBytesMax && !lines.empty()) {
      bytes -= lines.front().size() + 1;
      lines.pop_front();
      dropped = true;
    }
  };
  process::Command run{.argv = command.argv, .environment = process::MinimalEnvironment()};
  run.timeout = kFactTimeout;
  const auto ending = process::Run(run, keep, std::move(stop));
  if (!ending.ok()) return fmt::format("[{}]\n", MessageOf(ending.status()));
  std::string text = dropped ? "[the beginning was dropped]\n" : "";
  for (const std::string& line : lines) text.append(line).append("\n");
  text += TextOf(*ending);
  return text.empty() ? "[it printed nothing]\n" : text;
}

}  // namespace preseal::agent
