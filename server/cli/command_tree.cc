// SPDX-License-Identifier: Apache-2.0
#include "server/cli/command_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <iostream>
#include <memory>

#include "server/cli/command_tree_parts.h"

namespace preseal::server::cli {
namespace {

constexpr char kFooter[] =
    "Scripts: PRESEAL_TOKEN or --token-file holds an API token, PRESEAL_SERVER and PRESEAL_CA\n"
    "stand in for --server and --ca. NO_COLOR turns colours off. People log in once; the session "
    "is\n"
    "kept in $XDG_CONFIG_HOME/preseal/session.json (or ~/.config).\n"
    "\n"
    "Exit codes: 0 done, yes; 1 the answer is no: refused, failed, not found, not allowed;\n"
    "2 wrong usage, or it could not be found out (no connection, not logged in, no such file).\n";

// Choices and file names are read from the type that help shows (validators have no description of
// their own, or it would be added there).
bool IsChoice(const std::string& type) { return type.find('|') != std::string::npos; }

std::vector<std::string> ChoicesOf(const std::string& type) {
  std::vector<std::string> choices;
  if (!IsChoice(type)) return choices;
  for (size_t at = 0; at <= type.size();) {
    const size_t end = std::min(type.find('|', at), type.size());
    choices.push_back(type.substr(at, end - at));
    at = end + 1;
  }
  return choices;
}

bool IsFile(const std::string& type) { return type == "FILE" || type == "DIR"; }

class Tree {
 public:
  Tree() : root_("Preseal: pre-provision devices with proof", "preseal") {
    root_.require_subcommand(1);
    root_.fallthrough();  // global options may stand after the command too
    root_.footer("Options of every command, and exit codes: preseal --help");  // for those below
    root_.set_version_flag("--version", "preseal " PRESEAL_VERSION);
    root_.add_option("--server", options_.server, "The server's API")->type_name("HOST:PORT");
    root_.add_option("--ca", options_.ca_file, "Certificate of the CA to trust, and no other")
        ->type_name("FILE");
    root_.add_option("--token-file", options_.token_file, "API token to use")->type_name("FILE");
    root_.add_option("--output", options_.output, "How to print")
        ->type_name("table|json|csv")
        ->check(CLI::IsMember(ChoicesOf("table|json|csv")).description(""));
    root_.add_flag("--no-color", options_.no_color, "Plain text on terminals too");
    AddSessionCommands(&root_, &action_);
    AddDeviceCommands(&root_, &action_);
    AddControlCommands(&root_, &action_);
    AddFlowCommands(&root_, &action_);
    AddUserFlowCommands(&root_, &action_);
    AddDiagnosticsCommands(&root_, &action_);
    AddBatchCommands(&root_, &action_);
    AddEvidenceCommands(&root_, &action_);
    AddTokenCommands(&root_, &action_);
    AddTrustCommands(&root_, &action_);
    AddIdentityCommands(&root_, &action_);
    AddPolicyCommands(&root_, &action_);
    AddProfileCommands(&root_, &action_);
    AddReportCommands(&root_, &action_);
    AddCompletionCommand();
    root_.footer(kFooter);
  }

  CLI::App& root() { return root_; }
  const GlobalOptions& options() const { return options_; }
  const Action& action() const { return action_; }

 private:
  void AddCompletionCommand() {
    CLI::App* completion = root_.add_subcommand("completion", "Print shell completion");
    completion->add_option("shell", shell_, "Which shell")
        ->required()
        ->type_name("bash|zsh|fish")
        ->check(CLI::IsMember(ChoicesOf("bash|zsh|fish")).description(""));
    completion->callback([this] {
      action_ = [this](const Cli& cli) -> StatusOr<ExitCode> {
        ASSIGN_OR_RETURN(const std::string script, CompletionScript(DescribeCommands(), shell_));
        cli.Print(script);
        return ExitCode::kOk;
      };
    });
  }

  GlobalOptions options_;
  std::string shell_;
  Action action_;
  CLI::App root_;
};

OptionShape Describe(const CLI::Option& option) {
  OptionShape shape;
  shape.long_name = option.get_lnames()[0];
  if (!option.get_snames().empty()) shape.short_name = option.get_snames()[0];
  shape.help = option.get_description();
  const std::string type = option.get_type_name();
  shape.takes_value = option.get_items_expected_max() > 0;
  shape.is_file = shape.takes_value && IsFile(type);
  shape.choices = ChoicesOf(type);
  return shape;
}

CommandShape Describe(const CLI::App& command) {
  CommandShape shape;
  shape.name = command.get_name();
  shape.help = command.get_description();
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_lnames().empty()) {
      shape.options.push_back(Describe(*option));
      continue;
    }
    const std::string type = option->get_type_name();
    shape.takes_file = shape.takes_file || IsFile(type);
    for (std::string& choice : ChoicesOf(type)) shape.choices.push_back(std::move(choice));
  }
  for (const CLI::App* child : command.get_subcommands([](const CLI::App*) { return true; })) {
    shape.commands.push_back(Describe(*child));
  }
  return shape;
}

// "preseal devices show": of the command that was meant, as far as it was understood.
std::string MeantCommand(const CLI::App& root) {
  std::string path = root.get_name();
  for (const CLI::App* at = &root; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    path += " " + at->get_name();
  }
  return path;
}

// One line that says what is wrong and where to read on; CLI11 takes two and names no command.
std::string UsageText(const CLI::App& root, const CLI::ParseError& error) {
  std::string text = error.what();
  constexpr std::string_view kAtMostOne = "Requires at most 1 options be given from ";
  const std::vector<std::string> left = root.remaining(/*recurse=*/true);
  if (text.starts_with("A subcommand is required") && !left.empty()) {
    text = fmt::format("there is no command \"{}\" here", left.front());
  } else if (text.starts_with(kAtMostOne)) {
    text = "give only one of " + text.substr(kAtMostOne.size());
  }
  std::replace(text.begin(), text.end(), '\n', ' ');
  return fmt::format("preseal: {}; see {} --help\n", text, MeantCommand(root));
}

int Run(const std::vector<std::string>& arguments, const Terminal& terminal) {
  Tree tree;
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    tree.root().parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    // Help and version are answers, not errors.
    if (error.get_exit_code() == 0) return tree.root().exit(error, *terminal.out, *terminal.err);
    *terminal.err << UsageText(tree.root(), error);
    return static_cast<int>(ExitCode::kError);
  }
  const Cli cli(terminal, tree.options());
  const StatusOr<ExitCode> result = tree.action()(cli);
  if (result.ok()) return static_cast<int>(*result);
  cli.Say("preseal: " + MessageOf(result.status()));
  return static_cast<int>(ExitCodeFor(result.status()));
}

}  // namespace

int RunCli(const std::vector<std::string>& arguments, const Terminal& terminal) {
  try {
    return Run(arguments, terminal);
  } catch (const std::exception& error) {
    *terminal.err << "preseal: internal error: " << error.what() << "\n";
    return static_cast<int>(ExitCode::kError);
  }
}

CommandShape DescribeCommands() {
  Tree tree;
  return Describe(tree.root());
}

}  // namespace preseal::server::cli
