// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/spool/spool_store.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <filesystem>

#include "common/files/files.h"
#include "common/log/log.h"

namespace preseal::agent::spool {

StatusOr<std::unique_ptr<SpoolStore>> SpoolStore::Open(const std::string& directory) {
  RETURN_IF_ERROR(files::MakeDirectories(directory, 0700));
  std::unique_ptr<SpoolStore> store(new SpoolStore(directory));
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; entry != end && !error;
       entry.increment(error)) {
    const std::string name = entry->path().filename();
    // What is no run id is an unfinished Create or Drop.
    if (!RunId::Parse(name).ok()) {
      RETURN_IF_ERROR(files::RemoveTree(entry->path()));
      continue;
    }
    ASSIGN_OR_RETURN(auto log, SpoolLog::Open(entry->path()));
    if (log->dropped_bytes() > 0) {
      log::Warning("cut off the torn tail of a spool",
                   {{"run", name}, {"bytes", log->dropped_bytes()}});
    }
    const RunId run_id = log->header().run_id;
    store->logs_.Lock()->emplace(std::pair(run_id.attempt(), run_id), std::move(log));
  }
  if (error) return files::FromErrno(error.value(), "list", directory);
  return store;
}

StatusOr<std::shared_ptr<RunLog>> SpoolStore::Begin(const RunHeader& header) {
  const std::pair key(header.run_id.attempt(), header.run_id);
  {
    auto logs = logs_.Lock();
    const auto found = logs->find(key);
    if (found != logs->end()) return found->second;
  }
  ASSIGN_OR_RETURN(std::shared_ptr<RunLog> log,
                   SpoolLog::Create(directory_ + "/" + header.run_id.text(), header));
  logs_.Lock()->emplace(key, log);
  return log;
}

std::vector<std::shared_ptr<RunLog>> SpoolStore::Runs() const {
  std::vector<std::shared_ptr<RunLog>> runs;
  auto logs = logs_.Lock();
  for (const auto& [key, log] : *logs) runs.push_back(log);
  return runs;
}

Status SpoolStore::Drop(const RunId& run_id) {
  logs_.Lock()->erase({run_id.attempt(), run_id});
  const std::string path = directory_ + "/" + run_id.text();
  // Renamed first: a half-removed folder must not be taken for a damaged run.
  const std::string doomed = path + ".gone";
  if (::rename(path.c_str(), doomed.c_str()) != 0 && errno != ENOENT) {
    return files::FromErrno(errno, "rename", path);
  }
  return files::RemoveTree(doomed);
}

StatusOr<StateLock> StateLock::Acquire(const std::string& directory) {
  const std::string path = directory + "/lock";
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return files::FromErrno(errno, "open", path);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return files::FromErrno(errno, "lock", path);
    return FailedPrecondition("another agent uses the state folder " + directory +
                              ": stop it or name another with --state-dir");
  }
  return StateLock(std::move(fd));
}

}  // namespace preseal::agent::spool
