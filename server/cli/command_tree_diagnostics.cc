// SPDX-License-Identifier: Apache-2.0
// diagnostics, diagnose.
#include <memory>

#include "server/cli/command_tree_parts.h"
#include "server/cli/diagnostics_commands.h"

namespace preseal::server::cli {

void AddDiagnosticsCommands(CLI::App* root, Action* action) {
  const auto options = std::make_shared<DiagnosticsOptions>();
  CLI::App* bundles = root->add_subcommand(
      "diagnostics", "Bundles of logs from a device: list, read, save, or ask for one");
  bundles->add_option("device", options->device, "Serial number or device id")
      ->required()
      ->type_name("DEVICE");
  bundles->add_option("--bundle", options->bundle, "Which; without: the newest")->type_name("B-ID");
  CLI::Option_group* what = bundles->add_option_group("what", "One of");
  what->add_flag("--collect", options->collect, "Have the device send a new one");
  what->add_flag("--list", options->list, "The files in it");
  what->add_option("--read", options->read, "Print one file of it")->type_name("PATH");
  what->add_option("--save", options->save, "Write it to a file as it came")->type_name("FILE");
  what->require_option(0, 1);
  bundles->callback([options, action] {
    *action = [options](const Cli& cli) { return Diagnostics(cli, *options); };
  });

  const auto device = std::make_shared<std::string>();
  CLI::App* diagnose = root->add_subcommand(
      "diagnose", "Say what is probably wrong with a device, and what to do; exit code 1 if so");
  diagnose->add_option("device", *device, "Serial number or device id")
      ->required()
      ->type_name("DEVICE");
  diagnose->callback([device, action] {
    *action = [device](const Cli& cli) { return DiagnoseDevice(cli, *device); };
  });
}

}  // namespace preseal::server::cli
