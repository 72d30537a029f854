// SPDX-License-Identifier: MIT
// Theory of operation: inside one transaction nft and the kernel still demand that a thing exists
// before it is named and that nothing names a thing when it is deleted. Two things name others:
// rules name sets and chains, elements of verdict maps name chains. Hence the order of both forms
// below: declare, empty, refill, delete. Across transactions the order keeps packets right: the
// kernel switches all rules of a commit at one instant, but not the contents of sets with them.
#include <algorithm>
#include <string_view>
#include <utility>

#include "state/nft_commands.hpp"

namespace egress::state {
namespace {

bool same_declaration(const NftSet& a, const NftSet& b) {
  return a.is_map == b.is_map && a.type == b.type && a.interval == b.interval &&
         a.timeout_seconds == b.timeout_seconds;
}

// Type, hook and priority are fixed for the life of a base chain; its policy is not.
bool same_declaration(const NftChain& a, const NftChain& b) {
  if (!a.hook || !b.hook) return a.hook.has_value() == b.hook.has_value();
  return a.hook->type == b.hook->type && a.hook->hook == b.hook->hook &&
         a.hook->priority == b.hook->priority;
}

bool same_declaration(const NftRowMap& a, const NftRowMap& b) {
  return a.key == b.key && a.interval == b.interval && a.leads_to_chains() == b.leads_to_chains();
}

bool is_keyed_by_class(const NftRowMap& map) {
  return map.key.front() == NftField::kMark;
}

std::vector<std::string> missing_in(const std::vector<std::string>& sorted,
                                    const std::vector<std::string>& wanted_sorted) {
  std::vector<std::string> missing;
  std::set_difference(wanted_sorted.begin(), wanted_sorted.end(), sorted.begin(), sorted.end(),
                      std::back_inserter(missing));
  return missing;
}

void change_set(NftCommands& script, const std::string& name, const NftSet& desired,
                const NftSet& previous) {
  std::vector<std::string> wanted = desired.elements;
  std::vector<std::string> present = previous.elements;
  std::sort(wanted.begin(), wanted.end());
  std::sort(present.begin(), present.end());
  const std::vector<std::string> added = missing_in(present, wanted);
  const std::vector<std::string> removed = missing_in(wanted, present);
  // Deleting from an interval set through libnftables costs more than filling it anew.
  const bool delta =
      added.size() + removed.size() < wanted.size() && (!desired.interval || removed.empty());
  if (delta) {
    script.remove_elements(name, removed);
    script.add_elements(name, added);
  } else {
    script.flush(name, desired);
    script.add_elements(name, desired.elements);
  }
}

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
        const auto end = next + std::min<std::ptrdiff_t>(most, rows.end() - next);
        elements.content.rows.assign(next, end);
        parts.push_back({elements});
        next = end;
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

// What differs between two tables whose common objects are declared alike, as the transactions of
// update_steps().
class Update {
 public:
  Update(const NftTable& desired, const NftTable& previous)
      : desired_(desired), previous_(previous) {
    for (const auto& [name, map] : desired_.row_maps) add_rows(name, map);
  }

  // A class number means something else than before.
  bool redefines_a_class() const { return redefines_a_class_; }

  std::vector<NftStep> steps() {
    std::vector<NftStep> all;
    const auto run = [&all](std::string script) {
      if (!script.empty()) all.emplace_back(std::move(script));
    };
    const auto change = [&all](std::vector<NftElements> elements) {
      if (!elements.empty()) all.emplace_back(std::move(elements));
    };
    for (std::string& part : prepare()) run(std::move(part));
    for (auto& part : new_rows_.take_in_parts()) change(std::move(part));
    run(switch_rules());
    change(switched_rows_.take());
    for (auto& part : old_rows_.take_in_parts()) change(std::move(part));
    run(remove());
    return all;
  }

 private:
  bool is_new_set(const std::string& name) const { return previous_.sets.count(name) == 0; }
  bool is_new_chain(const std::string& name) const { return previous_.chains.count(name) == 0; }

  void add_rows(const std::string& name, const NftRowMap& map) {
    const auto was = previous_.row_maps.find(name);
    if (was == previous_.row_maps.end()) return new_rows_.add(name, map, map.rows);
    NftRowDifference rows = difference(map, was->second);
    if (!is_keyed_by_class(map)) {
      switched_rows_.remove(name, was->second, std::move(rows.removed));
      switched_rows_.add(name, map, std::move(rows.added));
      return;
    }
    redefines_a_class_ = redefines_a_class_ || has_class_of(was->second.rows, rows.added) ||
                         has_class_of(map.rows, rows.removed);
    new_rows_.add(name, map, std::move(rows.added));
    old_rows_.remove(name, was->second, std::move(rows.removed));
  }

  // Both sorted by class.
  static bool has_class_of(const std::vector<NftRow>& rows, const std::vector<NftRow>& others) {
    const auto by_class = [](const NftRow& a, const NftRow& b) { return a.first[0] < b.first[0]; };
    return std::any_of(others.begin(), others.end(), [&](const NftRow& other) {
      return std::binary_search(rows.begin(), rows.end(), other, by_class);
    });
  }

  // A base chain comes into force with its rules, a regular one once something leads to it. So
  // regular ones may come in parts, which fit into everyone's send buffer: a rule is up to eight
  // times as long for the kernel as its text.
  std::vector<std::string> prepare() const {
    constexpr size_t kMostText = 40'000;
    std::vector<std::string> parts;
    NftCommands script;
    const auto end_part_when_full = [&] {
      if (script.size() > kMostText) parts.push_back(script.take());
    };
    for (const auto& [name, chain] : desired_.chains) {
      if (!is_new_chain(name) || chain.hook) continue;
      script.declare(name, chain);
      end_part_when_full();
    }
    declare_new_sets(script);
    for (const auto& [name, chain] : desired_.chains) {
      if (!is_new_chain(name) || chain.hook) continue;
      script.add_rules(name, chain);
      end_part_when_full();
    }
    fill_sets(script);
    parts.push_back(script.take());
    return parts;
  }

  void declare_new_sets(NftCommands& script) const {
    for (const auto& [name, set] : desired_.sets) {
      if (is_new_set(name)) script.declare(name, set);
    }
    for (const auto& [name, map] : desired_.row_maps) {
      if (previous_.row_maps.count(name) == 0) script.declare(name, map);
    }
  }

  void fill_sets(NftCommands& script) const {
    for (const auto& [name, set] : desired_.sets) {
      const auto was = previous_.sets.find(name);
      if (was == previous_.sets.end()) {
        script.add_elements(name, set.elements);
      } else if (was->second.elements != set.elements) {
        change_set(script, name, set, was->second);
      }
    }
  }

  std::string switch_rules() const {
    NftCommands script;
    for (const auto& [name, chain] : desired_.chains) {
      const auto was = previous_.chains.find(name);
      const bool present = was != previous_.chains.end();
      if (!present && !chain.hook) continue;
      if (!present || was->second.hook != chain.hook) script.declare(name, chain);
      if (present && was->second.rules == chain.rules) continue;
      if (present) script.flush_chain(name);
      script.add_rules(name, chain);
    }
    return script.take();
  }

  // Only now: until the maps were switched, packets may still have been led to a chain that goes.
  std::string remove() const {
    NftCommands script;
    for (const auto& [name, chain] : previous_.chains) {
      if (desired_.chains.count(name) == 0) script.flush_chain(name);
    }
    for (const auto& [name, set] : previous_.sets) {
      if (desired_.sets.count(name) == 0) script.remove(keyword(set), name);
    }
    for (const auto& [name, map] : previous_.row_maps) {
      if (desired_.row_maps.count(name) == 0) script.remove("map", name);
    }
    for (const auto& [name, chain] : previous_.chains) {
      if (desired_.chains.count(name) == 0) script.remove("chain", name);
    }
    return script.take();
  }

  const NftTable& desired_;
  const NftTable& previous_;
  Elements new_rows_{};
  Elements switched_rows_{};
  Elements old_rows_{};
  bool redefines_a_class_ = false;
};

// What of `previous` cannot stay under its name.
void find_gone(const NftTable& desired, const NftTable& previous, NftNames& gone) {
  for (const auto& [name, set] : previous.sets) {
    const auto kept = desired.sets.find(name);
    if (kept == desired.sets.end() || !same_declaration(kept->second, set)) {
      (set.is_map ? gone.maps : gone.sets).push_back(name);
    }
  }
  for (const auto& [name, map] : previous.row_maps) {
    const auto kept = desired.row_maps.find(name);
    if (kept == desired.row_maps.end() || !same_declaration(kept->second, map)) {
      gone.maps.push_back(name);
    }
  }
  for (const auto& [name, chain] : previous.chains) {
    const auto kept = desired.chains.find(name);
    if (kept == desired.chains.end() || !same_declaration(kept->second, chain)) {
      gone.chains.push_back(name);
    }
  }
}

// A declaration that changes needs its object gone first, and so all rules that name it flushed.
bool redeclares(const NftTable& desired, const NftTable& previous) {
  const auto differs = [](const auto& wanted, const auto& present) {
    return std::any_of(wanted.begin(), wanted.end(), [&](const auto& entry) {
      const auto was = present.find(entry.first);
      return was != present.end() && !same_declaration(was->second, entry.second);
    });
  };
  return differs(desired.sets, previous.sets) || differs(desired.row_maps, previous.row_maps) ||
         differs(desired.chains, previous.chains);
}

}  // namespace

std::string marker_script(const std::string& marker) {
  NftCommands script;
  script.mark(marker);
  return script.take();
}

std::string rewrite_script(const NftTable& desired, const NftNames& stray) {
  NftCommands script;
  script.add_table();
  script.flush_table();
  for (const std::string& name : stray.sets) {
    if (name != kNftMarkerSet) script.remove("set", name);
  }
  for (const std::string& name : stray.maps) script.remove("map", name);
  for (const auto& [name, set] : desired.sets) {
    script.declare(name, set);
    script.flush(name, set);
  }
  for (const auto& [name, map] : desired.row_maps) {
    script.declare(name, map);
    script.flush_map(name);
  }
  for (const std::string& name : stray.chains) script.remove("chain", name);
  for (const auto& [name, chain] : desired.chains) script.declare(name, chain);
  for (const auto& [name, set] : desired.sets) script.add_elements(name, set.elements);
  for (const auto& [name, map] : desired.row_maps) {
    std::vector<std::string> elements;
    for (const NftRow& row : map.rows) elements.push_back(element_text(map, row));
    script.add_elements(name, elements);
  }
  for (const auto& [name, chain] : desired.chains) script.add_rules(name, chain);
  return script.take();
}

std::vector<NftStep> update_steps(const NftTable& desired, const NftTable& previous) {
  if (!redeclares(desired, previous)) {
    Update update(desired, previous);
    if (!update.redefines_a_class()) return update.steps();
  }
  NftNames gone;
  find_gone(desired, previous, gone);
  return {rewrite_script(desired, gone)};
}

}  // namespace egress::state
