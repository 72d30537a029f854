// SPDX-License-Identifier: MIT
// Theory of operation. A gate is a classifier (policy/classifier.hpp) as a chain of map lookups.
//
// Every lookup states once what most of its packets get, and as elements only what differs: a map
// that has nothing for a packet leaves the mark as it is, or the verdict to a later rule.
//
// A class gets a number that stands for what the class does, whatever else the list holds. So when
// a list changes, the elements of classes that go on are the same as before, and what changes is
// right element by element: old and new numbers may meet in the maps, each leads to what it always
// led to. What does not fit that, the class of addresses not listed and which lookups there are, is
// in the maps' names: a list that differs there gets maps of its own.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "compile/data_path.hpp"
#include "compile/marks.hpp"

namespace egress::compile {

using policy::Classifier;
using state::NftData;
using state::NftField;
using state::NftMap;
using state::NftRow;

// In terms of the list's own rules and classes; a subnet has chains and numbers for them.
struct GateLookup {
  std::string suffix{};
  std::string expression{};  // ends where the map's name goes
  NftMap map{};
};
struct GateLookups {
  Classifier::Class usual = 0;  // that of addresses not listed
  std::vector<GateLookup> lookups{};
};

namespace {

// A packet of no flow, such as an answer to what another VNet saw, has no connection mark: a rule
// that reads it ends there. So what is to happen to every admitted packet has a rule of its own.
std::vector<state::NftRule> admission(const GateSpec& gate, const std::string& rule) {
  if (!gate.next.empty()) return {{"counter goto " + gate.next, rule}};
  std::vector<state::NftRule> rules;
  if (gate.id != 0) rules.push_back({remember_gate(gate.direction, gate.id), "admitted"});
  rules.push_back({gate.steer ? fmt::format("counter {} accept", set_packet_mark(*gate.steer))
                              : "counter accept",
                   rule});
  return rules;
}

using Votes = std::map<uint32_t, size_t>;

uint32_t most_frequent(const Votes& votes) {
  return std::max_element(votes.begin(), votes.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

Classifier::Class usual_class(const std::vector<Classifier::AddressRow>& rows) {
  Votes votes;
  for (const auto& row : rows) ++votes[row.result];
  return most_frequent(votes);
}

// What decides where ports do not: by class and protocol, 0 being every protocol not named.
using PortlessRules = std::map<std::pair<Classifier::Class, uint8_t>, uint32_t>;

PortlessRules portless_rules(const Classifier& classifier) {
  std::map<std::pair<Classifier::Class, uint8_t>, Votes> votes;
  for (const auto& row : classifier.ported) ++votes[{row.from, row.protocol}][row.rule];
  for (const auto& row : classifier.portless) ++votes[{row.from, row.protocol}][row.rule];
  PortlessRules usual;
  for (const auto& [key, all] : votes) usual[key] = most_frequent(all);
  return usual;
}

// Numbers of classes by what they do, from 1 on. A class leads only to classes made before it, so
// one sweep over the classes in their order finds all numbers.
class ClassNumbers {
 public:
  ClassNumbers(const Classifier& classifier, const std::vector<std::string>& chains) {
    std::map<Classifier::Class, ContentHash> contents;
    for (const auto& row : classifier.ported) {
      add(contents[row.from], {row.protocol, row.ports.first, row.ports.last}, chains[row.rule]);
    }
    for (const auto& row : classifier.portless) {
      add(contents[row.from], {row.protocol}, chains[row.rule]);
    }
    auto port = classifier.source_ports.begin();
    auto second = classifier.second.begin();
    const auto classes = count_classes(classifier);
    for (Classifier::Class each = 1; each <= classes; ++each) {
      ContentHash& content = contents[each];
      for (; port != classifier.source_ports.end() && port->from == each; ++port) {
        add(content, {port->ports.first, port->ports.last}, port->result);
      }
      for (; second != classifier.second.end() && second->from == each; ++second) {
        add(content, {second->addresses.first, second->addresses.last}, second->result);
      }
      number(content.value());
    }
  }

  const std::vector<uint32_t>& all() const { return numbers_; }

 private:
  static Classifier::Class count_classes(const Classifier& classifier) {
    Classifier::Class last = 0;
    if (!classifier.portless.empty()) last = std::max(last, classifier.portless.back().from);
    if (!classifier.second.empty()) last = std::max(last, classifier.second.back().from);
    return last;
  }

  static void add(ContentHash& content, std::initializer_list<uint64_t> numbers,
                  const std::string& chain) {
    for (const uint64_t each : numbers) content.add(each);
    content.add(chain);
  }
  void add(ContentHash& content, std::initializer_list<uint64_t> numbers,
           Classifier::Class result) const {
    for (const uint64_t each : numbers) content.add(each);
    content.add(uint64_t{numbers_[result]});
  }

  void number(uint64_t content) {
    auto free = static_cast<uint32_t>(content);
    while (free == 0 || !taken_.insert(free).second) ++free;
    numbers_.push_back(free);
  }

  std::vector<uint32_t> numbers_{0};
  std::set<uint32_t> taken_{};
};

class LookupsBuilder {
 public:
  explicit LookupsBuilder(const Classifier& classifier) : classifier_(classifier) {
    built_.usual = usual_class(classifier.first);
    add_address_lookups();
    add_source_port_lookup();
    const PortlessRules portless = portless_rules(classifier);
    add_port_lookup(portless);
    add_portless_lookups(portless);
  }

  GateLookups take() && { return std::move(built_); }

 private:
  bool outbound() const { return classifier_.direction == lab::Direction::kOutbound; }

  void add_lookup(std::string suffix, std::string expression, NftMap map,
                  std::vector<NftRow> rows) {
    if (rows.empty()) return;
    map.rows = std::move(rows);
    built_.lookups.push_back({std::move(suffix), std::move(expression), std::move(map)});
  }

  void add_address_lookups() {
    const char* first = outbound() ? "daddr" : "saddr";
    const char* second = outbound() ? "saddr" : "daddr";
    const NftField first_field = outbound() ? NftField::kDaddr : NftField::kSaddr;
    const NftField second_field = outbound() ? NftField::kSaddr : NftField::kDaddr;
    std::vector<NftRow> listed;
    for (const auto& row : classifier_.first) {
      if (row.result == built_.usual) continue;
      listed.push_back({{row.addresses.first}, {row.addresses.last}, row.result});
    }
    add_lookup(first, fmt::format("meta mark set ip {} map", first),
               {.key = {first_field}, .data = NftData::kMark, .interval = true}, std::move(listed));
    std::vector<NftRow> rows;
    for (const auto& row : classifier_.second) {
      rows.push_back({{row.from, row.addresses.first}, {row.from, row.addresses.last}, row.result});
    }
    add_lookup(second, fmt::format("meta mark set meta mark . ip {} map", second),
               {.key = {NftField::kMark, second_field}, .data = NftData::kMark, .interval = true},
               std::move(rows));
  }

  void add_source_port_lookup() {
    std::vector<NftRow> rows;
    for (const auto& row : classifier_.source_ports) {
      rows.push_back({{row.from, row.ports.first}, {row.from, row.ports.last}, row.result});
    }
    add_lookup(
        "sport", "meta l4proto { tcp, udp } meta mark set meta mark . th sport map",
        {.key = {NftField::kMark, NftField::kSport}, .data = NftData::kMark, .interval = true},
        std::move(rows));
  }

  void add_port_lookup(const PortlessRules& portless) {
    std::vector<NftRow> rows;
    for (const auto& row : classifier_.ported) {
      if (row.rule == portless.at({row.from, row.protocol})) continue;
      rows.push_back({{row.from, row.protocol, row.ports.first},
                      {row.from, row.protocol, row.ports.last},
                      row.rule});
    }
    add_lookup("dport", "meta l4proto { tcp, udp } meta mark . meta l4proto . th dport vmap",
               {.key = {NftField::kMark, NftField::kProtocol, NftField::kDport},
                .data = NftData::kVerdict,
                .interval = true},
               std::move(rows));
  }

  void add_portless_lookups(const PortlessRules& portless) {
    std::vector<NftRow> named;
    std::vector<NftRow> others;
    for (const auto& [key, rule] : portless) {
      const auto [from, protocol] = key;
      if (protocol == 0) {
        others.push_back({{from}, {from}, rule});
      } else if (rule != portless.at({from, 0})) {
        named.push_back({{from, protocol}, {from, protocol}, rule});
      }
    }
    add_lookup("protocol", "meta mark . meta l4proto vmap",
               {.key = {NftField::kMark, NftField::kProtocol}, .data = NftData::kVerdict},
               std::move(named));
    add_lookup("other", "meta mark vmap", {.key = {NftField::kMark}, .data = NftData::kVerdict},
               std::move(others));
  }

  const Classifier& classifier_;
  GateLookups built_{};
};

const GateLookups& lookups_of(Fabric& fabric, const policy::Gate& list) {
  std::shared_ptr<const GateLookups>& known = fabric.gate_lookups[&list];
  if (!known) {
    known = std::make_shared<const GateLookups>(LookupsBuilder(list.classifier).take());
  }
  return *known;
}

// The rules of the gate's chain; the maps that they look into are added to `table`.
std::vector<state::NftRule> add_lookups(state::NftTable& table, const std::string& gate,
                                        const GateLookups& list, const ClassNumbers& numbers,
                                        const std::vector<std::string>& chains,
                                        lab::Direction direction) {
  const uint32_t usual = numbers.all()[list.usual];
  ContentHash shape;
  shape.add(uint64_t{usual});
  for (const GateLookup& each : list.lookups) shape.add(each.suffix);
  const std::string tag = content_tag(shape);
  const char* field = direction == lab::Direction::kOutbound ? "daddr" : "saddr";
  std::vector<state::NftRule> rules{
      {set_packet_mark(usual), fmt::format("any {} not listed", field)}};
  for (const GateLookup& each : list.lookups) {
    const std::string name = fmt::format("{}/{}.{}", gate, each.suffix, tag);
    rules.push_back({fmt::format("{} @{}", each.expression, name), "by " + each.suffix});
    NftMap& map = table.maps[name] = each.map;
    map.marks = numbers.all();
    if (map.data == NftData::kVerdict) map.chains = chains;
  }
  // Every class has its verdict; should one be missing, the packet must not pass.
  rules.push_back({state::log_and_drop(gate), "unclassified"});
  return rules;
}

// What it denies is logged under names of the chain `known`.
void add_list(Fabric& fabric, state::NftTable& table, const policy::Gate& list,
              const GateSpec& gate, const std::string& known) {
  std::vector<std::string> chains;
  for (const policy::EffectiveRule& rule : list.rules) {
    const lab::Access access = rule.rule.access;
    chains.push_back(rule_chain(gate.chain, access, rule.name));
    std::vector<state::NftRule>& rules = table.chains[chains.back()].rules;
    if (access == lab::Access::kAllow) {
      rules = admission(gate, rule.name);
    } else {
      rules = {{state::log_and_drop(rule_chain(known, access, rule.name)), rule.name}};
    }
  }
  table.chains[gate.chain].rules =
      add_lookups(table, gate.chain, lookups_of(fabric, list),
                  ClassNumbers(list.classifier, chains), chains, gate.direction);
}

}  // namespace

void add_admitted_before(std::vector<state::NftRule>& rules, const GateSpec& gate) {
  if (gate.id == 0) return;
  rules.push_back({was_admitted_by(gate.direction, gate.id) + " accept", "admitted before"});
}

std::string entry(const policy::Gate& list, const std::string& chain) {
  return list.before ? chain_before(chain) : chain;
}

void add_gate(Fabric& fabric, state::NftTable& table, const policy::Gate& list,
              const GateSpec& gate) {
  add_list(fabric, table, list, gate, gate.chain);
  if (!list.before) return;
  const GateSpec before{
      .chain = entry(list, gate.chain), .direction = gate.direction, .next = gate.chain};
  add_list(fabric, table, *list.before, before, gate.chain);
}

}  // namespace egress::compile
