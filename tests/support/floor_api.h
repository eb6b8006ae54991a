// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "preseal/auth/v1/auth.pb.h"
#include "preseal/fleet/v1/fleet.pb.h"

namespace preseal::test {

// The operators' API of one running server, over gRPC and TLS. Errors are the server's own; a
// server that is not there is Unavailable or DeadlineExceeded after kCallTimeout. Not thread-safe.
class FloorApi {
 public:
  static constexpr auto kCallTimeout = std::chrono::seconds(20);

  // Connects at the first call. `ca_pem`: the server's authority.
  FloorApi(uint16_t api_port, const std::string& ca_pem);
  ~FloorApi();

  // Logs in with a one-time password and chooses a new one; later calls carry the session.
  Status FirstLogin(const std::string& user, const std::string& one_time_password);
  const std::string& bearer() const { return bearer_; }
  void set_bearer(std::string bearer) { bearer_ = std::move(bearer); }

  StatusOr<fleet::v1::ImportDevicesResponse> Import(const fleet::v1::ImportDevicesRequest& request);
  // All devices, without their items.
  StatusOr<std::vector<fleet::v1::Device>> List();
  StatusOr<fleet::v1::Device> Get(const std::string& name);
  // Everything in the journal of the latest run.
  StatusOr<std::vector<fleet::v1::JournalEntry>> Journal(const std::string& device);
  StatusOr<fleet::v1::Command> Start(const std::string& device, const std::string& request_id = "");
  StatusOr<fleet::v1::Command> Retry(const std::string& device);
  StatusOr<fleet::v1::Command> Reseal(const std::string& device,
                                      const std::string& request_id = "");
  Status Revoke(const std::string& device, const std::string& reason);
  Status Unblock(const std::string& device, const std::string& reason);
  StatusOr<std::string> BirthCertificate(const std::string& device);

 private:
  struct Stubs;
  std::unique_ptr<Stubs> stubs_;
  std::string bearer_;
};

}  // namespace preseal::test
