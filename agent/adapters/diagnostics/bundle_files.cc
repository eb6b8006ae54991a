// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/diagnostics/bundle_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "agent/adapters/diagnostics/bundle_writer.h"
#include "agent/adapters/diagnostics/facts.h"
#include "agent/adapters/diagnostics/run_files.h"
#include "common/base/limits.h"
#include "common/files/unique_fd.h"

namespace preseal::agent {
namespace {

// The end of a regular file of the target; why not, if it cannot be had. No link is followed: the
// target may be anybody's, and must not make us send files of the system we run on.
std::string EndOfTargetFile(const std::string& root, const std::string& path) {
  const UniqueFd folder(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const long opened = ::syscall(SYS_openat2, folder.get(), path.c_str(), &how, sizeof(how));
  if (opened < 0) return fmt::format("[{}]\n", std::strerror(errno));
  const UniqueFd fd(static_cast<int>(opened));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return "[no regular file]\n";
  const auto size = static_cast<size_t>(info.st_size);
  const size_t take = std::min(size, kDiagnosticsTargetLogBytesMax);
  std::string text(take, '\0');
  const ssize_t got = ::pread(fd.get(), text.data(), take, static_cast<off_t>(size - take));
  if (got < 0) return fmt::format("[{}]\n", std::strerror(errno));
  text.resize(static_cast<size_t>(got));
  return text;
}

std::vector<std::shared_ptr<RunLog>> NewestRuns(const RunStore& runs) {
  auto logs = runs.Runs();
  if (logs.size() > kDiagnosticsRunsMax) logs.erase(logs.begin(), logs.end() - kDiagnosticsRunsMax);
  return logs;
}

Status AddRun(RunLog& log, const Redactor& redactor, BundleWriter& writer) {
  const std::string folder = "runs/" + log.header().run_id.text() + "/";
  const auto events = EventsText(log, redactor);
  RETURN_IF_ERROR(events.ok() ? writer.AddClean(folder + "events.jsonl", *events)
                              : writer.Add(folder + "events.jsonl",
                                           fmt::format("[{}]\n", MessageOf(events.status()))));
  return writer.AddClean(folder + "plan.json", PlanText(log, redactor));
}

}  // namespace

Status BundleFiles::Make(const std::string& path, std::stop_token stop) {
  const auto logs = NewestRuns(runs_);
  std::vector<std::string> secrets;
  for (const auto& log : logs) {
    for (std::string& secret : SecretsOf(*log)) secrets.push_back(std::move(secret));
  }
  const Redactor redactor(std::move(secrets));
  ASSIGN_OR_RETURN(const auto writer, BundleWriter::Open(path, redactor));
  // The runs first: should the bundle be full, they are what is missed most.
  for (const auto& log : logs) RETURN_IF_ERROR(AddRun(*log, redactor, *writer));
  for (const FactCommand& command : FactCommands(settings_.target_root)) {
    if (stop.stop_requested()) return Cancelled("stopped");
    RETURN_IF_ERROR(writer->Add(command.file, FactOf(command, stop)));
  }
  for (const std::string& log : settings_.target_logs) {
    RETURN_IF_ERROR(writer->Add("target" + log, EndOfTargetFile(settings_.target_root, log)));
  }
  return writer->Finish();
}

}  // namespace preseal::agent
