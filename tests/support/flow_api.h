// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "common/status/status.h"
#include "preseal/flow/v1/flow.pb.h"

namespace preseal::test {

// FlowService and ProfileService of one running server, as FloorApi. Not thread-safe.
class FlowApi {
 public:
  FlowApi(uint16_t api_port, const std::string& ca_pem, std::string bearer);
  ~FlowApi();

  // Inline documents only. FailedPrecondition with the first mistake if nothing was applied.
  Status Apply(const std::string& yaml);

  Status Hold(const std::string& device);
  Status Resume(const std::string& device);
  Status Waive(const std::string& device, const std::string& item, const std::string& reason);
  Status Answer(const std::string& device, const std::string& item, const std::string& answer);
  Status Reset(const std::string& device);
  Status AllowNext(const std::string& device, const std::string& reason);
  StatusOr<std::string> IssueUserCode(const std::string& device);
  StatusOr<std::string> ServiceRecord(const std::string& device);
  StatusOr<flow::v1::ListTokensResponse> Tokens();

 private:
  struct Stubs;
  std::unique_ptr<Stubs> stubs_;
};

}  // namespace preseal::test
