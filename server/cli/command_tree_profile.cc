// SPDX-License-Identifier: Apache-2.0
// apply, export, documents, plan.
#include <memory>

#include "server/cli/command_tree_parts.h"
#include "server/cli/profile_commands.h"

namespace preseal::server::cli {
namespace {

void AddApply(CLI::App* root, Action* action) {
  const auto options = std::make_shared<ApplyOptions>();
  CLI::App* apply =
      root->add_subcommand("apply", "Take in profiles, groups, items and assignments");
  apply->add_option("-f,--file", options->paths, "YAML file, folder of them, or -")
      ->required()
      ->type_name("FILE");
  apply->add_flag("--dry-run", options->dry_run, "Only say what would change, and whom it touches");
  apply->add_flag("--prune", options->prune, "End the documents that are not among these");
  apply->callback([options, action] {
    *action = [options](const Cli& cli) { return ApplyDocuments(cli, *options); };
  });
}

void AddExport(CLI::App* root, Action* action) {
  struct Target {
    std::string document;
    uint32_t version = 0;
  };
  const auto target = std::make_shared<Target>();
  CLI::App* exported = root->add_subcommand("export", "Print documents as they were applied");
  exported->add_option("document", target->document, "Such as group/sales; none: all")
      ->type_name("KIND/ID");
  exported->add_option("--version", target->version, "An older version")->type_name("N");
  exported->callback([target, action] {
    *action = [target](const Cli& cli) {
      return ExportDocuments(cli, target->document, target->version);
    };
  });
}

void AddDocuments(CLI::App* root, Action* action) {
  CLI::App* documents = root->add_subcommand("documents", "Profiles, groups, items, assignments");
  documents->require_subcommand(1);
  const auto kind = std::make_shared<std::string>();
  CLI::App* list = documents->add_subcommand("list", "List them with their versions");
  list->add_option("--kind", *kind, "DeploymentProfile, Group, Item or Assignment")
      ->type_name("KIND");
  list->callback(
      [kind, action] { *action = [kind](const Cli& cli) { return ListDocuments(cli, *kind); }; });
  const auto document = std::make_shared<std::string>();
  CLI::App* end = documents->add_subcommand("delete", "End one; its versions stay readable");
  end->add_option("document", *document, "Such as group/sales")->required()->type_name("KIND/ID");
  end->callback([document, action] {
    *action = [document](const Cli& cli) { return DeleteDocument(cli, *document); };
  });
}

void AddPlan(CLI::App* root, Action* action) {
  struct Given {
    PlanOptions options;
    std::string flow = "technician";
  };
  const auto given = std::make_shared<Given>();
  CLI::App* plan = root->add_subcommand("plan", "Show what a device would run, and why");
  plan->add_option("device", given->options.device, "Serial number or id")
      ->required()
      ->type_name("DEVICE");
  plan->add_option("--flow", given->flow, "Which half; technician if not said")
      ->check(CLI::IsMember({"technician", "user"}).description(""))
      ->type_name("technician|user");
  plan->add_option("--user", given->options.user, "As if this user were assigned")
      ->type_name("USER");
  plan->callback([given, action] {
    *action = [given](const Cli& cli) {
      given->options.user_flow = given->flow == "user";
      return ShowPlan(cli, given->options);
    };
  });
}

}  // namespace

void AddProfileCommands(CLI::App* root, Action* action) {
  AddApply(root, action);
  AddExport(root, action);
  AddDocuments(root, action);
  AddPlan(root, action);
}

}  // namespace preseal::server::cli
