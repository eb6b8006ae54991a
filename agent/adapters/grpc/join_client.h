// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "agent/adapters/grpc/device_channel.h"
#include "agent/service/run/join_source.h"
#include "agent/service/run/run_store.h"

namespace preseal::agent {

// JoinSource over JoinService.FetchJoin. Thread-safe.
class JoinClient final : public JoinSource {
 public:
  // Asks for the newest of `runs` that is of `device_id`. `channel` and `runs` must outlive the
  // client.
  JoinClient(DeviceChannel& channel, const RunStore& runs, std::string device_id)
      : channel_(channel), runs_(runs), device_id_(std::move(device_id)) {}

  StatusOr<JoinBlob> Fetch(const std::string& item_id, std::chrono::milliseconds limit,
                           const std::function<void(std::string_view)>& on_wait,
                           std::stop_token stop) override;

 private:
  std::string PresentRun() const;

  DeviceChannel& channel_;
  const RunStore& runs_;
  const std::string device_id_;
};

}  // namespace preseal::agent
