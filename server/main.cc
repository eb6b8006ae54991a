// SPDX-License-Identifier: Apache-2.0
// preseal-server: flags and exit code.
#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "server/app/commands.h"

namespace {

constexpr char kAbout[] =
    "Preseal's server: attests, provisions and seals a bench of devices.\n"
    "First:  preseal-server init --config preseal.yaml\n"
    "Then:   preseal-server run  --config preseal.yaml";
constexpr char kFooter[] =
    "Exit codes: 0 done, 1 failed (the reason is on standard error), above 100 wrong usage.\n"
    "SIGTERM drains and stops; SIGHUP takes over renewed certificates and rotated keys.";

// `preseal-server ca …`
struct CaCommands {
  CLI::App* rotate = nullptr;
  CLI::App* retire = nullptr;
  CLI::App* list = nullptr;
  std::string authority;
  int generation = 0;

  void AddTo(CLI::App& app, std::string& config) {
    auto* ca = app.add_subcommand("ca", "the issuing keys of the authorities");
    ca->require_subcommand(1);
    rotate = ca->add_subcommand(
        "rotate", "sign with a new key; the old one stays trusted while it is needed");
    retire = ca->add_subcommand("retire", "trust an old key no longer, such as after a theft");
    list = ca->add_subcommand("list", "show all keys and until when they count");
    for (CLI::App* command : {rotate, retire}) {
      command->add_option("authority", authority, "device, lab, station, server or seal")
          ->required();
    }
    retire->add_option("generation", generation, "its number in `ca list`")->required();
    for (CLI::App* command : {rotate, retire, list}) {
      command->add_option("-c,--config", config, "configuration file (YAML)")
          ->capture_default_str();
    }
  }
  // The exit code; nullopt if none of them was asked for.
  std::optional<int> Run(const std::string& config) const {
    if (*rotate) return preseal::server::RunCaRotate(config, authority);
    if (*retire) return preseal::server::RunCaRetire(config, authority, generation);
    if (*list) return preseal::server::RunCaList(config);
    return std::nullopt;
  }
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(kAbout, "preseal-server");
  app.set_version_flag("--version", PRESEAL_VERSION);
  app.footer(kFooter);
  app.require_subcommand(1);
  std::string config = "preseal.yaml";
  const auto with_config = [&config](CLI::App* command) {
    command->add_option("-c,--config", config, "configuration file (YAML)")->capture_default_str();
    return command;
  };

  std::string user = "admin";
  auto* init = with_config(app.add_subcommand(
      "init", "create authorities, database and the first administrator (one-time password)"));
  init->add_option("--user", user, "name of the first administrator")->capture_default_str();

  auto* run = with_config(app.add_subcommand("run", "run the server until SIGTERM"));

  std::string station_name;
  std::string station_folder;
  int station_days = 30;
  auto* station = with_config(app.add_subcommand(
      "station", "issue a station certificate for imaging media, into a folder"));
  station->add_option("name", station_name, "name of the bench, e.g. bench-1")->required();
  station
      ->add_option("-o,--out", station_folder,
                   "folder for station.crt, station.key and "
                   "server-ca.crt")
      ->required();
  station->add_option("--days", station_days, "how long it is good for")
      ->capture_default_str()
      ->check(CLI::Range(1, 30));

  auto* renew = with_config(app.add_subcommand("renew", "renew the server certificate, same key"));

  std::string new_user;
  std::string role = "operator";
  auto* user_add = with_config(app.add_subcommand("user-add",
                                                  "add a person (one-time password); "
                                                  "stop the server first"));
  user_add->add_option("name", new_user, "user name")->required();
  user_add->add_option("--role", role, "operator, lead, admin or auditor")->capture_default_str();

  CaCommands ca;
  ca.AddTo(app, config);

  CLI11_PARSE(app, argc, argv);
  if (*init) return preseal::server::RunInit(config, user);
  if (*run) return preseal::server::RunServer(config);
  if (*station) {
    return preseal::server::RunStation(config, station_name, station_folder, station_days);
  }
  if (*renew) return preseal::server::RunRenew(config);
  if (const auto exit_code = ca.Run(config)) return *exit_code;
  if (*user_add) return preseal::server::RunUserAdd(config, new_user, role);
  return 1;
}
