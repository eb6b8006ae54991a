// SPDX-License-Identifier: Apache-2.0
#include "server/app/commands.h"

#include <fmt/format.h>
#include <pthread.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <ctime>

#include "common/files/files.h"
#include "common/log/log.h"
#include "server/adapters/ca/ca_store.h"
#include "server/adapters/password/sodium_hasher.h"
#include "server/adapters/sql/sqlite_store.h"
#include "server/app/server_app.h"
#include "server/app/server_names.h"
#include "server/service/accounts.h"
#include "server/service/principal.h"

namespace preseal::server {
namespace {

namespace fs = std::filesystem;

int Fail(const Status& status) {
  fmt::print(stderr, "preseal-server: {}\n", MessageOf(status));
  return 1;
}

// Signals are taken by sigtimedwait in one place only; every thread inherits this mask.
sigset_t BlockSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a closed socket is an error code, not the end
  return set;
}

Status WriteStation(const ServerConfig& config, const std::string& name, const fs::path& folder,
                    int days) {
  const SystemClock clock;
  const WallTime now = clock.Now();
  ASSIGN_OR_RETURN(const auto ca, CaStore::Load(CaFolder(config)));
  ASSIGN_OR_RETURN(const auto station,
                   ca->IssueStationCredential(name, now, now + std::chrono::hours(24) * days));
  RETURN_IF_ERROR(files::MakeDirectories(folder.string(), 0700));
  ASSIGN_OR_RETURN(const auto key, station.key.ToPem());
  RETURN_IF_ERROR(files::WriteAtomic((folder / "station.key").string(), key.Reveal(), 0600));
  RETURN_IF_ERROR(files::WriteAtomic((folder / "station.crt").string(),
                                     AsBytes(station.certificate.ToPem()), 0644));
  return files::WriteAtomic((folder / "server-ca.crt").string(),
                            AsBytes(crypto::ToPemBundle(ca->Trusted(Authority::kServer, now))),
                            0644);
}

StatusOr<std::string> AddUser(const ServerConfig& config, const std::string& username, Role role) {
  const SystemClock clock;
  ASSIGN_OR_RETURN(const auto store, SqliteStore::Open(DatabaseFile(config).string(), &clock,
                                                       SqliteStore::Mode::kMustExist));
  ASSIGN_OR_RETURN(auto hasher, SodiumHasher::Open());
  Accounts accounts(*store, clock, hasher);
  return accounts.CreateUser(username, role);
}

void PrintLogin(const std::string& username, const std::string& password) {
  fmt::print("user: {}\none-time password: {}\n", username, password);
  fmt::print(stderr, "The password is shown this once; the first login asks for a new one.\n");
}

}  // namespace

int RunInit(const std::string& config_file, const std::string& username) {
  const auto config = LoadConfig(config_file);
  if (!config.ok()) return Fail(config.status());
  const auto result = Initialise(*config, username);
  if (!result.ok()) return Fail(result.status());
  PrintLogin(result->username, result->one_time_password);
  return 0;
}

int RunServer(const std::string& config_file) {
  const sigset_t signals = BlockSignals();
  const auto config = LoadConfig(config_file);
  if (!config.ok()) return Fail(config.status());
  log::Level level = log::Level::kInfo;
  if (!log::ParseLevel(config->log_level, &level)) {
    return Fail(InvalidArgument("log_level must be debug, info, warning or error"));
  }
  log::SetLevel(level);
  const auto app = ServerApp::Start(*config);
  if (!app.ok()) return Fail(app.status());
  constexpr timespec kTick{.tv_sec = 1, .tv_nsec = 0};
  for (;;) {
    const int signal = sigtimedwait(&signals, nullptr, &kTick);
    if (signal == SIGTERM || signal == SIGINT) break;
    if (signal == SIGHUP) {
      const Status reloaded = (*app)->Reload();
      if (reloaded.ok()) {
        log::Info("certificates reloaded", {});
      } else {
        log::Error("certificates not reloaded, the old ones stay", {{"error", ToString(reloaded)}});
      }
    }
    (*app)->Tick();
  }
  (*app)->Drain();
  return 0;
}

int RunStation(const std::string& config_file, const std::string& name, const std::string& folder,
               int days) {
  const auto config = LoadConfig(config_file);
  if (!config.ok()) return Fail(config.status());
  const Status status = WriteStation(*config, name, folder, days);
  if (!status.ok()) return Fail(status);
  fmt::print("{}\n", folder);
  return 0;
}

int RunRenew(const std::string& config_file) {
  const auto config = LoadConfig(config_file);
  if (!config.ok()) return Fail(config.status());
  const auto ca = CaStore::Load(CaFolder(*config));
  if (!ca.ok()) return Fail(ca.status());
  const Status status = (*ca)->RenewServerCertificate(NamesOf(*config), SystemClock().Now());
  if (!status.ok()) return Fail(status);
  fmt::print("renewed; send SIGHUP to the running server\n");
  return 0;
}

int RunUserAdd(const std::string& config_file, const std::string& username,
               const std::string& role) {
  const auto config = LoadConfig(config_file);
  if (!config.ok()) return Fail(config.status());
  for (const Role known : {Role::kOperator, Role::kLead, Role::kAdmin, Role::kAuditor}) {
    if (NameOf(known) != role) continue;
    const auto password = AddUser(*config, username, known);
    if (!password.ok()) return Fail(password.status());
    PrintLogin(username, *password);
    return 0;
  }
  return Fail(InvalidArgument("role must be operator, lead, admin or auditor"));
}

}  // namespace preseal::server
