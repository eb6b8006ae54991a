// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "common/base/clock.h"
#include "common/status/status.h"
#include "server/adapters/config/server_config.h"

namespace preseal::server {

// The running server: builds and owns every object, bottom-up, and takes them down in reverse.
// Methods are called from one thread.
class ServerApp {
 public:
  // Everything up to open ports. Errors say which file, port or setting, and what to do.
  static StatusOr<std::unique_ptr<ServerApp>> Start(const ServerConfig& config);
  ~ServerApp();

  // Every second: silence, seals.
  void Tick();
  // Takes over a renewed server certificate. Anything unusable is an error and changes nothing.
  Status Reload();
  // Ends streams with UNAVAILABLE, lets calls finish within kDrainWithin, closes the store.
  void Drain();

 private:
  struct Parts;
  explicit ServerApp(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// `preseal-server init`: state folder, authorities, database, first administrator.
struct InitResult {
  std::string username;
  std::string one_time_password;
};
// AlreadyExists: the state folder holds a server already; nothing was changed.
StatusOr<InitResult> Initialise(const ServerConfig& config, const std::string& username);

// Paths below state_dir.
std::filesystem::path DatabaseFile(const ServerConfig& config);
std::filesystem::path CaFolder(const ServerConfig& config);
std::filesystem::path PortsFile(const ServerConfig& config);

}  // namespace preseal::server
