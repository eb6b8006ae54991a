// SPDX-License-Identifier: Apache-2.0
// A directory for the tests of whoever hands out its blobs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "server/service/join/join_provider.h"

namespace preseal::server {

// Answers from memory: the real directory is in server/adapters/join.
class MemoryDirectory final : public JoinProvider {
 public:
  const std::string& domain() const override { return domain_; }
  StatusOr<JoinBlob> Provision(const JoinRequest& request, std::stop_token stop) override {
    if (stop.stop_requested()) return Unavailable("stopped");
    names.push_back(request.computer_name);
    if (on_provision) on_provision();
    if (!failure.ok()) return failure;
    return JoinBlob{"memory", domain_, Secret("blob " + std::to_string(names.size()))};
  }

  std::vector<std::string> names;
  std::function<void()> on_provision;
  Status failure;

 private:
  const std::string domain_ = "floor.test";
};

}  // namespace preseal::server
