// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/deb_package.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "agent/adapters/steps/line_watch.h"
#include "agent/adapters/steps/results.h"
#include "common/base/limits.h"

namespace preseal::agent::steps {
namespace {

constexpr char kDatabase[] = "/var/lib/dpkg";
constexpr size_t kListingBytesMax = 64 * 1024 * 1024;
// dpkg tells a full disk only in words, and rolls back what it had unpacked.
constexpr std::string_view kDiskFull = "No space left on device";
constexpr auto kQueryTimeout = std::chrono::minutes(2);

StatusOr<process::Captured> Query(std::vector<std::string> argv, size_t bytes_max = 65536) {
  process::Command command;
  command.argv = std::move(argv);
  command.environment = process::MinimalEnvironment();
  command.timeout = kQueryTimeout;
  return process::RunAndCapture(command, bytes_max);
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

// A line of `dpkg --verify`: nine characters, a space, "c" for a configuration file, a space, path.
bool SpeaksOfConfigurationFile(const std::string& line) {
  return line.size() > 12 && line[10] == 'c' && line[11] == ' ';
}

// Path of a folder in a line of `dpkg-deb --contents` ("drwxr-xr-x root/root 0 DATE TIME ./etc/"),
// empty if the line is no folder.
std::string FolderOf(const std::string& line) {
  if (line.empty() || line[0] != 'd') return "";
  const size_t start = line.find(" ./");
  if (start == std::string::npos) return "";
  std::string path = line.substr(start + 2);
  while (!path.empty() && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace

StepResult DebPackages::Check(const Step& step, const PackageStep& package, StepObserver& observer,
                              std::stop_token stop) {
  const auto state = Query({"dpkg-query", "--admindir=" + target_.path() + kDatabase, "--show",
                            "--showformat=${db:Status-Abbrev}|${Version}", package.package_name});
  if (!state.ok()) return FromStartStatus(state.status());
  const std::string expected = "ii |" + package.package_version;
  if (!state->ending.Succeeded() || FirstLine(state->output) != expected) {
    return NotInPlace(fmt::format("{} {} is not installed (dpkg: {})", package.package_name,
                                  package.package_version,
                                  EscapeForLog(FirstLine(state->output), kNameBytesMax)));
  }
  const auto verified =
      Query({"dpkg", "--root=" + target_.path(), "--verify", package.package_name});
  if (!verified.ok()) return FromStartStatus(verified.status());
  if (stop.stop_requested()) return {.kind = StepResult::Kind::kStopped};
  std::istringstream lines(verified->output);
  for (std::string line; std::getline(lines, line);) {
    if (SpeaksOfConfigurationFile(line)) continue;
    observer.OnLine(line);
    return NotInPlace(fmt::format("{} of {} differs from what was installed", step.item_id,
                                  EscapeForLog(line, kNameBytesMax)));
  }
  return Done();
}

StepResult DebPackages::Apply(const Step& step, const PackageStep& package, StepObserver& observer,
                              std::stop_token stop) {
  const auto deadline = std::chrono::steady_clock::now() + step.timeout;
  const auto on_percent = [&observer](uint32_t percent) { observer.OnPercent(percent * 6 / 10); };
  const auto file = artifacts_.Fetch(package.artifact, step.timeout, on_percent, stop);
  if (!file.ok()) return FromArtifactStatus(file.status());
  const StepResult checked = CheckIsNamedPackage(package, *file);
  if (checked.kind != StepResult::Kind::kDone) return checked;
  StepResult turn = TakeTurn(deadline, stop);
  if (turn.kind != StepResult::Kind::kDone) return turn;
  StepResult result = Install(step, *file, deadline, observer, stop);
  GiveTurn();
  return result;
}

StepResult DebPackages::TakeTurn(std::chrono::steady_clock::time_point deadline,
                                 std::stop_token stop) {
  std::unique_lock lock(mutex_);
  const auto until = std::min(deadline, std::chrono::steady_clock::now() + kInstallerWaitMax);
  if (turn_.wait_until(lock, stop, until, [this] { return !installing_; })) {
    installing_ = true;
    return Done();
  }
  if (stop.stop_requested()) return {.kind = StepResult::Kind::kStopped};
  return Failed(ItemCode::kInstallerBusy, "another package was being installed all the time");
}

void DebPackages::GiveTurn() {
  {
    const std::lock_guard lock(mutex_);
    installing_ = false;
  }
  turn_.notify_all();
}

StepResult DebPackages::Install(const Step& step, const std::string& file,
                                std::chrono::steady_clock::time_point deadline,
                                StepObserver& observer, std::stop_token stop) {
  const Status prepared = PrepareDatabase();
  if (!prepared.ok()) return FromTargetStatus(prepared);
  const StepResult checked = CheckFolders(file);
  if (checked.kind != StepResult::Kind::kDone) return checked;
  observer.OnPercent(70);
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  LineWatch watch(observer, kDiskFull);
  const auto ending = RunCommand(settings_, step, InstallCommand(file), left, watch, stop);
  if (!ending.ok()) return FromStartStatus(ending.status());
  StepResult result = FromEnding(step, "dpkg", *ending);
  if (result.kind == StepResult::Kind::kFailed && watch.seen()) result.code = ItemCode::kTargetFull;
  return result;
}

StepResult DebPackages::CheckIsNamedPackage(const PackageStep& package, const std::string& file) {
  const auto fields = Query({"dpkg-deb", "--show", "--showformat=${Package}|${Version}", file});
  if (!fields.ok()) return FromStartStatus(fields.status());
  if (!fields->ending.Succeeded()) {
    return FailedForGood(ItemCode::kArtifactMalformed,
                         "not a Debian package: " + EscapeForLog(FirstLine(fields->error), 300));
  }
  const std::string named = package.package_name + "|" + package.package_version;
  if (FirstLine(fields->output) == named) return Done();
  return FailedForGood(ItemCode::kPackageMismatch,
                       fmt::format("the artefact is {}, the plan says {}",
                                   EscapeForLog(FirstLine(fields->output), kNameBytesMax), named));
}

// dpkg unpacks by plain paths, so a link "etc -> /etc" in the target would have it write to the
// system it runs on. Every folder of the package must mean the same inside and outside.
StepResult DebPackages::CheckFolders(const std::string& file) {
  const auto listing = Query({"dpkg-deb", "--contents", file}, kListingBytesMax);
  if (!listing.ok()) return FromStartStatus(listing.status());
  std::istringstream lines(listing->output);
  for (std::string line; std::getline(lines, line);) {
    const std::string folder = FolderOf(line);
    if (folder.empty()) continue;
    const auto same = target_.LeadsToItself(folder);
    if (!same.ok()) return FromTargetStatus(same.status());
    if (!*same) {
      return FailedForGood(ItemCode::kTargetPathRefused,
                           folder + " is a link that leads out of the target for dpkg");
    }
  }
  return Done();
}

Status DebPackages::PrepareDatabase() {
  for (const char* folder : {"/info", "/updates", "/triggers", "/alternatives"}) {
    RETURN_IF_ERROR(target_.Enter(std::string(kDatabase) + folder).status());
  }
  for (const char* file : {"/status", "/available"}) {
    const std::string path = std::string(kDatabase) + file;
    ASSIGN_OR_RETURN(const auto facts, target_.Look(path));
    if (!facts) RETURN_IF_ERROR(target_.WriteBytes(path, 0644, {}));
  }
  return OkStatus();
}

// A root in which no Debian system was installed: nothing there can satisfy a dependency.
bool DebPackages::IsBareRoot() {
  const auto base = target_.Look("/var/lib/dpkg/info/base-files.list");
  return base.ok() && !*base;
}

std::vector<std::string> DebPackages::InstallCommand(const std::string& file) {
  std::vector<std::string> argv = {"dpkg", "--root=" + target_.path(),
                                   // Nobody is there to answer: a file an earlier step wrote stays.
                                   "--force-confdef", "--force-confold"};
  if (IsBareRoot()) argv.push_back("--force-depends");
  if (::geteuid() != 0) argv.push_back("--force-not-root");
  argv.insert(argv.end(), {"--install", file});
  return argv;
}

}  // namespace preseal::agent::steps
