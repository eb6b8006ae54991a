// SPDX-License-Identifier: Apache-2.0
#include "server/cli/session_file.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/files/files.h"
#include "server/cli/terminal.h"

namespace preseal::server::cli {
namespace {

std::string TextOf(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

StatusOr<std::string> SessionPath(const Terminal& terminal) {
  // The XDG Base Directory Specification ignores relative paths.
  const auto config = terminal.environment("XDG_CONFIG_HOME");
  if (config && config->starts_with('/')) return *config + "/preseal/session.json";
  if (const auto home = terminal.environment("HOME")) {
    return *home + "/.config/preseal/session.json";
  }
  return InvalidArgument("neither XDG_CONFIG_HOME nor HOME is set: nowhere to keep the session");
}

StatusOr<Session> LoadSession(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return files::FromErrno(errno, "read", path);
  if ((info.st_mode & 077) != 0) {
    return InvalidArgument(fmt::format(
        "{0} holds your token and others may read it: run chmod 600 {0}, then log in again", path));
  }
  ASSIGN_OR_RETURN(const Bytes bytes, files::Read(path, kConfigBytesMax));
  const auto json = nlohmann::json::parse(AsText(bytes), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return DataLoss(fmt::format("{} is damaged: log in again", path));
  Session session{TextOf(json, "server"), TextOf(json, "ca_pem"), TextOf(json, "token"),
                  TextOf(json, "user"), TextOf(json, "expire_time")};
  if (session.server.empty() || session.ca_pem.empty() || session.token.empty()) {
    return DataLoss(fmt::format("{} is incomplete: log in again", path));
  }
  return session;
}

Status SaveSession(const std::string& path, const Session& session) {
  RETURN_IF_ERROR(files::MakeDirectories(path.substr(0, path.rfind('/')), 0700));
  const nlohmann::ordered_json json = {{"server", session.server},
                                       {"user", session.user},
                                       {"expire_time", session.expire_time},
                                       {"token", session.token},
                                       {"ca_pem", session.ca_pem}};
  const std::string text =
      json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  return files::WriteAtomic(path, AsBytes(text), 0600);
}

Status RemoveSession(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    return files::FromErrno(errno, "remove", path);
  }
  return OkStatus();
}

}  // namespace preseal::server::cli
