// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/net_program.h"

#include <fmt/format.h>

#include "agent/adapters/steps/line_watch.h"
#include "agent/adapters/steps/results.h"
#include "common/files/files.h"
#include "common/files/scratch_folder.h"

namespace preseal::agent::steps {
namespace {

// Said by `net ads testjoin` before it calls the join good: the directory takes the password before
// the last one for an hour yet.
constexpr std::string_view kOldPassword = "Preauthentication failed";

std::string Fragment(const Membership& membership) {
  return fmt::format(
      "# Written by Preseal when this computer joined; smb.conf may include it.\n"
      "netbios name = {}\nworkgroup = {}\nrealm = {}\nsecurity = ads\nserver role = member "
      "server\n",
      membership.computer_name, membership.workgroup, membership.domain);
}

StepResult FromNetStart(const std::string& program, const Status& status) {
  if (status.code() != StatusCode::kNotFound) return FromStartStatus(status);
  return FailedForGood(ItemCode::kJoinRefused,
                       program + " is not installed: let the profile install samba-common-bin");
}

// Endings that say nothing about the join itself.
bool IsOwnStory(const process::Ending& ending) {
  return ending.kind != process::Ending::Kind::kExited;
}

}  // namespace

std::string NetProgram::Below(const std::string& path) const {
  return target_.path() == "/" ? path : target_.path() + path;
}

std::vector<std::string> NetProgram::CommandLine(std::vector<std::string> arguments,
                                                 const Membership& membership,
                                                 const std::string& scratch) const {
  std::vector<std::string> argv = {program_};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  argv.push_back("--configfile=" + Below(kConfigurationPath));
  const auto option = [&argv](std::string_view name, std::string_view value) {
    argv.push_back(fmt::format("--option={}={}", name, value));
  };
  option("netbios name", membership.computer_name);
  option("workgroup", membership.workgroup);
  option("realm", membership.domain);
  option("security", "ads");
  option("server role", "member server");
  // `net` remembers for a minute, in this folder, which controllers did not answer.
  option("lock directory", scratch);
  option("pid directory", scratch);
  if (target_.path() != "/") {
    option("private dir", Below("/var/lib/samba/private"));
    option("state directory", Below("/var/lib/samba"));
    option("cache directory", Below("/var/cache/samba"));
    option("ncalrpc dir", scratch);
  }
  return argv;
}

// `net` follows plain paths: a link "var -> /var" in the target would join the system it runs on.
Status NetProgram::CheckFolders() const {
  for (const char* folder : {"/etc/samba", "/var/lib/samba/private", "/var/cache/samba"}) {
    ASSIGN_OR_RETURN(const bool same, target_.LeadsToItself(folder));
    if (!same) {
      return FailedPrecondition(fmt::format("{} is a link that leads out of the target", folder));
    }
  }
  return OkStatus();
}

Status NetProgram::PrepareTarget(const Membership& membership) {
  for (const char* folder : {"/etc/samba", "/var/lib/samba", "/var/cache/samba"}) {
    RETURN_IF_ERROR(target_.Enter(folder).status());
  }
  ASSIGN_OR_RETURN(const auto secrets, target_.Look("/var/lib/samba/private"));
  if (!secrets) RETURN_IF_ERROR(target_.MakeDirectory("/var/lib/samba/private", 0700));
  RETURN_IF_ERROR(CheckFolders());
  RETURN_IF_ERROR(target_.WriteBytes(kFragmentPath, 0644, AsBytes(Fragment(membership))));
  ASSIGN_OR_RETURN(const auto configuration, target_.Look(kConfigurationPath));
  if (configuration) return OkStatus();
  const std::string text = fmt::format("[global]\ninclude = {}\n", kFragmentPath);
  return target_.WriteBytes(kConfigurationPath, 0644, AsBytes(text));
}

StepResult NetProgram::RequestJoin(const Step& step, const SambaJoinBlob& blob,
                                   std::chrono::milliseconds limit, StepObserver& observer,
                                   std::stop_token stop) {
  const Status prepared = PrepareTarget(blob.membership);
  if (!prepared.ok()) return FromTargetStatus(prepared);
  const auto scratch = files::ScratchFolder::Make(settings_.scratch_directory, "net");
  if (!scratch.ok()) return FromStartStatus(scratch.status());
  const std::string file = scratch->File("odj");
  const Status written = files::WriteAtomic(file, blob.odj.Reveal(), 0600);
  if (!written.ok()) return FromStartStatus(written);
  const auto end = RunCommand(settings_, step,
                              CommandLine({"offlinejoin", "requestodj", "loadfile=" + file},
                                          blob.membership, scratch->path()),
                              limit, observer, stop);
  if (!end.ok()) return FromNetStart(program_, end.status());
  if (end->ending.Succeeded()) return Done();
  if (IsOwnStory(end->ending)) return FromEnding(step, "net offlinejoin requestodj", *end);
  return FailedForGood(ItemCode::kJoinRefused, "the join blob is not taken: " + end->last_line);
}

StepResult NetProgram::TestJoin(const Step& step, const Membership& membership,
                                std::chrono::milliseconds limit, StepObserver& observer,
                                std::stop_token stop) {
  const auto scratch = files::ScratchFolder::Make(settings_.scratch_directory, "net");
  if (!scratch.ok()) return FromStartStatus(scratch.status());
  LineWatch watch(observer, kOldPassword);
  const auto end =
      RunCommand(settings_, step, CommandLine({"ads", "testjoin"}, membership, scratch->path()),
                 limit, watch, stop);
  if (!end.ok()) return FromNetStart(program_, end.status());
  if (IsOwnStory(end->ending)) return FromEnding(step, "net ads testjoin", *end);
  if (watch.seen()) {
    return FailedForGood(ItemCode::kJoinRefused,
                         fmt::format("{} has another password for {}: a newer join blob was made",
                                     membership.domain, membership.computer_name));
  }
  if (end->ending.Succeeded()) return Done();
  return Failed(ItemCode::kJoinUnavailable,
                fmt::format("no domain controller of {} confirms the join: {}", membership.domain,
                            end->last_line));
}

}  // namespace preseal::agent::steps
