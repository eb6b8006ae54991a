// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "agent/adapters/spool/spool_log.h"
#include "common/base/guarded.h"
#include "common/files/unique_fd.h"

namespace preseal::agent::spool {

// Runs as folders named by run id below DIRECTORY. Thread-safe.
class SpoolStore final : public RunStore {
 public:
  // Opens every run found. DataLoss names the damaged file; a torn tail is no damage, it is cut off
  // and logged.
  static StatusOr<std::unique_ptr<SpoolStore>> Open(const std::string& directory);

  StatusOr<std::shared_ptr<RunLog>> Begin(const RunHeader& header) override;
  std::vector<std::shared_ptr<RunLog>> Runs() const override;
  Status Drop(const RunId& run_id) override;

 private:
  explicit SpoolStore(std::string directory) : directory_(std::move(directory)) {}

  using Logs = std::map<std::pair<uint32_t, RunId>, std::shared_ptr<RunLog>>;  // by attempt
  const std::string directory_;
  mutable Guarded<Logs> logs_;
};

// Holds DIRECTORY/lock for as long as it lives, so that two agents cannot share a state folder.
// FailedPrecondition if another process holds it.
class StateLock {
 public:
  static StatusOr<StateLock> Acquire(const std::string& directory);

 private:
  explicit StateLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace preseal::agent::spool
