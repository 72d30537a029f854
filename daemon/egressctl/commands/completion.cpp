// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <string>
#include <vector>

#include "egressctl/commands/commands.hpp"
#include "lab/resource_kinds.hpp"
#include "lab/schema/vocabulary.hpp"

namespace egress::ctl {

namespace {

// Long names of options; every option has one.
std::set<std::string> option_names(const CLI::App& app) {
  std::set<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.insert("--" + name);
  }
  return names;
}

// Names of the options that take a class of traffic.
std::set<std::string> traffic_options(const CLI::App& app) {
  std::set<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) {
    for (const CLI::Option* option : command->get_options()) {
      if (option->get_type_name() != kTrafficType) continue;
      for (const std::string& name : option->get_lnames()) names.insert("--" + name);
    }
  }
  return names;
}

// What may stand right behind the command.
std::vector<std::string> action_names(const CLI::App& command) {
  if (command.get_option_no_throw(kKind) != nullptr) return lab::resource_kinds();
  std::vector<std::string> names;
  for (const CLI::App* action : command.get_subcommands({})) names.push_back(action->get_name());
  return names;
}

}  // namespace

std::string bash_completion(const CLI::App& app) {
  const std::string& program = app.get_name();
  const std::set<std::string> global = option_names(app);
  std::string names;
  std::string cases;
  for (const CLI::App* command : app.get_subcommands({})) {
    names += (names.empty() ? "" : " ") + command->get_name();
    std::set<std::string> words = option_names(*command);
    words.insert(global.begin(), global.end());
    cases += fmt::format("    {}) words='{}' actions='{}' ;;\n", command->get_name(),
                         fmt::join(words, " "), fmt::join(action_names(*command), " "));
  }
  return fmt::format(
      R"(# bash completion for {0}, written by `{0} completion bash`
_{0}() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} command='' words='' actions='' word
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    [[ " {1} " == *" $word "* ]] && command=$word && break
  done
  case $command in
    '') words='{1} {2}' ;;
{3}  esac
  # Files are completed where no word fits.
  [[ -n $command && $current != -* ]] && words=''
  [[ -n $command && $current != -* && ${{COMP_WORDS[COMP_CWORD-1]}} == "$command" ]] && words=$actions
  case ${{COMP_WORDS[COMP_CWORD-1]}} in
    {4}) words='{5}' ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}}
complete -o default -F _{0} {0}
)",
      program, names, fmt::join(global, " "), cases, fmt::join(traffic_options(app), "|"),
      fmt::join(lab::words_of(lab::traffic_classes()), " "));
}

void add_completion_command(CLI::App& app, Action& chosen) {
  CLI::App* command = add_command(app, kOtherGroup, "completion", "Print completion for a shell",
                                  "Example: source <(egressctl completion bash)");
  command->add_option("SHELL")->required()->check(CLI::IsMember({"bash"}));
  when_chosen(*command, chosen, [&app](const Context& context) {
    context.console.print(bash_completion(app));
    return static_cast<int>(kDone);
  });
}

}  // namespace egress::ctl
