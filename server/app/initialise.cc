// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "common/files/files.h"
#include "server/adapters/ca/ca_store.h"
#include "server/adapters/password/sodium_hasher.h"
#include "server/adapters/sql/sqlite_store.h"
#include "server/app/server_app.h"
#include "server/app/server_names.h"
#include "server/service/accounts.h"

namespace preseal::server {
namespace {

constexpr mode_t kPrivateFolder = 0700;

}  // namespace

StatusOr<InitResult> Initialise(const ServerConfig& config, const std::string& username) {
  const SystemClock clock;
  std::error_code ignored;
  if (std::filesystem::exists(DatabaseFile(config), ignored)) {
    return AlreadyExists(
        fmt::format("{} holds a server already; nothing was changed", config.state_dir.string()));
  }
  RETURN_IF_ERROR(files::MakeDirectories(config.state_dir.string(), kPrivateFolder));
  RETURN_IF_ERROR(CaStore::Create(
      CaFolder(config), {config.organisation, NamesOf(config), config.ca_device_key}, clock.Now()));
  ASSIGN_OR_RETURN(const auto store, SqliteStore::Open(DatabaseFile(config).string(), &clock));
  ASSIGN_OR_RETURN(auto hasher, SodiumHasher::Open());
  Accounts accounts(*store, clock, hasher);
  ASSIGN_OR_RETURN(std::string password, accounts.CreateUser(username, Role::kAdmin));
  return InitResult{username, std::move(password)};
}

}  // namespace preseal::server
