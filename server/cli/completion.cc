// SPDX-License-Identifier: Apache-2.0
#include "server/cli/completion.h"

#include <fmt/format.h>

#include <functional>
#include <map>

namespace preseal::server::cli {
namespace {

// In single quotes for sh, zsh and, but for backslashes, fish; our texts have none of either.
std::string Quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

template <typename Strings>
std::string Joined(const Strings& strings, std::string_view separator = " ") {
  std::string out;
  for (const std::string& text : strings) {
    if (!out.empty()) out += separator;
    out += text;
  }
  return out;
}

using Visit = std::function<void(const std::string& path, const CommandShape& command)>;

// Every command with its path ("preseal devices list"), parents first.
void Walk(const CommandShape& command, const std::string& path, const Visit& visit) {
  visit(path, command);
  for (const CommandShape& child : command.commands) Walk(child, path + " " + child.name, visit);
}

// The command's own options and the root's.
std::vector<OptionShape> OptionsAt(const CommandShape& root, const CommandShape& command) {
  std::vector<OptionShape> options = command.options;
  if (&command == &root) return options;
  for (const OptionShape& option : root.options) {
    // --help is everyone's own; the root's version is not the command's.
    if (option.long_name != "help" && option.long_name != "version") options.push_back(option);
  }
  return options;
}

// sh patterns "'preseal devices list|--state'|'preseal devices list|-s'"; the root's options take
// the same values at every command: "*'|--ca'".
std::string ValuePattern(const CommandShape& root, const CommandShape& command,
                         const std::string& path, const OptionShape& option) {
  const std::string before = &command == &root ? "*" : Quoted(path);
  std::string pattern = before + Quoted("|--" + option.long_name);
  if (!option.short_name.empty()) pattern += "|" + before + Quoted("|-" + option.short_name);
  return pattern;
}

// The cases for the values of all options; `reply` says what to run for one.
std::string ValueCases(const CommandShape& root,
                       const std::function<std::string(const OptionShape&)>& reply) {
  std::string cases;
  Walk(root, root.name, [&](const std::string& path, const CommandShape& command) {
    for (const OptionShape& option : command.options) {
      if (!option.takes_value) continue;
      cases += fmt::format("    {}) {}; return ;;\n", ValuePattern(root, command, path, option),
                           reply(option));
    }
  });
  return cases;
}

std::string PathPatterns(const CommandShape& root) {
  std::vector<std::string> paths;
  Walk(root, root.name, [&](const std::string& path, const CommandShape& command) {
    if (&command != &root) paths.push_back(Quoted(path));
  });
  return Joined(paths, "|");
}

std::string BashScript(const CommandShape& root) {
  const std::string values = ValueCases(root, [](const OptionShape& option) -> std::string {
    if (option.is_file) return "compopt -o default; COMPREPLY=()";
    if (option.choices.empty()) return "COMPREPLY=()";
    return fmt::format("COMPREPLY=($(compgen -W {} -- \"$cur\"))", Quoted(Joined(option.choices)));
  });
  std::string words;
  Walk(root, root.name, [&](const std::string& path, const CommandShape& command) {
    std::vector<std::string> offered = command.choices;
    for (const CommandShape& child : command.commands) offered.push_back(child.name);
    for (const OptionShape& option : OptionsAt(root, command)) {
      offered.push_back("--" + option.long_name);
    }
    const std::string_view files = command.takes_file ? " compopt -o default;" : "";
    words += fmt::format("    {}){} COMPREPLY=($(compgen -W {} -- \"$cur\")) ;;\n", Quoted(path),
                         files, Quoted(Joined(offered)));
  });
  return fmt::format(
      "# bash completion for {0}; source it, or put it into\n"
      "# ~/.local/share/bash-completion/completions/{0}\n"
      "_{0}() {{\n"
      "  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} at={0} word\n"
      "  for word in \"${{COMP_WORDS[@]:1:COMP_CWORD-1}}\"; do\n"
      "    case \"$at $word\" in {1}) at=\"$at $word\" ;; esac\n"
      "  done\n"
      "  case \"$at|$prev\" in\n{2}  esac\n"
      "  case \"$at\" in\n{3}  esac\n"
      "}}\n"
      "complete -F _{0} {0}\n",
      root.name, PathPatterns(root), values, words);
}

// "name:help" as _describe wants it: a colon in the name part would end it.
std::string Described(std::string_view name, std::string_view help) {
  return Quoted(fmt::format("{}:{}", name, help));
}

std::string ZshScript(const CommandShape& root) {
  const std::string values = ValueCases(root, [](const OptionShape& option) -> std::string {
    if (option.is_file) return "_files";
    return option.choices.empty() ? ":" : "compadd -- " + Joined(option.choices);
  });
  std::string words;
  Walk(root, root.name, [&](const std::string& path, const CommandShape& command) {
    std::vector<std::string> entries;
    for (const CommandShape& child : command.commands) {
      entries.push_back(Described(child.name, child.help));
    }
    for (const std::string& choice : command.choices) entries.push_back(Described(choice, ""));
    std::vector<std::string> flags;
    for (const OptionShape& option : OptionsAt(root, command)) {
      flags.push_back(Described("--" + option.long_name, option.help));
    }
    words += fmt::format("    {}) entries=({}); flags=({}){} ;;\n", Quoted(path), Joined(entries),
                         Joined(flags), command.takes_file ? "; files=1" : "");
  });
  return fmt::format(
      "#compdef {0}\n"
      "# zsh completion for {0}; put it as _{0} into a directory of $fpath\n"
      "_{0}() {{\n"
      "  local at={0} word prev=${{words[CURRENT-1]}} files=0\n"
      "  local -a entries flags\n"
      "  for word in \"${{(@)words[2,CURRENT-1]}}\"; do\n"
      "    case \"$at $word\" in {1}) at=\"$at $word\" ;; esac\n"
      "  done\n"
      "  case \"$at|$prev\" in\n{2}  esac\n"
      "  case \"$at\" in\n{3}  esac\n"
      "  (( ${{#entries}} )) && _describe command entries\n"
      "  [[ $PREFIX == -* ]] && _describe option flags\n"
      "  (( files )) && _files\n"
      "  return 0\n"
      "}}\n"
      "if [[ $funcstack[1] == _{0} ]]; then _{0} \"$@\"; else compdef _{0} {0}; fi\n",
      root.name, PathPatterns(root), values, words);
}

// `where` is "" or " -n CONDITION".
std::string FishOption(const std::string& where, const std::string& name,
                       const OptionShape& option) {
  std::string line = fmt::format("complete -c {}{} -l {}", name, where, option.long_name);
  if (!option.short_name.empty()) line += " -s " + option.short_name;
  if (option.takes_value) {
    line += option.is_file ? " -r -F" : " -x";
    if (!option.choices.empty()) line += " -a " + Quoted(Joined(option.choices));
  }
  return line + " -d " + Quoted(option.help) + "\n";
}

std::string FishScript(const CommandShape& root) {
  std::string lines;
  Walk(root, root.name, [&](const std::string& path, const CommandShape& command) {
    const std::string condition = Quoted(fmt::format("__{}_at \"{}\"", root.name, path));
    for (const CommandShape& child : command.commands) {
      lines += fmt::format("complete -c {} -n {} -a {} -d {}\n", root.name, condition, child.name,
                           Quoted(child.help));
    }
    for (const std::string& choice : command.choices) {
      lines += fmt::format("complete -c {} -n {} -a {}\n", root.name, condition, choice);
    }
    if (command.takes_file) {
      lines += fmt::format("complete -c {} -n {} -F\n", root.name, condition);
    }
    const std::string where = &command == &root ? "" : " -n " + condition;
    for (const OptionShape& option : command.options) lines += FishOption(where, root.name, option);
  });
  return fmt::format(
      "# fish completion for {0}; put it into ~/.config/fish/completions/{0}.fish\n"
      "function __{0}_at\n"
      "  set -l at {0}\n"
      "  set -l words (commandline -opc)\n"
      "  for word in $words[2..-1]\n"
      "    switch \"$at $word\"\n"
      "      case {1}\n"
      "        set at \"$at $word\"\n"
      "    end\n"
      "  end\n"
      "  test \"$at\" = \"$argv[1]\"\n"
      "end\n"
      "complete -c {0} -f\n"
      "{2}",
      root.name,
      [&] {
        std::string patterns = PathPatterns(root);
        for (char& c : patterns) {
          if (c == '|') c = ' ';
        }
        return patterns;
      }(),
      lines);
}

}  // namespace

StatusOr<std::string> CompletionScript(const CommandShape& root, std::string_view shell) {
  if (shell == "bash") return BashScript(root);
  if (shell == "zsh") return ZshScript(root);
  if (shell == "fish") return FishScript(root);
  return InvalidArgument("completion is there for bash, zsh and fish");
}

}  // namespace preseal::server::cli
