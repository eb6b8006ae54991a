// SPDX-License-Identifier: Apache-2.0
#include "agent/service/diagnostics/diagnostics_keeper.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "common/base/ids.h"
#include "common/files/files.h"

namespace preseal::agent {
namespace {

namespace fs = std::filesystem;
constexpr std::chrono::minutes kDeliverWithin{15};
// More waiting ones than this tell nothing new, and would fill the disk of a device that is
// offline.
constexpr size_t kWaitingMost = 3;

bool IsThere(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

// The oldest ones make room.
Status DropOldest(const std::string& folder) {
  std::error_code error;
  std::vector<fs::directory_entry> bundles;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".zst") bundles.push_back(entry);
  }
  std::sort(bundles.begin(), bundles.end(), [](const auto& one, const auto& other) {
    std::error_code ignored;
    return one.last_write_time(ignored) > other.last_write_time(ignored);
  });
  for (size_t i = kWaitingMost - 1; i < bundles.size(); ++i) {
    RETURN_IF_ERROR(files::RemoveTree(bundles[i].path().string()));
  }
  return OkStatus();
}

}  // namespace

Status DiagnosticsKeeper::Collect(const std::string& command_id, std::stop_token stop) {
  RETURN_IF_ERROR(CommandId::Parse(command_id).status());  // it names a file
  return Deliver(command_id, {"command " + command_id, newest_run_()}, std::move(stop));
}

Status DiagnosticsKeeper::CollectFailure(const std::string& run_id, std::stop_token stop) {
  RETURN_IF_ERROR(RunId::Parse(run_id).status());
  const std::string told = folder_ + "/told";
  const auto last = files::Read(told, 1000);
  if (last.ok() && AsText(*last) == run_id) return OkStatus();
  RETURN_IF_ERROR(Deliver("failure-" + run_id, {"failure", run_id}, std::move(stop)));
  return files::WriteAtomic(told, AsBytes(run_id), 0600);
}

Status DiagnosticsKeeper::Deliver(const std::string& name, const BundleSubject& subject,
                                  std::stop_token stop) {
  const std::lock_guard lock(mutex_);
  if (stop.stop_requested()) return Cancelled("stopped");
  RETURN_IF_ERROR(files::MakeDirectories(folder_, 0700));
  const std::string path = folder_ + "/" + name + ".tar.zst";
  RETURN_IF_ERROR(MakeUnlessThere(path, stop));
  const Status sent = upload_.Send(path, subject, kDeliverWithin, stop);
  const bool kept =
      sent.code() == StatusCode::kUnavailable || sent.code() == StatusCode::kCancelled;
  if (!kept) RETURN_IF_ERROR(files::RemoveTree(path));
  return sent;
}

// Under its name only once it is whole: what a crash cut short is not sent.
Status DiagnosticsKeeper::MakeUnlessThere(const std::string& path, std::stop_token stop) {
  if (IsThere(path)) return OkStatus();
  RETURN_IF_ERROR(DropOldest(folder_));
  const std::string temporary = folder_ + "/making";
  const Status made = maker_.Make(temporary, std::move(stop));
  if (!made.ok()) {
    (void)files::RemoveTree(temporary);
    return WithContext(made, "make a bundle");
  }
  std::error_code error;
  fs::rename(temporary, path, error);
  return error ? files::FromErrno(error.value(), "rename to", path) : OkStatus();
}

}  // namespace preseal::agent
