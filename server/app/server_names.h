// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/crypto/issue.h"
#include "server/adapters/config/server_config.h"

namespace preseal::server {

// public_names, told apart into DNS names and addresses.
crypto::ServerNames NamesOf(const ServerConfig& config);

}  // namespace preseal::server
