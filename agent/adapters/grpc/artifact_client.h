// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>

#include "agent/adapters/grpc/device_channel.h"
#include "agent/service/run/artifact_source.h"

namespace preseal::agent {

// ArtifactSource over ArtifactService.Fetch. Artefacts are files named by their digest in one
// folder; DIGEST.part holds what an interrupted fetch has so far, and the next one continues it,
// also in another process. A file gets its final name only after its digest was checked and it is
// on disk; what has another digest, or meets a full disk, is removed. Thread-safe.
class ArtifactClient final : public ArtifactSource {
 public:
  // `directory` is made (0700) when first needed. `channel` must outlive the client.
  ArtifactClient(DeviceChannel& channel, std::string directory)
      : channel_(channel), directory_(std::move(directory)) {}

  StatusOr<std::string> Fetch(const Artifact& artifact, std::chrono::milliseconds limit,
                              const std::function<void(uint32_t percent)>& on_percent,
                              std::stop_token stop) override;

 private:
  Status FetchNew(const Artifact& artifact, const std::string& path,
                  std::chrono::steady_clock::time_point deadline,
                  const std::function<void(uint32_t percent)>& on_percent,
                  const std::stop_token& stop);
  Status TakeTurn(const std::string& path, std::chrono::steady_clock::time_point deadline,
                  const std::stop_token& stop);
  void GiveTurn(const std::string& path);

  DeviceChannel& channel_;
  const std::string directory_;
  std::mutex mutex_;            // guards busy_
  std::set<std::string> busy_;  // being fetched
  std::condition_variable_any freed_;
};

}  // namespace preseal::agent
