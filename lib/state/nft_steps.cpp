// SPDX-License-Identifier: MIT
// Theory of operation: inside one transaction nft and the kernel still demand that a thing exists
// before it is named and that nothing names a thing when it is deleted. Two things name others:
// rules name sets and chains, elements of verdict maps name chains. Across transactions the order
// keeps packets right: the kernel switches all rules of a commit at one instant, but not the
// contents of sets with them.
#include "state/nft_steps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace egress::state {

bool same_declaration(const NftMap& a, const NftMap& b) {
  return a.key == b.key && a.data == b.data && a.interval == b.interval &&
         a.timeout_seconds == b.timeout_seconds && a.size == b.size;
}

bool same_declaration(const NftChain& a, const NftChain& b) {
  if (!a.hook || !b.hook) return a.hook.has_value() == b.hook.has_value();
  return a.hook->type == b.hook->type && a.hook->hook == b.hook->hook &&
         a.hook->priority == b.hook->priority;
}

NftSwitch switch_of(const NftMap& map) {
  if (!map.key.empty() && map.key.front() == NftField::kMark) return NftSwitch::kInParts;
  return map.data == NftData::kMark ? NftSwitch::kAtOnce : NftSwitch::kWithRules;
}

namespace {

// An nft script under construction, a method per nft command.
class NftCommands {
 public:
  void declare(const std::string& name, const NftMap& map);
  void declare(const std::string& name, const NftChain& chain);
  void flush_chain(const std::string& name) { command("flush", "chain", name); }
  void remove(const char* kind, const std::string& name) { command("delete", kind, name); }
  void change_elements(const NftElements& elements);
  void add_rules(const std::string& name, const NftChain& chain);

  size_t size() const { return text_.size(); }  // in bytes, since the last take()
  std::string take() { return std::exchange(text_, {}); }

 private:
  void command(const char* verb, const char* kind, const std::string& rest);

  std::string text_{};
};

void NftCommands::declare(const std::string& name, const NftMap& map) {
  constexpr uint32_t kMostAdded = 65536;  // by rules, at a time
  std::string flags = map.interval ? "flags interval; " : "";
  if (map.timeout_seconds != 0) {
    flags += fmt::format("flags dynamic,timeout; timeout {}s; size {}; ", map.timeout_seconds,
                         kMostAdded);
  }
  if (map.size != 0) flags += fmt::format("flags dynamic; size {}; ", map.size);
  text_ += fmt::format("add {} {} {} {{ {}; {}}}\n", keyword(map), kNftTable, name, type_text(map),
                       flags);
}

void NftCommands::declare(const std::string& name, const NftChain& chain) {
  text_ += fmt::format("add chain {} {}", kNftTable, name);
  if (chain.hook) {
    text_ += fmt::format(" {{ type {} hook {} priority {}; policy {}; }}", chain.hook->type,
                         chain.hook->hook, chain.hook->priority,
                         chain.hook->policy_drop ? "drop" : "accept");
  }
  text_ += "\n";
}

void NftCommands::add_rules(const std::string& name, const NftChain& chain) {
  for (const NftRule& rule : chain.rules) {
    text_ += fmt::format("add rule {} {} {}\n", kNftTable, name, to_text(rule));
  }
}

void NftCommands::command(const char* verb, const char* kind, const std::string& rest) {
  text_ += fmt::format("{} {} {} {}\n", verb, kind, kNftTable, rest);
}

// One command however many elements there are: nft compares the intervals of each command with the
// whole set. Its lines stay short for people.
void NftCommands::change_elements(const NftElements& elements) {
  constexpr size_t kLine = 96;
  const char* verb = elements.verb == NftElementsVerb::kAdd ? "add" : "delete";
  text_ += fmt::format("{} element {} {} {{\n", verb, kNftTable, elements.map);
  size_t column = 0;
  for (size_t i = 0; i < elements.rows.size(); ++i) {
    const std::string element = element_text(elements.declared, elements.rows[i]);
    if (column != 0 && column + element.size() + 2 > kLine) {
      text_ += "\n";
      column = 0;
    }
    text_ += column == 0 ? "  " : " ";
    text_ += element;
    if (i + 1 < elements.rows.size()) text_ += ",";
    column += element.size() + 2;
  }
  text_ += "\n}\n";
}

// Commands that may take effect one after the other, as scripts that fit into everyone's send
// buffer: a rule is up to eight times as long for the kernel as its text.
class ScriptParts {
 public:
  // The script under construction, or a new one when that is full.
  NftCommands& script() {
    constexpr size_t kMostText = 40'000;
    if (script_.size() > kMostText) parts_.push_back(script_.take());
    return script_;
  }
  std::vector<std::string> take() {
    if (script_.size() != 0) parts_.push_back(script_.take());
    return std::exchange(parts_, {});
  }

 private:
  NftCommands script_{};
  std::vector<std::string> parts_{};
};

// A batch of element changes under construction.
class Elements {
 public:
  void add(const std::string& name, const NftMap& map, std::vector<NftRow> rows) {
    change(NftElementsVerb::kAdd, name, map, std::move(rows));
  }
  void remove(const std::string& name, const NftMap& map, std::vector<NftRow> rows) {
    change(NftElementsVerb::kDelete, name, map, std::move(rows));
  }
  std::vector<NftElements> take() { return std::exchange(all_, {}); }
  // Where it does not matter that they come one after the other.
  std::vector<std::vector<NftElements>> take_in_parts() {
    std::vector<std::vector<NftElements>> parts;
    for (NftElements& elements : all_) {
      const std::vector<NftRow> rows = std::move(elements.rows);
      const std::ptrdiff_t most = kMostBytes / bytes_of_a_row(elements.declared);
      for (auto next = rows.begin(); next != rows.end();) {
        const auto count = std::min<std::ptrdiff_t>(most, rows.end() - next);
        elements.rows.assign(next, next + count);
        parts.push_back({elements});
        next += count;
      }
    }
    all_.clear();
    return parts;
  }

 private:
  // Fits into the send buffer that the kernel allows everyone.
  static constexpr std::ptrdiff_t kMostBytes = 400'000;

  // At most, as the kernel is told of it: both ends of an interval, and the chain by its name.
  static std::ptrdiff_t bytes_of_a_row(const NftMap& map) {
    constexpr size_t kRest = 104;
    size_t longest = 0;
    for (const std::string& chain : map.chains) longest = std::max(longest, chain.size());
    return static_cast<std::ptrdiff_t>(kRest + longest);
  }

  void change(NftElementsVerb verb, const std::string& name, const NftMap& map,
              std::vector<NftRow> rows) {
    if (rows.empty()) return;
    NftMap declared{.key = map.key,
                    .data = map.data,
                    .interval = map.interval,
                    .interfaces = map.interfaces,
                    .chains = map.chains};
    all_.push_back({verb, name, std::move(declared), std::move(rows)});
  }
  std::vector<NftElements> all_{};
};

class Transition {
 public:
  Transition(const NftTable& desired, const NftTable& previous)
      : desired_(desired), previous_(previous) {
    for (const auto& [name, map] : desired_.maps) add_rows(name, map);
  }

  NftTransition take() {
    for (std::string& part : make()) run(std::move(part));
    for (auto& part : new_rows_.take_in_parts()) change(std::move(part));
    const size_t preparing = steps_.size();
    switch_over();
    for (auto& rows : switched_rows_) change(std::move(rows));
    for (auto& part : old_rows_.take_in_parts()) change(std::move(part));
    for (std::string& part : remove()) run(std::move(part));
    return {std::move(steps_), preparing};
  }

 private:
  void run(std::string script) {
    if (!script.empty()) steps_.emplace_back(std::move(script));
  }
  void change(std::vector<NftElements> elements) {
    if (!elements.empty()) steps_.emplace_back(std::move(elements));
  }

  bool is_new_map(const std::string& name) const { return previous_.maps.count(name) == 0; }
  bool is_new_chain(const std::string& name) const { return previous_.chains.count(name) == 0; }
  bool is_gone(const std::string& chain) const { return desired_.chains.count(chain) == 0; }

  void add_rows(const std::string& name, const NftMap& map) {
    const auto was = previous_.maps.find(name);
    if (was == previous_.maps.end()) return new_rows_.add(name, map, rows_of(map));
    NftRowDifference rows = difference(map, was->second);
    const NftSwitch how = switch_of(map);
    Elements at_once;
    Elements& together = how == NftSwitch::kWithRules ? with_rules_ : at_once;
    Elements& added = how == NftSwitch::kInParts ? new_rows_ : together;
    Elements& removed = how == NftSwitch::kInParts ? old_rows_ : together;
    removed.remove(name, was->second, std::move(rows.removed));
    added.add(name, map, std::move(rows.added));
    switched_rows_.push_back(at_once.take());
  }

  // A base chain comes into force with its rules, a regular one once something leads to it.
  std::vector<std::string> make() const {
    ScriptParts parts;
    for (const auto& [name, chain] : desired_.chains) {
      if (is_new_chain(name) && !chain.hook) parts.script().declare(name, chain);
    }
    for (const auto& [name, map] : desired_.maps) {
      if (is_new_map(name)) parts.script().declare(name, map);
    }
    for (const auto& [name, chain] : desired_.chains) {
      if (!is_new_chain(name) || chain.hook) continue;
      parts.script().add_rules(name, chain);
    }
    return parts.take();
  }

  // Rules go by libnftables, which takes nothing but text, so what switches with them does too.
  void switch_over() {
    std::string script = switch_chains();
    std::vector<NftElements> elements = with_rules_.take();
    if (script.empty()) return change(std::move(elements));
    NftCommands more;
    for (const NftElements& each : elements) more.change_elements(each);
    run(std::move(script) + more.take());
  }

  std::string switch_chains() const {
    NftCommands script;
    for (const auto& [name, chain] : desired_.chains) switch_chain(script, name, chain);
    // With the new ones and not later: what stays hooked in has its say.
    for (const auto& [name, chain] : previous_.chains) {
      if (!is_gone(name) || !chain.hook) continue;
      script.flush_chain(name);
      script.remove("chain", name);
    }
    return script.take();
  }

  void switch_chain(NftCommands& script, const std::string& name, const NftChain& chain) const {
    const auto was = previous_.chains.find(name);
    if (was == previous_.chains.end()) {
      if (!chain.hook) return;
      script.declare(name, chain);
      script.add_rules(name, chain);
      return;
    }
    if (was->second == chain) return;
    const bool is_unknown = was->second.rules == kUnknownRules;
    if (chain.hook && (is_unknown || was->second.hook != chain.hook)) script.declare(name, chain);
    if (was->second.rules == chain.rules) return;
    script.flush_chain(name);
    script.add_rules(name, chain);
  }

  // Only now: until the maps were switched, packets may still have been led to a chain that goes.
  std::vector<std::string> remove() const {
    ScriptParts parts;
    std::vector<std::string> chains;
    for (const auto& [name, chain] : previous_.chains) {
      if (is_gone(name) && !chain.hook) chains.push_back(name);
    }
    for (const std::string& name : chains) parts.script().flush_chain(name);
    for (const auto& [name, map] : previous_.maps) {
      if (desired_.maps.count(name) == 0) parts.script().remove(keyword(map), name);
    }
    for (const std::string& name : chains) parts.script().remove("chain", name);
    return parts.take();
  }

  const NftTable& desired_;
  const NftTable& previous_;
  Elements new_rows_{};
  Elements with_rules_{};
  std::vector<std::vector<NftElements>> switched_rows_{};  // by map
  Elements old_rows_{};
  std::vector<NftStep> steps_{};
};

}  // namespace

// A set's comment is fixed for its life, and nft 1.0.6 cannot delete what may be absent: the first
// line makes sure that there is one.
std::string marker_script(const std::string& marker) {
  const std::string set = fmt::format("set {} {}", kNftTable, kNftMarkerSet);
  return fmt::format(
      "add {0} {{ type ipv4_addr; }}\ndelete {0}\n"
      "add {0} {{ type ipv4_addr; comment \"{1}\"; }}\n",
      set, marker);
}

NftTransition steps_between(const NftTable& desired, const NftTable& previous) {
  return Transition(desired, previous).take();
}

}  // namespace egress::state
