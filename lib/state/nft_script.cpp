// SPDX-License-Identifier: MIT
// Theory of operation: inside one transaction nft and the kernel still demand that a thing exists
// before it is named and that nothing names a thing when it is deleted. Two things name others:
// rules name sets and chains, elements of verdict maps name chains. Hence the order of both forms
// below: declare, empty, refill, delete. Across transactions the order keeps packets right: the
// kernel switches all rules of a commit at one instant, but not the contents of sets with them.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "state/nft_table.hpp"

namespace egress::state {
namespace {

const char* keyword(const NftSet& set) {
  return set.is_map ? "map" : "set";
}

bool same_declaration(const NftSet& a, const NftSet& b) {
  return a.is_map == b.is_map && a.type == b.type && a.interval == b.interval;
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

// One script under construction, a method per nft command.
class Script {
 public:
  void add_table() { text_ += fmt::format("add table {}\n", kNftTable); }
  void flush_table() { text_ += fmt::format("flush table {}\n", kNftTable); }

  void declare(const std::string& name, const NftSet& set) {
    text_ += fmt::format("add {} {} {} {{ {}; {}}}\n", keyword(set), kNftTable, name, set.type,
                         set.interval ? "flags interval; " : "");
  }
  void declare(const std::string& name, const NftChain& chain) {
    text_ += fmt::format("add chain {} {}", kNftTable, name);
    if (chain.hook) {
      text_ += fmt::format(" {{ type {} hook {} priority {}; policy {}; }}", chain.hook->type,
                           chain.hook->hook, chain.hook->priority,
                           chain.hook->policy_drop ? "drop" : "accept");
    }
    text_ += "\n";
  }

  void declare(const std::string& name, const NftRowMap& map) {
    declare(name, NftSet{.is_map = true, .type = type_text(map), .interval = map.interval});
  }

  void flush(const std::string& name, const NftSet& set) { command("flush", keyword(set), name); }
  void flush_map(const std::string& name) { command("flush", "map", name); }
  void flush_chain(const std::string& name) { command("flush", "chain", name); }
  void remove(const char* kind, const std::string& name) { command("delete", kind, name); }

  void add_elements(const std::string& name, const std::vector<std::string>& elements) {
    change_elements("add", name, elements);
  }
  void remove_elements(const std::string& name, const std::vector<std::string>& elements) {
    change_elements("delete", name, elements);
  }
  void add_rules(const std::string& name, const NftChain& chain) {
    for (const std::string& rule : chain.rules) {
      text_ += fmt::format("add rule {} {} {}\n", kNftTable, name, rule);
    }
  }

  // A set's comment is fixed for its life, and nft 1.0.6 cannot delete what may be absent: the
  // first line makes sure that there is one.
  void mark(const std::string& marker) {
    command("add", "set", std::string(kNftMarkerSet) + " { type ipv4_addr; }");
    remove("set", kNftMarkerSet);
    command("add", "set",
            fmt::format("{} {{ type ipv4_addr; comment \"{}\"; }}", kNftMarkerSet, marker));
  }

  std::string take() { return std::move(text_); }

 private:
  void command(const char* verb, const char* kind, const std::string& rest) {
    text_ += fmt::format("{} {} {} {}\n", verb, kind, kNftTable, rest);
  }

  // One command however many elements there are: nft compares the intervals of each command with
  // the whole set. Its lines stay short for people.
  void change_elements(const char* verb, const std::string& name,
                       const std::vector<std::string>& elements) {
    constexpr size_t kLine = 96;
    if (elements.empty()) return;
    text_ += fmt::format("{} element {} {} {{\n", verb, kNftTable, name);
    size_t column = 0;
    for (size_t i = 0; i < elements.size(); ++i) {
      const std::string& element = elements[i];
      if (column != 0 && column + element.size() + 2 > kLine) {
        text_ += "\n";
        column = 0;
      }
      text_ += column == 0 ? "  " : " ";
      text_ += element;
      if (i + 1 < elements.size()) text_ += ",";
      column += element.size() + 2;
    }
    text_ += "\n}\n";
  }

  std::string text_{};
};

std::vector<std::string> missing_in(const std::vector<std::string>& sorted,
                                    const std::vector<std::string>& wanted_sorted) {
  std::vector<std::string> missing;
  std::set_difference(wanted_sorted.begin(), wanted_sorted.end(), sorted.begin(), sorted.end(),
                      std::back_inserter(missing));
  return missing;
}

void change_set(Script& script, const std::string& name, const NftSet& desired,
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

 private:
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
    run(prepare());
    change(new_rows_.take());
    run(switch_rules());
    change(switched_rows_.take());
    change(old_rows_.take());
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

  // A base chain comes into force with its rules, a regular one once something leads to it.
  std::string prepare() const {
    Script script;
    for (const auto& [name, chain] : desired_.chains) {
      if (is_new_chain(name) && !chain.hook) script.declare(name, chain);
    }
    for (const auto& [name, set] : desired_.sets) {
      if (is_new_set(name)) script.declare(name, set);
    }
    for (const auto& [name, map] : desired_.row_maps) {
      if (previous_.row_maps.count(name) == 0) script.declare(name, map);
    }
    for (const auto& [name, chain] : desired_.chains) {
      if (is_new_chain(name) && !chain.hook) script.add_rules(name, chain);
    }
    for (const auto& [name, set] : desired_.sets) {
      const auto was = previous_.sets.find(name);
      if (was == previous_.sets.end()) {
        script.add_elements(name, set.elements);
      } else if (was->second.elements != set.elements) {
        change_set(script, name, set, was->second);
      }
    }
    return script.take();
  }

  std::string switch_rules() const {
    Script script;
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
    Script script;
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
  Script script;
  script.mark(marker);
  return script.take();
}

std::string rewrite_script(const NftTable& desired, const NftNames& stray) {
  Script script;
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
