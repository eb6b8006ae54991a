// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "common/status/status.h"
#include "server/adapters/config/server_config.h"
#include "server/service/join/join_provider.h"

namespace preseal::server {

// The provider that `join` of the configuration names, null if there is none. Errors name the
// setting.
StatusOr<std::unique_ptr<JoinProvider>> JoinProviderFrom(const ServerConfig& config);

}  // namespace preseal::server
