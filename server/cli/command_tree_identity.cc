// SPDX-License-Identifier: Apache-2.0
// device …, trust ek-list …, trust order-code …, trust golden ….
#include <memory>

#include "server/cli/command_tree_parts.h"
#include "server/cli/commands.h"
#include "server/cli/duration.h"

namespace preseal::server::cli {
namespace {

// The group, made if no other part of the tree made it.
CLI::App* Group(CLI::App* root, const std::string& name, const std::string& help) {
  for (CLI::App* child : root->get_subcommands([](const CLI::App*) { return true; })) {
    if (child->get_name() == name) return child;
  }
  CLI::App* group = root->add_subcommand(name, help);
  group->require_subcommand(1);
  return group;
}

struct DeviceVerb {
  CLI::App* command;
  std::shared_ptr<IdentityOptions> options;
};

DeviceVerb AddDeviceVerb(CLI::App* device, Action* action, IdentityVerb verb,
                         const std::string& name, const std::string& help) {
  const auto options = std::make_shared<IdentityOptions>();
  options->verb = verb;
  CLI::App* command = device->add_subcommand(name, help);
  command->add_option("device", options->device, "Serial number or device id")
      ->required()
      ->type_name("DEVICE");
  command->callback([options, action] {
    *action = [options](const Cli& cli) { return DecideIdentity(cli, *options); };
  });
  return {command, options};
}

void AddReason(CLI::App* command, std::string* reason) {
  command->add_option("--reason", *reason, "Why; kept in the audit log")
      ->required()
      ->type_name("TEXT");
}

void AddEkListCommands(CLI::App* trust, Action* action) {
  CLI::App* group = Group(trust, "ek-list", "Endorsement keys an order named");
  const auto add = [group, action](const std::string& name, const std::string& help,
                                   StatusOr<ExitCode> (*run)(const Cli&, const EkListOptions&)) {
    const auto options = std::make_shared<EkListOptions>();
    CLI::App* command = group->add_subcommand(name, help);
    command->add_option("--batch", options->batch, "Purchase order; without: every batch")
        ->type_name("PO-7");
    command->callback([options, run, action] {
      *action = [options, run](const Cli& cli) { return run(cli, *options); };
    });
    return std::pair(command, options);
  };
  const auto [import, imported] =
      add("import", "Add keys: SHA-256 digests (lines or CSV), certificates or public keys",
          ImportEkList);
  import->add_option("file", imported->file, "The list, - for standard input")
      ->required()
      ->type_name("FILE");
  add("list", "Show one list", ListEkList);
  const auto [remove, removed] = add("remove", "Take keys off one list", RemoveEkList);
  remove->add_option("ek", removed->ek, "SHA-256 of the key's SubjectPublicKeyInfo")
      ->type_name("EKHASH");
  remove->add_flag("--all", removed->all, "The whole list");
  AddReason(remove, &removed->reason);
}

void AddOrderCodeCommands(CLI::App* trust, Action* action) {
  CLI::App* group = Group(trust, "order-code", "One-time codes for TPMs only a person vouches for");
  const auto options = std::make_shared<OrderCodeOptions>();
  const auto life = std::make_shared<std::string>("24h");
  CLI::App* made = group->add_subcommand("new", "Make a code; it is shown once");
  made->add_option("--batch", options->batch, "Purchase order it is for")
      ->required()
      ->type_name("PO-7");
  made->add_option("--uses", options->uses, "Devices that may use it")->type_name("N");
  made->add_option("--expires", *life, "How long it is good, at most 90d")->type_name("DURATION");
  made->callback([options, life, action] {
    *action = [options, life](const Cli& cli) -> StatusOr<ExitCode> {
      ASSIGN_OR_RETURN(options->life, ParseDuration(*life));
      return NewOrderCode(cli, *options);
    };
  });
  group->add_subcommand("list", "Show the codes, without their secrets")->callback([action] {
    *action = ListOrderCodes;
  });
  const auto revoked = std::make_shared<OrderCodeOptions>();
  CLI::App* revoke = group->add_subcommand("revoke", "End a code now");
  revoke->add_option("code", revoked->code, "Its first five characters")
      ->required()
      ->type_name("CODE");
  AddReason(revoke, &revoked->reason);
  revoke->callback([revoked, action] {
    *action = [revoked](const Cli& cli) { return RevokeOrderCode(cli, *revoked); };
  });
}

void AddGoldenCommands(CLI::App* trust, Action* action) {
  CLI::App* group = Group(trust, "golden", "PCR values of a model's boot, approved by two people");
  const auto listed = std::make_shared<GoldenOptions>();
  CLI::App* list = group->add_subcommand("list", "Show sets and their state");
  list->add_option("--manufacturer", listed->manufacturer, "Only this maker, with --model")
      ->type_name("TEXT");
  list->add_option("--model", listed->model, "Only this model")->type_name("TEXT");
  list->callback([listed, action] {
    *action = [listed](const Cli& cli) { return ListGoldenSets(cli, *listed); };
  });
  const auto add = [group, action](const std::string& name, const std::string& help,
                                   GoldenVerb verb) {
    const auto options = std::make_shared<GoldenOptions>();
    options->verb = verb;
    CLI::App* command = group->add_subcommand(name, help);
    command->add_option("id", options->id, "As golden list shows it")
        ->required()
        ->type_name("G-12");
    if (verb != GoldenVerb::kShow) AddReason(command, &options->reason);
    command->callback([options, action] {
      *action = [options](const Cli& cli) { return DecideGolden(cli, *options); };
    });
  };
  add("show", "Show one set with its values", GoldenVerb::kShow);
  add("approve", "Approve; a second, other person makes it count", GoldenVerb::kApprove);
  add("retire", "Turn a proposal down, or end an approved set", GoldenVerb::kRetire);
}

}  // namespace

void AddIdentityCommands(CLI::App* root, Action* action) {
  CLI::App* device = Group(root, "device", "Decide about one device's identity");
  AddDeviceVerb(device, action, IdentityVerb::kShow, "identity",
                "Show its TPMs, those that wait, certificates and attempts");
  const auto add = [&](IdentityVerb verb, const std::string& name, const std::string& help) {
    const DeviceVerb added = AddDeviceVerb(device, action, verb, name, help);
    AddReason(added.command, &added.options->reason);
    return added;
  };
  add(IdentityVerb::kUnblock, "unblock", "Give it its attempts back; it must attest anew");
  add(IdentityVerb::kRelease, "release", "Free its TPM for another record");
  add(IdentityVerb::kRevoke, "revoke", "End its identity now, also on open streams");
  const DeviceVerb vouch =
      add(IdentityVerb::kVouch, "vouch", "Stand by name for a TPM with an order code");
  vouch.command->add_option("--ek", vouch.options->ek, "Which, if several wait")
      ->type_name("EKHASH");
  const DeviceVerb rebind = AddDeviceVerb(device, action, IdentityVerb::kRebind, "rebind",
                                          "Approve another TPM for the record");
  rebind.command->add_option("--to", rebind.options->ek, "Which TPM; without: the one seen last")
      ->type_name("EKHASH");
  rebind.command->add_option("--reason", rebind.options->reason, "Why it has another TPM")
      ->required()
      ->type_name("board-swap|clear|resale");
  rebind.command->add_option("--note", rebind.options->note, "More for the audit log")
      ->type_name("TEXT");

  CLI::App* trust = Group(root, "trust", "Decide what is trusted");
  AddEkListCommands(trust, action);
  AddOrderCodeCommands(trust, action);
  AddGoldenCommands(trust, action);
}

}  // namespace preseal::server::cli
