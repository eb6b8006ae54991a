// SPDX-License-Identifier: Apache-2.0
#include "server/app/join_provider_from.h"

#include "server/adapters/join/samba_offline_join.h"

namespace preseal::server {

StatusOr<std::unique_ptr<JoinProvider>> JoinProviderFrom(const ServerConfig& config) {
  if (!config.join) return std::unique_ptr<JoinProvider>();
  return OpenSambaOfflineJoin({.net_program = config.join->net_program,
                               .smb_conf = config.join->smb_conf.string(),
                               .domain = config.join->domain,
                               .ou = config.join->ou,
                               .auth_file = config.join->auth_file.string(),
                               .server = config.join->server,
                               .work_directory = (config.state_dir / "join").string()});
}

}  // namespace preseal::server
