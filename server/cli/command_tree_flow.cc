// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "server/cli/command_tree_parts.h"
#include "server/cli/duration.h"
#include "server/cli/flow_commands.h"

namespace preseal::server::cli {
namespace {

using Options = std::shared_ptr<FlowOptions>;

CLI::App* AddVerb(CLI::App* root, Action* action, const std::string& name, const std::string& help,
                  const Options& options) {
  CLI::App* command = root->add_subcommand(name, help);
  command->add_option("device", options->device, "Serial number or device id")
      ->required()
      ->type_name("DEVICE");
  command->callback([options, action] {
    *action = [options](const Cli& cli) { return DirectFlow(cli, *options); };
  });
  return command;
}

Options Of(FlowVerb verb) {
  auto options = std::make_shared<FlowOptions>();
  options->verb = verb;
  return options;
}

void AddReason(CLI::App* command, const Options& options, const std::string& help) {
  command->add_option("--reason", options->reason, help)->required()->type_name("TEXT");
}

void AddYes(CLI::App* command, const Options& options) {
  command->add_flag("--yes", options->yes, "Do not ask");
}

void AddItemCommands(CLI::App* root, Action* action) {
  const Options waived = Of(FlowVerb::kWaive);
  CLI::App* waive = AddVerb(root, action, "waive", "Let one item pass, in your name", waived);
  waive->add_option("item", waived->item, "The item's id, as devices show tells it")
      ->required()
      ->type_name("ITEM");
  AddReason(waive, waived, "Why; it stands in the birth certificate");

  const Options answered = Of(FlowVerb::kAnswer);
  CLI::App* answer = AddVerb(root, action, "answer", "Answer what a device asks", answered);
  answer->add_option("item", answered->item, "Id of the item that asks, as devices show tells it")
      ->required()
      ->type_name("ITEM");
  answer->add_option("answer", answered->answer, "One of its choices, or text")
      ->required()
      ->type_name("TEXT");

  const Options extended = Of(FlowVerb::kExtend);
  const auto by = std::make_shared<std::string>();
  CLI::App* extend = AddVerb(root, action, "extend", "Give a run or an item more time", extended);
  extend->add_option("--item", extended->item, "This item only")->type_name("ITEM");
  extend->add_option("--by", *by, "How much longer, 1m to 24h")->required()->type_name("DURATION");
  extend->callback([extended, by, action] {
    *action = [extended, by](const Cli& cli) -> StatusOr<ExitCode> {
      ASSIGN_OR_RETURN(extended->by, ParseDuration(*by));
      return DirectFlow(cli, *extended);
    };
  });
}

// Set only if the option was given: an empty text is a value.
void AddField(CLI::App* command, const std::string& name, const std::string& help,
              std::optional<std::string>* field) {
  command
      ->add_option_function<std::string>(
          name, [field](const std::string& text) { *field = text; }, help)
      ->type_name("TEXT");
}

void AddUpdateCommand(CLI::App* root, Action* action) {
  const auto options = std::make_shared<UpdateDeviceOptions>();
  CLI::App* update = root->add_subcommand(
      "update-device", "Change what a device is assigned by; a run that goes on keeps its plan");
  update->add_option("device", options->device, "Serial number or device id")
      ->required()
      ->type_name("DEVICE");
  AddField(update, "--assigned-user", "Who gets it; empty: nobody", &options->assigned_user);
  AddField(update, "--group-tag", "For group rules", &options->group_tag);
  AddField(update, "--slot", "Place on the bench", &options->slot);
  AddField(update, "--profile", "Pin this profile; empty: by assignment again", &options->profile);
  update
      ->add_option("--attribute", options->attributes,
                   "A fact for group rules, several allowed; KEY= removes it")
      ->type_name("KEY=VALUE");
  update->callback([options, action] {
    *action = [options](const Cli& cli) { return UpdateDevice(cli, *options); };
  });
}

}  // namespace

void AddFlowCommands(CLI::App* root, Action* action) {
  const Options held = Of(FlowVerb::kHold);
  AddReason(AddVerb(root, action, "hold", "Put a run on hold: nothing new is started", held), held,
            "Why; it is shown at the device");
  AddVerb(root, action, "resume", "Let a run on hold go on", Of(FlowVerb::kResume));
  AddItemCommands(root, action);
  const Options reset = Of(FlowVerb::kReset);
  CLI::App* over = AddVerb(root, action, "reset",
                           "Start a device over; it keeps its identity and its name", reset);
  AddReason(over, reset, "Why");
  AddYes(over, reset);
  const Options restarted = Of(FlowVerb::kRestart);
  AddYes(AddVerb(root, action, "restart", "Restart a device", restarted), restarted);
  AddVerb(root, action, "refresh", "Show a device its landing card again", Of(FlowVerb::kRefresh));
  const Options continued = Of(FlowVerb::kContinue);
  AddYes(AddVerb(root, action, "continue", "Let the user go on past an error", continued),
         continued);
  AddUpdateCommand(root, action);
}

}  // namespace preseal::server::cli
