// SPDX-License-Identifier: Apache-2.0
#include "server/cli/command_tree_parts.h"

#include <memory>

#include "server/cli/commands.h"
#include "server/cli/duration.h"
#include "server/cli/views.h"

namespace preseal::server::cli {
namespace {

// "REGISTERED|PRESENT|…": help, check and completion read the same text.
std::string StateChoices() {
  std::string choices;
  for (int state = 1; state <= lifecycle_v1::DeviceState_MAX; ++state) {
    choices +=
        (choices.empty() ? "" : "|") + StateName(static_cast<lifecycle_v1::DeviceState>(state));
  }
  return choices;
}

// The filter's options; the struct lives as long as the command.
void AddFilterOptions(CLI::App* command, DeviceFilter* filter) {
  command->add_option("--batch", filter->batch, "Only this purchase order")->type_name("PO-7");
  command->add_option("--state", filter->states, "Only in these states, several allowed")
      ->delimiter(',')
      ->type_name(StateChoices());
  command->add_option("--query", filter->query, "Part of serial number, device id or slot")
      ->type_name("TEXT");
}

}  // namespace

void AddSessionCommands(CLI::App* root, Action* action) {
  const auto options = std::make_shared<LoginOptions>();
  CLI::App* login = root->add_subcommand("login", "Log in and keep the session");
  login->add_option("server", options->server, "host:port or https://host:port")
      ->type_name("HOST:PORT");
  login->add_option("--user", options->user, "Your name")->required()->type_name("NAME");
  login->add_flag("--password-stdin", options->password_stdin,
                  "Read the password from standard input");
  login->add_flag("--new-password-stdin", options->new_password_stdin,
                  "Read a new password from the next line, if the first was one-time");
  login->callback(
      [options, action] { *action = [options](const Cli& cli) { return Login(cli, *options); }; });
  root->add_subcommand("logout", "End the session")->callback([action] { *action = Logout; });
  root->add_subcommand("whoami", "Show who you are")->callback([action] { *action = WhoAmI; });
}

void AddDeviceCommands(CLI::App* root, Action* action) {
  CLI::App* devices = root->add_subcommand("devices", "Look at devices");
  devices->require_subcommand(1);

  const auto listed = std::make_shared<DeviceFilter>();
  CLI::App* list = devices->add_subcommand("list", "List devices");
  AddFilterOptions(list, listed.get());
  list->callback([listed, action] {
    *action = [listed](const Cli& cli) { return ListDevices(cli, *listed); };
  });

  const auto shown = std::make_shared<std::string>();
  CLI::App* show = devices->add_subcommand("show", "Show one device with items and attempts");
  show->add_option("device", *shown, "Serial number or device id")->required()->type_name("DEVICE");
  show->callback(
      [shown, action] { *action = [shown](const Cli& cli) { return ShowDevice(cli, *shown); }; });

  const auto watched = std::make_shared<DeviceFilter>();
  const auto only = std::make_shared<std::string>();
  CLI::App* watch = devices->add_subcommand("watch", "Follow devices live until Ctrl-C");
  watch->add_option("device", *only, "Only this one, with its items")->type_name("DEVICE");
  AddFilterOptions(watch, watched.get());
  watch->callback([watched, only, action] {
    *action = [watched, only](const Cli& cli) { return WatchDevices(cli, *watched, *only); };
  });

  const auto asked = std::make_shared<EventsOptions>();
  CLI::App* events = root->add_subcommand("events", "Show the journal of a device's run");
  events->add_option("device", asked->device, "Serial number or device id")
      ->required()
      ->type_name("DEVICE");
  events->add_option("--attempt", asked->attempt, "Which run; the latest if not said")
      ->type_name("N");
  events->callback(
      [asked, action] { *action = [asked](const Cli& cli) { return ListEvents(cli, *asked); }; });
}

namespace {

CLI::App* AddVerb(CLI::App* root, Action* action, const std::string& name, const std::string& help,
                  Verb verb, const std::shared_ptr<ControlOptions>& options) {
  options->verb = verb;
  const auto limit = std::make_shared<std::string>("2h");
  CLI::App* command = root->add_subcommand(name, help);
  command->add_option("devices", options->devices, "Serial numbers or device ids")
      ->type_name("DEVICE");
  command->add_flag("--wait", options->wait, "Follow until it is known how it came out");
  command->add_option("--timeout", *limit, "How long to wait; 2h if not said")
      ->type_name("DURATION");
  command->callback([options, limit, action] {
    *action = [options, limit](const Cli& cli) -> StatusOr<ExitCode> {
      if (options->devices.empty() != options->all_ready) {
        return InvalidArgument("name devices, or for reseal --batch with --all-ready, not both");
      }
      if (options->all_ready == options->batch.empty()) {
        return InvalidArgument("--all-ready and --batch belong together");
      }
      ASSIGN_OR_RETURN(options->wait_limit, ParseDuration(*limit));
      return Control(cli, *options);
    };
  });
  return command;
}

}  // namespace

void AddControlCommands(CLI::App* root, Action* action) {
  AddVerb(root, action, "start", "Start provisioning", Verb::kStart,
          std::make_shared<ControlOptions>());
  AddVerb(root, action, "retry", "Try again after a failure", Verb::kRetry,
          std::make_shared<ControlOptions>());
  const auto options = std::make_shared<ControlOptions>();
  CLI::App* reseal =
      AddVerb(root, action, "reseal", "Seal ready devices; they power off", Verb::kReseal, options);
  reseal->add_option("--batch", options->batch, "The order to reseal, with --all-ready")
      ->type_name("PO-7");
  reseal->add_flag("--all-ready", options->all_ready, "Every ready device of the batch");
  reseal->add_flag("--yes", options->yes, "Do not ask");

  const auto import_options = std::make_shared<ImportOptions>();
  CLI::App* import = root->add_subcommand(
      "import", "Register devices from a CSV file: serial, manufacturer, model[, assigned_user]");
  import->add_option("file", import_options->file, "The list, - for standard input")
      ->required()
      ->type_name("FILE");
  import->add_option("--batch", import_options->batch, "Purchase order they belong to")
      ->required()
      ->type_name("PO-7");
  import->add_flag("--dry-run", import_options->dry_run, "Check only, import nothing");
  import->callback([import_options, action] {
    *action = [import_options](const Cli& cli) { return Import(cli, *import_options);
};
}  // namespace preseal::server::cli
);
}

void AddBatchCommands(CLI::App* root, Action* action) {
  CLI::App* batches = root->add_subcommand("batches", "Look at purchase orders");
  batches->require_subcommand(1);
  batches->add_subcommand("list", "List the batches you may see")->callback([action] {
    *action = ListBatches;
  });
  const auto add_one = [batches, action](
                           const std::string& name, const std::string& help,
                           StatusOr<ExitCode> (*run)(const Cli&, const std::string&)) {
    const auto batch = std::make_shared<std::string>();
    CLI::App* command = batches->add_subcommand(name, help);
    command->add_option("batch", *batch, "Purchase order")->required()->type_name("PO-7");
    command->callback([batch, run, action] {
      *action = [batch, run](const Cli& cli) { return run(cli, *batch); };
    });
  };
  add_one("show", "Show one batch with its counts per state", ShowBatch);
  add_one("watch", "Follow one batch live until Ctrl-C", WatchBatch);
}

void AddEvidenceCommands(CLI::App* root, Action* action) {
  const auto birth = std::make_shared<FetchOptions>();
  CLI::App* certificate =
      root->add_subcommand("birth-certificate", "Fetch the signed record of a seal");
  certificate->add_option("device", birth->device, "Serial number or device id")
      ->required()
      ->type_name("DEVICE");
  certificate->add_option("-o,--out", birth->to, "Write it here")->type_name("FILE");
  certificate->callback([birth, action] {
    *action = [birth](const Cli& cli) { return FetchBirthCertificate(cli, *birth); };
  });

  const auto fetched = std::make_shared<FetchOptions>();
  CLI::App* evidence = root->add_subcommand(
      "evidence", "Fetch the latest attestation, for checking with other tools");
  evidence->add_option("device", fetched->device, "Serial number or device id")
      ->type_name("DEVICE");
  evidence->add_option("-o,--out", fetched->to, "Directory to write to")->type_name("DIR");
  AddEvidenceChainCommands(evidence, action);
  AddLintCommand(evidence, action);
  AddVerifyEvidenceCommand(evidence, action);
  evidence->callback([fetched, action, evidence] {
    if (!evidence->get_subcommands().empty()) return;
    *action = [fetched](const Cli& cli) -> StatusOr<ExitCode> {
      if (fetched->device.empty() || fetched->to.empty()) {
        return InvalidArgument("evidence: say DEVICE and --out DIR, or a subcommand");
      }
      return FetchEvidence(cli, *fetched);
    };
  });

  const auto verified = std::make_shared<VerifyOptions>();
  CLI::App* verify = root->add_subcommand(
      "verify",
      "Check a birth certificate or a service record against the seal CA (--ca), without a server");
  verify->add_option("file", verified->file, "The record, - for standard input")
      ->required()
      ->type_name("FILE");
  verify->add_option("--serial", verified->serial, "Refuse one that is for another serial number")
      ->type_name("SERIAL");
  verify->add_flag("--at-signing-time", verified->at_signing_time,
                   "Accept a signer's certificate that has expired since");
  verify->callback([verified, action] {
    *action = [verified](const Cli& cli) { return Verify(cli, *verified); };
  });
}

void AddLintCommand(CLI::App* evidence, Action* action) {
  const auto options = std::make_shared<LintCommandOptions>();
  CLI::App* lint = evidence->add_subcommand(
      "lint",
      "Judge event logs, EK and CA certificates, quotes, certify statements and platform\n"
      "certificates as the server would; needs no server (docs/lint.md)");
  lint->add_option("path", options->paths, "Files, and folders to walk")
      ->required()
      ->type_name("FILE");
  lint->add_option("--trust", options->trust, "CA certificates to trust, several allowed")
      ->type_name("DIR");
  lint->add_option("--key", options->key_file, "Public key of those who signed the statements")
      ->type_name("FILE");
  lint->add_option("--at", options->at, "Judge dates as of 2026-01-31 or 2026-01-31T10:00:00Z")
      ->type_name("TIME");
  lint->add_flag("--json", options->json, "One JSON object a line");
  lint->add_flag("--lab", options->lab, "Virtual TPMs are a finding, not a refusal");
  lint->callback([options, action] {
    *action = [options](const Cli& cli) { return LintEvidence(cli, *options); };
  });
}

void AddTokenCommands(CLI::App* root, Action* action) {
  CLI::App* tokens = root->add_subcommand("tokens", "Manage API tokens");
  tokens->require_subcommand(1);
  tokens->add_subcommand("list", "List tokens")->callback([action] { *action = ListTokens; });

  const auto options = std::make_shared<CreateTokenOptions>();
  const auto life = std::make_shared<std::string>("30d");
  CLI::App* create = tokens->add_subcommand("create", "Make a token; its secret is shown once");
  create->add_option("name", options->display_name, "What it is for")
      ->required()
      ->type_name("NAME");
  create->add_option("--role", options->role, "What it may do")
      ->required()
      ->type_name("operator|lead|admin|reseller|auditor");
  create->add_option("--batch", options->batches, "Batches a reseller sees, several allowed")
      ->delimiter(',')
      ->type_name("PO-7");
  create->add_option("--expires-in", *life, "How long it is good, at most 366d; 30d if not said")
      ->type_name("DURATION");
  create->callback([options, life, action] {
    *action = [options, life](const Cli& cli) -> StatusOr<ExitCode> {
      ASSIGN_OR_RETURN(options->life, ParseDuration(*life));
      return CreateToken(cli, *options);
    };
  });

  const auto revoked = std::make_shared<std::string>();
  CLI::App* revoke = tokens->add_subcommand("revoke", "End a token now");
  revoke->add_option("token", *revoked, "As tokens list shows it")->required()->type_name("TOKEN");
  revoke->callback([revoked, action] {
    *action = [revoked](const Cli& cli) { return RevokeToken(cli, *revoked); };
  });
}

}  // namespace preseal::server::cli
