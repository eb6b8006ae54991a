// SPDX-License-Identifier: Apache-2.0
// allow-next, seals, time, journey, queues.
#include <memory>

#include "server/cli/command_tree_parts.h"
#include "server/cli/duration.h"
#include "server/cli/report_commands.h"

namespace preseal::server::cli {
namespace {

void AddAllowNext(CLI::App* root, Action* action) {
  const auto options = std::make_shared<AllowNextOptions>();
  const auto life = std::make_shared<std::string>("7d");
  CLI::App* command = root->add_subcommand(
      "allow-next", "Let a device that was sealed before enrol once more (docs/seals.md)");
  command->add_option("device", options->device, "Serial number or device id")
      ->required()
      ->type_name("DEVICE");
  command->add_option("--reason", options->reason, "Why; kept in the audit log")
      ->required()
      ->type_name("TEXT");
  command->add_option("--for", *life, "How long it may, at most 90d; 7d if not said")
      ->type_name("DURATION");
  command->callback([options, life, action] {
    *action = [options, life](const Cli& cli) -> StatusOr<ExitCode> {
      ASSIGN_OR_RETURN(options->life, ParseDuration(*life));
      return AllowNext(cli, *options);
    };
  });
}

void AddSeals(CLI::App* root, Action* action) {
  const auto options = std::make_shared<SealsOptions>();
  CLI::App* command = root->add_subcommand("seals",
                                           "List sealed devices; with --ageing, --expired, "
                                           "--drifted or --unconfirmed the re-seal list,\n"
                                           "and exit code 1 if there are any");
  command->add_option("--batch", options->batch, "Purchase order")->type_name("PO-7");
  command->add_flag("--ageing", options->ageing, "Those that will expire soon");
  command->add_flag("--expired", options->expired, "Those that are too old");
  command->add_flag("--drifted", options->drifted, "Those that lack what is assigned now");
  command->add_flag("--unconfirmed", options->unconfirmed, "Those nobody saw power off");
  command->callback([options, action] {
    *action = [options](const Cli& cli) { return ListSeals(cli, *options); };
  });
}

void AddOfDevice(CLI::App* root, Action* action, const std::string& name, const std::string& help,
                 StatusOr<ExitCode> (*run)(const Cli&, const std::string&)) {
  const auto device = std::make_shared<std::string>();
  CLI::App* command = root->add_subcommand(name, help);
  command->add_option("device", *device, "Serial number or device id")
      ->required()
      ->type_name("DEVICE");
  command->callback([device, run, action] {
    *action = [device, run](const Cli& cli) { return run(cli, *device); };
  });
}

}  // namespace

void AddReportCommands(CLI::App* root, Action* action) {
  AddAllowNext(root, action);
  AddSeals(root, action);
  AddOfDevice(root, action, "time", "Show where a device's time went", ShowTime);
  AddOfDevice(root, action, "journey", "Show a device's attempts up to its first seal",
              ShowJourney);
  root->add_subcommand("queues", "Show who works on what is limited, and who waits for it")
      ->callback([action] { *action = ListQueues; });
}

}  // namespace preseal::server::cli
