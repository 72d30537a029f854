// SPDX-License-Identifier: MIT
#include "egressctl/completion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "egressctl/commands/commands.hpp"
#include "lab/document.hpp"
#include "lab/resource_kinds.hpp"
#include "lab/schema/vocabulary.hpp"
#include "lab/slots.hpp"

namespace egress::ctl {

namespace {

using Words = std::vector<std::string>;

template <typename Map>
Words keys_of(const Map& map, const std::string& before = "") {
  Words keys;
  for (const auto& [key, value] : map) keys.push_back(before + key);
  return keys;
}

void append(Words& all, Words more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

// The names in the document along a path of which every second part is one: all that are there, as
// "spoke/apps".
void add_names(const lab::Document& at, const Words& path, size_t part, const std::string& before,
               Words& names) {
  const auto map = at.find(path[part]);
  if (map == at.end() || !map->is_object()) return;
  for (const auto& [name, value] : map->items()) {
    const std::string whole = before.empty() ? name : before + "/" + name;
    if (part + 2 >= path.size()) {
      names.push_back(whole);
    } else if (value.is_object()) {
      add_names(value, path, part + 2, whole, names);
    }
  }
}

Words resources(const lab::Lab& lab, const std::string& kind) {
  constexpr size_t kMostParts = 4;
  std::string name = "x";
  for (size_t parts = 1; parts <= kMostParts; ++parts, name += "/x") {
    const Result<std::string> path = lab::path_of(kind, name);
    if (!path.ok()) continue;
    Words names;
    add_names(lab::document_of(lab), CLI::detail::split(*path, '.'), 0, "", names);
    return names;
  }
  return {};
}

Words subnets(const lab::Lab& lab) {
  Words names;
  for (const auto& [vnet, declared] : lab.virtual_networks) {
    append(names, keys_of(declared.subnets, vnet + "/"));
  }
  return names;
}

Words slots_of(const lab::Lab& lab, const std::string& app) {
  Words names;
  for (const auto& [name, site] : lab.sites) {
    if (site.slot_of == app) names.push_back(lab::slot_name(name, site));
  }
  return names;
}

class Completion {
 public:
  Completion(const CLI::App& app, Words words, const AskForLab& in_force)
      : app_(app), command_(&app), words_(std::move(words)), in_force_(in_force) {
    current_ = words_.empty() ? std::string() : words_.back();
    if (!words_.empty()) words_.pop_back();
  }

  Words run() && {
    read();
    Words found = behind_mark_ ? Words() : candidates();
    std::erase_if(found, [&](const std::string& each) { return !each.starts_with(current_); });
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  static bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

  const CLI::Option* option_called(const std::string& word) const {
    for (const CLI::App* app : {command_, &app_}) {
      for (const CLI::Option* option : app->get_options()) {
        if (!option->get_positional() && option->check_name(word)) return option;
      }
    }
    return nullptr;
  }

  const CLI::App* subcommand_called(const std::string& word) const {
    if (!positionals_.empty()) return nullptr;
    for (const CLI::App* command : command_->get_subcommands({})) {
      if (command->check_name(word)) return command;
    }
    return nullptr;
  }

  // What stands before the word to be completed.
  void read() {
    for (const std::string& word : words_) {
      if (wanting_ != nullptr) {
        wanting_ = nullptr;
      } else if (word == "--") {
        behind_mark_ = true;
      } else if (word.starts_with('-')) {
        const CLI::Option* const option = option_called(word);
        if (option != nullptr && takes_value(*option)) wanting_ = option;
      } else if (const CLI::App* const command = subcommand_called(word)) {
        command_ = command;
      } else {
        positionals_.push_back(word);
      }
    }
  }

  Words candidates() {
    if (wanting_ != nullptr) return values_of(*wanting_);
    if (current_.starts_with('-')) return options();
    Words found;
    if (positionals_.empty()) {
      for (const CLI::App* command : command_->get_subcommands({})) {
        if (!command->get_group().empty()) found.push_back(command->get_name());
      }
    }
    size_t place = 0;
    for (const CLI::Option* option : command_->get_options()) {
      if (!option->get_positional() || place++ != positionals_.size()) continue;
      append(found, of_positional(option->get_name(true)));
    }
    return found;
  }

  Words options() const {
    std::set<std::string> names;
    for (const CLI::App* app : {command_, &app_}) {
      for (const CLI::Option* option : app->get_options()) {
        for (const std::string& name : option->get_lnames()) names.insert("--" + name);
      }
    }
    return {names.begin(), names.end()};
  }

  Words values_of(const CLI::Option& option) {
    if (option.get_type_name() == kTrafficType) return lab::words_of(lab::traffic_classes());
    if (option.get_type_name() == kFormatType) return formats();
    if (option.check_lname("host")) return keys_of(lab().hosts);
    return {};
  }

  // Of each of the forms that it takes.
  Words of_positional(const std::string& name) {
    Words found;
    for (const std::string& form : CLI::detail::split(name, '|')) append(found, of_form(form));
    return found;
  }

  Words of_form(const std::string& form) {
    if (form == kKind) return lab::resource_kinds();
    if (form == kShell) return shells();
    if (form == "SITE") return keys_of(lab().sites);
    if (form == "SITE[/INSTANCE]") return instances_of_sites();
    if (form == "host/NAME") return keys_of(lab().hosts, "host/");
    if (form == "VNET/SUBNET") return subnets(lab());
    if (form == "PLAN" || form == "PLAN[/INSTANCE]") return keys_of(lab().server_farms);
    if (form == "SLOT") return slots_of(lab(), positionals_.front());
    const bool of_kind = form == "NAME" && command_->get_option_no_throw(kKind) != nullptr;
    return of_kind ? resources(lab(), positionals_.front()) : Words();
  }

  // With their numbers once a slash is there.
  Words instances_of_sites() {
    const lab::Lab& lab = this->lab();
    if (current_.find('/') == std::string::npos) return keys_of(lab.sites);
    Words names;
    for (const auto& [name, site] : lab.sites) {
      const auto plan = lab.server_farms.find(site.server_farm);
      const int capacity = plan == lab.server_farms.end() ? 0 : plan->second.capacity;
      for (int i = 0; i < capacity; ++i) names.push_back(fmt::format("{}/{}", name, i));
    }
    return names;
  }

  const lab::Lab& lab() {
    if (!lab_) lab_ = in_force_().value_or(lab::Lab{});
    return *lab_;
  }

  const CLI::App& app_;
  const CLI::App* command_;
  Words words_;
  const AskForLab& in_force_;
  std::string current_{};
  const CLI::Option* wanting_ = nullptr;
  bool behind_mark_ = false;
  Words positionals_{};
  std::optional<lab::Lab> lab_{};
};

// Nothing found leaves the word to the shell, which completes files.
const std::map<std::string, const char*>& scripts() {
  static const std::map<std::string, const char*> kScripts = {
      {"bash", R"script(# bash completion for egressctl, written by `egressctl completion bash`
_egressctl() {
  mapfile -t COMPREPLY < <(
    "${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _egressctl egressctl
)script"},
      {"fish", R"script(# fish completion for egressctl, written by `egressctl completion fish`
complete --command egressctl --arguments \
    '(egressctl complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
)script"},
      {"zsh", R"script(#compdef egressctl
# zsh completion for egressctl, written by `egressctl completion zsh`
_egressctl() {
  local -a found
  found=(${(f)"$("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( ${#found} )); then compadd -- "${found[@]}"; else _files; fi
}
if [ "${funcstack[1]}" = _egressctl ]; then _egressctl; else compdef _egressctl egressctl; fi
)script"},
  };
  return kScripts;
}

}  // namespace

std::vector<std::string> completions(const CLI::App& app, const std::vector<std::string>& words,
                                     const AskForLab& in_force) {
  return Completion(app, words, in_force).run();
}

std::optional<std::string> completion_script(const std::string& shell) {
  const auto script = scripts().find(shell);
  return script == scripts().end() ? std::nullopt : std::optional<std::string>(script->second);
}

std::vector<std::string> shells() {
  return keys_of(scripts());
}

}  // namespace egress::ctl
