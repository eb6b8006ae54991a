// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "common/base/clock.h"
#include "common/status/status.h"
#include "server/adapters/config/server_config.h"
#include "server/adapters/grpc/workers.h"
#include "server/app/flow_parts.h"
#include "server/service/user_flow/service_record_office.h"
#include "server/service/user_flow/sign_in_provider.h"
#include "server/service/user_flow/user_code_office.h"
#include "server/service/user_flow/user_entry.h"
#include "server/service/user_flow/user_flow.h"

namespace preseal::server {

// The objects of the user's half, in the order of construction; destroyed in reverse. What is
// passed in outlives them.
class UserFlowParts {
 public:
  // Errors as OidcProvider::Open.
  static StatusOr<std::unique_ptr<UserFlowParts>> Open(Store& store, const Clock& clock,
                                                       LiveDevices& live, ProfileCatalog& profiles,
                                                       const ServiceRecordSigner& signer,
                                                       FlowParts& flows,
                                                       const ServerConfig& config);
  UserFlowParts(const UserFlowParts&) = delete;
  UserFlowParts& operator=(const UserFlowParts&) = delete;

  // Every second.
  void Tick();
  // The provider is asked no more; waits for the requests that are under way.
  void Stop();

  UserFlow& sign_in() { return flow_; }
  UserCodeOffice& codes() { return codes_; }

 private:
  UserFlowParts(Store& store, const Clock& clock, LiveDevices& live, ProfileCatalog& profiles,
                const ServiceRecordSigner& signer, FlowParts& flows, const ServerConfig& config);
  Status OfferProvider(const Clock& clock, const ServerConfig& config);

  UserCodeOffice codes_;
  ServiceRecordOffice records_;
  // Where users sign in, and the threads that wait for it; absent: with one-time codes only.
  std::unique_ptr<SignInProvider> provider_;
  UserEntry entry_;
  UserFlow flow_;
  std::optional<Workers> workers_;
};

}  // namespace preseal::server
