// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>

#include "agent/domain/plan.h"
#include "common/status/status.h"

namespace preseal::agent {

// Content by digest, kept on the device once it was fetched. Thread-safe.
class ArtifactSource {
 public:
  virtual ~ArtifactSource() = default;
  // Path of a local file with exactly the content `artifact` names. While the server cannot be
  // reached it keeps trying, from where it broke off, for up to `limit`.
  // DataLoss: the content has another digest or size (it was thrown away). Unavailable: not fetched
  // within `limit`. NotFound: the server has no such artefact. ResourceExhausted: the disk of the
  // agent's state is full. Cancelled: `stop`.
  virtual StatusOr<std::string> Fetch(const Artifact& artifact, std::chrono::milliseconds limit,
                                      const std::function<void(uint32_t percent)>& on_percent,
                                      std::stop_token stop) = 0;
};

}  // namespace preseal::agent
