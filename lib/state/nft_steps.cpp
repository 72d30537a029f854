// SPDX-License-Identifier: MIT
// Theory of operation: inside one transaction nft and the kernel still demand that a thing exists
// before it is named and that nothing names a thing when it is deleted. Two things name others:
// rules name sets and chains, elements of verdict maps name chains. Across transactions the order
// keeps packets right: the kernel switches all rules of a commit at one instant, but not the
// contents of sets with them.
#include "state/nft_steps.hpp"

#include <algorithm>
#include <utility>

#include "state/nft_commands.hpp"

namespace egress::state {

bool same_declaration(const NftSet& a, const NftSet& b) {
  return a.is_map == b.is_map && a.type == b.type && a.interval == b.interval &&
         a.timeout_seconds == b.timeout_seconds;
}

bool same_declaration(const NftRowMap& a, const NftRowMap& b) {
  return a.key == b.key && a.interval == b.interval && a.leads_to_chains() == b.leads_to_chains();
}

bool same_declaration(const NftChain& a, const NftChain& b) {
  if (!a.hook || !b.hook) return a.hook.has_value() == b.hook.has_value();
  return a.hook->type == b.hook->type && a.hook->hook == b.hook->hook &&
         a.hook->priority == b.hook->priority;
}

bool is_keyed_by_class(const NftRowMap& map) {
  return map.key.front() == NftField::kMark;
}

namespace {

std::vector<std::string> missing_in(const std::vector<std::string>& present,
                                    const std::vector<std::string>& wanted) {
  std::vector<std::string> sorted = present;
  std::vector<std::string> wanted_sorted = wanted;
  std::sort(sorted.begin(), sorted.end());
  std::sort(wanted_sorted.begin(), wanted_sorted.end());
  std::vector<std::string> missing;
  std::set_difference(wanted_sorted.begin(), wanted_sorted.end(), sorted.begin(), sorted.end(),
                      std::back_inserter(missing));
  return missing;
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
  void add_elements(const std::string& name, const std::vector<std::string>& elements) {
    for (auto next = elements.begin(); next != elements.end();) {
      const auto count = std::min<std::ptrdiff_t>(kMostElements, elements.end() - next);
      script().add_elements(name, {next, next + count});
      next += count;
    }
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
  void add(const std::string& name, const NftRowMap& map, std::vector<NftRow> rows) {
    change(NftElementsVerb::kAdd, name, map, std::move(rows));
  }
  void remove(const std::string& name, const NftRowMap& map, std::vector<NftRow> rows) {
    change(NftElementsVerb::kDelete, name, map, std::move(rows));
  }
  std::vector<NftElements> take() { return std::move(all_); }
  // Where it does not matter that they come one after the other.
  std::vector<std::vector<NftElements>> take_in_parts() {
    std::vector<std::vector<NftElements>> parts;
    for (NftElements& elements : all_) {
      const std::vector<NftRow> rows = std::move(elements.content.rows);
      const std::ptrdiff_t most = kMostBytes / bytes_of_a_row(elements.content);
      for (auto next = rows.begin(); next != rows.end();) {
        const auto count = std::min<std::ptrdiff_t>(most, rows.end() - next);
        elements.content.rows.assign(next, next + count);
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
  static std::ptrdiff_t bytes_of_a_row(const NftRowMap& map) {
    constexpr size_t kRest = 104;
    size_t longest = 0;
    for (const std::string& chain : map.chains) longest = std::max(longest, chain.size());
    return static_cast<std::ptrdiff_t>(kRest + longest);
  }

  void change(NftElementsVerb verb, const std::string& name, const NftRowMap& map,
              std::vector<NftRow> rows) {
    if (rows.empty()) return;
    all_.push_back({verb, name, {map.key, map.interval, map.chains, std::move(rows)}});
  }
  std::vector<NftElements> all_{};
};

class Transition {
 public:
  Transition(const NftTable& desired, const NftTable& previous)
      : desired_(desired), previous_(previous) {
    for (const auto& [name, map] : desired_.row_maps) add_rows(name, map);
  }

  NftTransition take() {
    for (std::string& part : make()) run(std::move(part));
    for (auto& part : new_rows_.take_in_parts()) change(std::move(part));
    const size_t preparing = steps_.size();
    run(switch_over());
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

  bool is_new_set(const std::string& name) const { return previous_.sets.count(name) == 0; }
  bool is_new_chain(const std::string& name) const { return previous_.chains.count(name) == 0; }
  bool is_gone(const std::string& chain) const { return desired_.chains.count(chain) == 0; }

  void add_rows(const std::string& name, const NftRowMap& map) {
    const auto was = previous_.row_maps.find(name);
    if (was == previous_.row_maps.end()) return new_rows_.add(name, map, map.rows);
    NftRowDifference rows = difference(map, was->second);
    Elements at_once;
    Elements& added = is_keyed_by_class(map) ? new_rows_ : at_once;
    Elements& removed = is_keyed_by_class(map) ? old_rows_ : at_once;
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
    for (const auto& [name, set] : desired_.sets) {
      if (is_new_set(name)) parts.script().declare(name, set);
    }
    for (const auto& [name, map] : desired_.row_maps) {
      if (previous_.row_maps.count(name) == 0) parts.script().declare(name, map);
    }
    for (const auto& [name, chain] : desired_.chains) {
      if (!is_new_chain(name) || chain.hook) continue;
      parts.script().add_rules(name, chain);
    }
    for (const auto& [name, set] : desired_.sets) {
      if (is_new_set(name)) parts.add_elements(name, set.elements);
    }
    return parts.take();
  }

  std::string switch_over() const {
    NftCommands script;
    for (const auto& [name, set] : desired_.sets) {
      const auto was = previous_.sets.find(name);
      if (was == previous_.sets.end() || was->second.elements == set.elements) continue;
      script.remove_elements(name, missing_in(set.elements, was->second.elements));
      script.add_elements(name, missing_in(was->second.elements, set.elements));
    }
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
    for (const auto& [name, set] : previous_.sets) {
      if (desired_.sets.count(name) == 0) parts.script().remove(keyword(set), name);
    }
    for (const auto& [name, map] : previous_.row_maps) {
      if (desired_.row_maps.count(name) == 0) parts.script().remove("map", name);
    }
    for (const std::string& name : chains) parts.script().remove("chain", name);
    return parts.take();
  }

  const NftTable& desired_;
  const NftTable& previous_;
  Elements new_rows_{};
  std::vector<std::vector<NftElements>> switched_rows_{};  // by map
  Elements old_rows_{};
  std::vector<NftStep> steps_{};
};

}  // namespace

std::string marker_script(const std::string& marker) {
  NftCommands script;
  script.mark(marker);
  return script.take();
}

NftTransition steps_between(const NftTable& desired, const NftTable& previous) {
  return Transition(desired, previous).take();
}

}  // namespace egress::state
