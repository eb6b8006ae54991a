// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/out_of_box_files.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agent/domain/out_of_box.h"
#include "common/base/limits.h"
#include "common/files/files.h"
#include "common/log/log.h"
#include "common/process/process.h"

namespace preseal::agent::steps {
namespace {

constexpr char kConnection[] =
    "/etc/NetworkManager/system-connections/preseal-first-boot.nmconnection";

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7E; });
}

// A value of GLib's key files, where only these are special in ASCII.
std::string KeyFileValue(std::string_view text) {
  std::string value;
  for (const char c : text) {
    if (c == '\\') value += '\\';
    if (c == ' ' && value.empty()) {
      value += "\\s";
    } else {
      value += c;
    }
  }
  return value;
}

// As numbers: a name is bytes, not text.
std::string NameBytes(std::string_view name) {
  std::string bytes;
  for (const char c : name) bytes += std::to_string(static_cast<unsigned char>(c)) + ";";
  return bytes;
}

std::string ConnectionOf(const std::string& name, const std::string& key) {
  std::string text =
      "[connection]\nid=preseal-first-boot\ntype=wifi\n\n[wifi]\nssid=" + NameBytes(name) + "\n\n";
  if (!key.empty()) text += "[wifi-security]\nkey-mgmt=wpa-psk\npsk=" + KeyFileValue(key) + "\n\n";
  return text + "[ipv4]\nmethod=auto\n\n[ipv6]\nmethod=auto\n";
}

// The file is right whether or not this works; then it counts from the next boot on.
void TellNetworkManager() {
  for (const auto& arguments : {std::vector<std::string>{"connection", "reload"},
                                {"connection", "up", "preseal-first-boot"}}) {
    process::Command command;
    command.argv = {"nmcli"};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    command.environment = process::MinimalEnvironment();
    command.timeout = std::chrono::seconds(30);
    const auto ending = process::Run(command, [](process::Output, std::string_view) {});
    if (!ending.ok() || !ending->Succeeded()) log::Warning("nmcli did not take the new network");
  }
}

}  // namespace

StatusOr<SetupMemory> OutOfBoxFiles::Load() {
  const auto text = files::Read(memory_file_, kIdentityFileBytesMax);
  if (text.status().code() == StatusCode::kNotFound) return SetupMemory{};
  RETURN_IF_ERROR(text.status());
  const auto json = nlohmann::json::parse(text->begin(), text->end(), nullptr, false);
  if (!json.is_object() || json.value("version", 0) != 1) {
    return DataLoss("damaged, remove it to be asked again: " + memory_file_);
  }
  const auto word = [&json](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : "";
  };
  const auto fact = [&json](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_boolean() && found->get<bool>();
  };
  return SetupMemory{word("language"), word("keyboard"), fact("licence_accepted"),
                     fact("privacy_seen"), word("username")};
}

Status OutOfBoxFiles::Save(const SetupMemory& memory) {
  const nlohmann::ordered_json json = {{"version", 1},
                                       {"language", memory.language},
                                       {"keyboard", memory.keyboard},
                                       {"licence_accepted", memory.licence_accepted},
                                       {"privacy_seen", memory.privacy_seen},
                                       {"username", memory.username}};
  const std::string text =
      json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return files::WriteAtomic(memory_file_, AsBytes(text), 0600);
}

Status OutOfBoxFiles::SetLanguage(const std::string& language) {
  ASSIGN_OR_RETURN(const auto locale_conf, target_.Look("/etc/locale.conf"));
  return SetVariable(locale_conf ? "/etc/locale.conf" : "/etc/default/locale", "LANG",
                     LocaleOf(language));
}

Status OutOfBoxFiles::SetKeyboard(const std::string& layout) {
  return SetVariable("/etc/default/keyboard", "XKBLAYOUT", "\"" + layout + "\"");
}

Status OutOfBoxFiles::SetVariable(const std::string& path, const std::string& variable,
                                  const std::string& value) {
  auto before = target_.Read(path, kTargetSettingsBytesMax);
  if (before.status().code() == StatusCode::kNotFound) before = Bytes{};
  RETURN_IF_ERROR(before.status());
  std::istringstream lines(ToString(ByteView(*before)));
  std::string text;
  bool set = false;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(variable + "=")) {
      text += line + "\n";
    } else if (!std::exchange(set, true)) {
      text += variable + "=" + value + "\n";
    }
  }
  if (!set) text += variable + "=" + value + "\n";
  return target_.WriteBytes(path, 0644, AsBytes(text));
}

Status OutOfBoxFiles::AddWireless(const std::string& name, const std::string& key) {
  if (name.empty() || name.size() > kWirelessNameBytesMax) {
    return InvalidArgument("a network's name has 1 to 32 bytes");
  }
  const bool length = key.size() >= kWirelessKeyBytesMin && key.size() <= kWirelessKeyBytesMax;
  if (!key.empty() && (!length || !IsPrintable(key))) {
    return InvalidArgument("a network's password has 8 to 63 characters, without accents");
  }
  RETURN_IF_ERROR(target_.WriteBytes(kConnection, 0600, AsBytes(ConnectionOf(name, key))));
  if (target_.path() == "/") TellNetworkManager();
  return OkStatus();
}

}  // namespace preseal::agent::steps
