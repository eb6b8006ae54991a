// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/join/samba_offline_join.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <vector>

#include "common/base/limits.h"
#include "common/crypto/digest.h"
#include "common/crypto/encoding.h"
#include "common/files/files.h"
#include "common/files/scratch_folder.h"
#include "common/process/process.h"
#include "server/adapters/join/net_output.h"

namespace preseal::server {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view kProviderName = "samba-offline-join";
constexpr int kBlobFormat = 1;
constexpr std::string_view kScratch = "join";

bool IsDnsText(std::string_view text) {
  return !text.empty() && text.size() <= kNameBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.';
         });
}

bool StartsLikeOu(std::string_view ou) {
  return ou.size() > 3 && (ou[0] == 'O' || ou[0] == 'o') && (ou[1] == 'U' || ou[1] == 'u') &&
         ou[2] == '=';
}

Status CheckSettings(const SambaJoinSettings& settings) {
  if (!IsDnsText(settings.domain)) return InvalidArgument("join: domain must be a DNS name");
  // The default container holds everybody's computers; in an OU of ours a name is ours.
  if (!StartsLikeOu(settings.ou)) {
    return InvalidArgument("join: ou must be a distinguished name that begins with OU=");
  }
  if (!settings.server.empty() && !IsDnsText(settings.server)) {
    return InvalidArgument("join: server must be a host name or IPv4 address");
  }
  if (settings.net_program.empty() || settings.work_directory.empty()) {
    return InvalidArgument("join: net program and work directory must be set");
  }
  return OkStatus();
}

// Whoever reads it can make computers in the directory.
Status CheckAuthFile(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    return FailedPrecondition(fmt::format("join: no credentials file {}", path));
  }
  if (!S_ISREG(info.st_mode)) {
    return FailedPrecondition(fmt::format("join: {} is not a regular file", path));
  }
  if ((info.st_mode & 077) != 0) {
    return FailedPrecondition(fmt::format("join: {} is open to others: chmod 600", path));
  }
  return OkStatus();
}

class SambaOfflineJoin final : public JoinProvider {
 public:
  explicit SambaOfflineJoin(SambaJoinSettings settings) : settings_(std::move(settings)) {}

  const std::string& domain() const override { return settings_.domain; }

  StatusOr<JoinBlob> Provision(const JoinRequest& request, std::stop_token stop) override {
    if (!IsComputerName(request.computer_name)) {
      return InvalidArgument(
          fmt::format("{} is no computer name", EscapeForLog(request.computer_name, 64)));
    }
    RETURN_IF_ERROR(CheckAuthFile(settings_.auth_file));
    RETURN_IF_ERROR(files::MakeDirectories(settings_.work_directory, 0700));
    // It holds the blob, which is a credential.
    ASSIGN_OR_RETURN(const files::ScratchFolder scratch,
                     files::ScratchFolder::Make(settings_.work_directory, kScratch));
    RETURN_IF_ERROR(WriteConfiguration(scratch));
    const Call call{request.computer_name, scratch, steady_clock::now() + kJoinProvisionWithin,
                    stop};
    // The device needs it for its configuration and has nobody to ask; and without it `net` hides
    // behind a complaint about it what else went wrong.
    ASSIGN_OR_RETURN(const std::string answer, RunNet(call, {"ads", "workgroup"}));
    ASSIGN_OR_RETURN(const std::string workgroup, WorkgroupOfReply(answer));
    RETURN_IF_ERROR(CheckNameIsOurs(call));
    const std::string file = scratch.File("blob");
    std::vector<std::string> arguments = {"offlinejoin", "provision", "reuse"};
    arguments.push_back("domain=" + settings_.domain);
    arguments.push_back("machine_name=" + request.computer_name);
    arguments.push_back("machine_account_ou=" + settings_.ou);
    arguments.push_back("savefile=" + file);
    arguments.push_back("--option=workgroup=" + workgroup);
    RETURN_IF_ERROR(RunNet(call, std::move(arguments)).status());
    ASSIGN_OR_RETURN(const Bytes data, files::Read(file, kJoinBlobBytesMax));
    return Wrap(request, workgroup, data);
  }

 private:
  // What the runs of `net` for one account share.
  struct Call {
    const std::string& computer_name;
    const files::ScratchFolder& scratch;
    steady_clock::time_point deadline;
    std::stop_token stop;
  };

  Status WriteConfiguration(const files::ScratchFolder& scratch) const {
    if (!settings_.smb_conf.empty()) return OkStatus();
    const std::string text =
        fmt::format("[global]\n  realm = {}\n  security = ads\n", settings_.domain);
    return files::WriteAtomic(scratch.File("smb.conf"), AsBytes(text), 0600);
  }

  // Every folder of its own: nothing of this machine's Samba is touched, and what `net` remembers
  // about servers that did not answer does not outlive the call.
  std::vector<std::string> CommandLine(const Call& call, std::vector<std::string> arguments) const {
    std::vector<std::string> argv = {settings_.net_program};
    argv.insert(argv.end(), std::make_move_iterator(arguments.begin()),
                std::make_move_iterator(arguments.end()));
    argv.push_back("--configfile=" + (settings_.smb_conf.empty() ? call.scratch.File("smb.conf")
                                                                 : settings_.smb_conf));
    for (const char* folder : {"private dir", "state directory", "cache directory",
                               "lock directory", "pid directory", "ncalrpc dir"}) {
      argv.push_back(fmt::format("--option={}={}", folder, call.scratch.path()));
    }
    // `net` refuses to make an account that is not named as it believes this machine to be.
    argv.push_back("--netbiosname=" + call.computer_name);
    argv.push_back("--authentication-file=" + settings_.auth_file);
    if (!settings_.server.empty()) argv.push_back("--server=" + settings_.server);
    return argv;
  }

  // Its output; an unsuccessful end as what it calls for.
  StatusOr<std::string> RunNet(const Call& call, std::vector<std::string> arguments) const {
    process::Command command;
    command.argv = CommandLine(call, std::move(arguments));
    command.environment = process::MinimalEnvironment();
    command.environment.push_back("KRB5CCNAME=MEMORY:preseal-join");
    command.working_directory = call.scratch.path();
    command.timeout = std::max(
        std::chrono::milliseconds(1),
        std::chrono::duration_cast<std::chrono::milliseconds>(call.deadline - steady_clock::now()));
    std::string output;
    const auto keep = [&output](process::Output, std::string_view line) {
      if (output.size() + line.size() < kJoinOutputBytesMax) output.append(line).append("\n");
    };
    const auto ending = process::Run(command, keep, call.stop);
    if (ending.status().code() == StatusCode::kNotFound) {
      return FailedPrecondition(
          fmt::format("{} is not installed (Debian: samba-common-bin)", settings_.net_program));
    }
    RETURN_IF_ERROR_CTX(ending.status(), "run net");
    switch (ending->kind) {
      case process::Ending::Kind::kTimedOut:
        return Unavailable(fmt::format("{} did not answer in time", settings_.domain));
      case process::Ending::Kind::kStopped:
        return Unavailable("the server is draining: try again");
      case process::Ending::Kind::kSignalled:
      case process::Ending::Kind::kExited:
        break;
    }
    if (ending->Succeeded()) return output;
    return FromNetOutput(output, settings_.domain, settings_.ou);
  }

  // `net offlinejoin provision` resets the password of whatever account has the name, a domain
  // controller's included, if only its credentials may. A name is ours to renew in our OU only.
  Status CheckNameIsOurs(const Call& call) const {
    const std::string filter = fmt::format("(sAMAccountName={}$)", call.computer_name);
    ASSIGN_OR_RETURN(const std::string output,
                     RunNet(call, {"ads", "search", filter, "distinguishedName"}));
    ASSIGN_OR_RETURN(const std::optional<std::string> found, DnOfReply(output));
    if (!found) return OkStatus();
    const std::string ours = fmt::format("CN={},{}", call.computer_name, settings_.ou);
    if (SameDn(*found, ours)) return OkStatus();
    return FailedPrecondition(fmt::format("the computer name {} belongs to {}, which is not ours",
                                          call.computer_name, EscapeForLog(*found, kNameBytesMax)));
  }

  StatusOr<JoinBlob> Wrap(const JoinRequest& request, const std::string& workgroup,
                          ByteView data) const {
    const nlohmann::json blob = {{"format", kBlobFormat},
                                 {"provider", kProviderName},
                                 {"domain", settings_.domain},
                                 {"workgroup", workgroup},
                                 {"computer_name", request.computer_name},
                                 {"odj_sha256", ToHex(crypto::Sha256(data))},
                                 {"odj", crypto::Base64Encode(data)}};
    const std::string text = blob.dump();
    if (text.size() > kJoinBlobBytesMax) return Internal("the join blob is too large");
    return JoinBlob{std::string(kProviderName), settings_.domain, Secret(text)};
  }

  const SambaJoinSettings settings_;
};

// Scratch folders of a server that was cut off: what is in them is a credential.
Status RemoveLeftBehind(const std::string& work_directory) {
  std::error_code error;
  std::filesystem::directory_iterator at(work_directory, error);
  for (const std::filesystem::directory_iterator end; !error && at != end; at.increment(error)) {
    if (!at->path().filename().native().starts_with(kScratch)) continue;
    RETURN_IF_ERROR(files::RemoveTree(at->path().native()));
  }
  if (!error || error == std::errc::no_such_file_or_directory) return OkStatus();
  return files::FromErrno(error.value(), "list", work_directory);
}

}  // namespace

StatusOr<std::unique_ptr<JoinProvider>> OpenSambaOfflineJoin(SambaJoinSettings settings) {
  RETURN_IF_ERROR(CheckSettings(settings));
  RETURN_IF_ERROR(CheckAuthFile(settings.auth_file));
  RETURN_IF_ERROR(RemoveLeftBehind(settings.work_directory));
  return std::unique_ptr<JoinProvider>(std::make_unique<SambaOfflineJoin>(std::move(settings)));
}

}  // namespace preseal::server
