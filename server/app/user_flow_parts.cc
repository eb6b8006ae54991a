// SPDX-License-Identifier: Apache-2.0
#include "server/app/user_flow_parts.h"

#include <utility>

#include "common/base/limits.h"
#include "server/adapters/oidc/oidc_provider.h"

namespace preseal::server {
namespace {

SignInPolicy PolicyOf(const ServerConfig& config) {
  return {.any_user = config.any_user,
          .refuse_expired_seal = config.refuse_expired_seal,
          .seal = config.seal};
}

}  // namespace

UserFlowParts::UserFlowParts(Store& store, const Clock& clock, LiveDevices& live,
                             ProfileCatalog& profiles, const ServiceRecordSigner& signer,
                             FlowParts& flows, const ServerConfig& config)
    : codes_(store, clock, flows.landing),
      records_(store, clock, flows.reports, signer, config.organisation),
      entry_(clock, profiles, flows.flow, PolicyOf(config)),
      flow_(store, clock, live, flows.dispatcher, entry_) {
  flows.landing.set_sign_in(PolicyOf(config), config.oidc.has_value());
}

StatusOr<std::unique_ptr<UserFlowParts>> UserFlowParts::Open(
    Store& store, const Clock& clock, LiveDevices& live, ProfileCatalog& profiles,
    const ServiceRecordSigner& signer, FlowParts& flows, const ServerConfig& config) {
  auto parts = std::unique_ptr<UserFlowParts>(
      new UserFlowParts(store, clock, live, profiles, signer, flows, config));
  RETURN_IF_ERROR(parts->OfferProvider(clock, config));
  return parts;
}

Status UserFlowParts::OfferProvider(const Clock& clock, const ServerConfig& config) {
  if (!config.oidc) return OkStatus();
  ASSIGN_OR_RETURN(provider_, OidcProvider::Open(*config.oidc, clock));
  workers_.emplace(kSignInThreads, kSignInQueueMax);
  flow_.OfferProvider(
      *provider_, [this](std::function<void()> work) { return workers_->Post(std::move(work)); });
  return OkStatus();
}

void UserFlowParts::Tick() {
  flow_.Tick();
  records_.Tick();
}

void UserFlowParts::Stop() {
  flow_.Stop();
  if (workers_) workers_->Stop();
}

}  // namespace preseal::server
