// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/status/status.h"

namespace preseal::server::cli {

struct Terminal;

// What `preseal login` leaves for later commands. The token is a credential: the file is 0600 in a
// directory of 0700, and one that others may read is refused.
struct Session {
  std::string server;  // host:port
  std::string ca_pem;  // the CA pinned at login, so that the file given then may go
  std::string token;
  std::string user;
  std::string expire_time;  // RFC 3339
};

// $XDG_CONFIG_HOME/preseal/session.json, or ~/.config/preseal/session.json. InvalidArgument if
// neither XDG_CONFIG_HOME nor HOME is set.
StatusOr<std::string> SessionPath(const Terminal& terminal);

// NotFound if there is none; InvalidArgument if others may read it; DataLoss if it does not parse.
StatusOr<Session> LoadSession(const std::string& path);
Status SaveSession(const std::string& path, const Session& session);
// Nothing there is success.
Status RemoveSession(const std::string& path);

}  // namespace preseal::server::cli
