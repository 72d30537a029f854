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
namespace {

using policy::Classifier;
using state::NftData;
using state::NftField;
using state::NftMap;

// A packet of no flow, such as an answer to what another VNet saw, has no connection mark: a rule
// that reads it ends there. So what is to happen to every admitted packet has a rule of its own.
std::vector<state::NftRule> admission(const GateSpec& gate, const std::string& rule) {
  return {{remember_gate(gate.direction, gate.id), "admitted"},
          {gate.steer ? fmt::format("counter {} accept", set_packet_mark(*gate.steer))
                      : "counter accept",
           rule}};
}

std::string rule_part(const std::string& full_name) {
  return full_name.substr(full_name.find('/') + 1);
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

  uint32_t operator[](Classifier::Class each) const { return numbers_[each]; }

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

class GateChain {
 public:
  GateChain(std::string name, const Classifier& classifier, std::vector<std::string> chains)
      : name_(std::move(name)),
        classifier_(classifier),
        chains_(std::move(chains)),
        numbers_(classifier, chains_),
        usual_(usual_class(classifier.first)) {
    add_address_lookups();
    add_source_port_lookup();
    const PortlessRules portless = portless_rules(classifier);
    add_port_lookup(portless);
    add_portless_lookups(portless);
  }

  // The chain's rules; the maps go into `table`.
  std::vector<state::NftRule> build(state::NftTable& table) && {
    ContentHash shape;
    shape.add(uint64_t{numbers_[usual_]});
    for (const Lookup& each : lookups_) shape.add(each.suffix);
    const std::string tag = content_tag(shape);
    std::vector<state::NftRule> rules;
    const char* field = outbound() ? "daddr" : "saddr";
    rules.push_back({set_packet_mark(numbers_[usual_]), fmt::format("any {} not listed", field)});
    for (Lookup& each : lookups_) {
      const std::string map = fmt::format("{}/{}.{}", name_, each.suffix, tag);
      rules.push_back({fmt::format("{} @{}", each.expression, map), "by " + each.suffix});
      std::sort(each.map.rows.begin(), each.map.rows.end());
      table.maps[map] = std::move(each.map);
    }
    // Every class has its verdict; should one be missing, the packet must not pass.
    rules.push_back({"counter drop", "unclassified"});
    return rules;
  }

 private:
  struct Lookup {
    std::string suffix{};
    std::string expression{};  // ends where the map's name goes
    NftMap map{};
  };

  bool outbound() const { return classifier_.direction == lab::Direction::kOutbound; }

  void add_lookup(std::string suffix, std::string expression, NftMap map) {
    if (!map.rows.empty())
      lookups_.push_back({std::move(suffix), std::move(expression), std::move(map)});
  }

  void add_address_lookups() {
    const char* first = outbound() ? "daddr" : "saddr";
    const char* second = outbound() ? "saddr" : "daddr";
    const NftField first_field = outbound() ? NftField::kDaddr : NftField::kSaddr;
    const NftField second_field = outbound() ? NftField::kSaddr : NftField::kDaddr;
    NftMap listed{.key = {first_field}, .data = NftData::kMark, .interval = true};
    for (const auto& row : classifier_.first) {
      if (row.result == usual_) continue;
      listed.rows.push_back({{row.addresses.first}, {row.addresses.last}, numbers_[row.result]});
    }
    add_lookup(first, fmt::format("meta mark set ip {} map", first), std::move(listed));
    NftMap map{.key = {NftField::kMark, second_field}, .data = NftData::kMark, .interval = true};
    for (const auto& row : classifier_.second) {
      map.rows.push_back({{numbers_[row.from], row.addresses.first},
                          {numbers_[row.from], row.addresses.last},
                          numbers_[row.result]});
    }
    add_lookup(second, fmt::format("meta mark set meta mark . ip {} map", second), std::move(map));
  }

  void add_source_port_lookup() {
    NftMap map{
        .key = {NftField::kMark, NftField::kSport}, .data = NftData::kMark, .interval = true};
    for (const auto& row : classifier_.source_ports) {
      map.rows.push_back({{numbers_[row.from], row.ports.first},
                          {numbers_[row.from], row.ports.last},
                          numbers_[row.result]});
    }
    add_lookup("sport", "meta l4proto { tcp, udp } meta mark set meta mark . th sport map",
               std::move(map));
  }

  void add_port_lookup(const PortlessRules& portless) {
    NftMap map{.key = {NftField::kMark, NftField::kProtocol, NftField::kDport},
               .data = NftData::kVerdict,
               .interval = true,
               .chains = chains_};
    for (const auto& row : classifier_.ported) {
      if (row.rule == portless.at({row.from, row.protocol})) continue;
      const uint32_t from = numbers_[row.from];
      map.rows.push_back(
          {{from, row.protocol, row.ports.first}, {from, row.protocol, row.ports.last}, row.rule});
    }
    add_lookup("dport", "meta l4proto { tcp, udp } meta mark . meta l4proto . th dport vmap",
               std::move(map));
  }

  void add_portless_lookups(const PortlessRules& portless) {
    NftMap named{.key = {NftField::kMark, NftField::kProtocol},
                 .data = NftData::kVerdict,
                 .chains = chains_};
    NftMap others{.key = {NftField::kMark}, .data = NftData::kVerdict, .chains = chains_};
    for (const auto& [key, rule] : portless) {
      const auto [from, protocol] = key;
      const uint32_t number = numbers_[from];
      if (protocol == 0) {
        others.rows.push_back({{number}, {number}, rule});
      } else if (rule != portless.at({from, 0})) {
        named.rows.push_back({{number, protocol}, {number, protocol}, rule});
      }
    }
    add_lookup("protocol", "meta mark . meta l4proto vmap", std::move(named));
    add_lookup("other", "meta mark vmap", std::move(others));
  }

  std::string name_;
  const Classifier& classifier_;
  std::vector<std::string> chains_;  // by rule
  ClassNumbers numbers_;
  Classifier::Class usual_;
  std::vector<Lookup> lookups_{};
};

}  // namespace

state::NftRule admitted_before(const GateSpec& gate) {
  return {was_admitted_by(gate.direction, gate.id) + " accept", "admitted before"};
}

void add_gate(state::NftTable& table, const policy::Gate& list, const GateSpec& gate) {
  std::vector<std::string> chains;
  for (const policy::EffectiveRule& rule : list.rules) {
    const lab::Access access = rule.rule.access;
    chains.push_back(rule_chain(gate.direction, gate.subnet, access, rule_part(rule.name)));
    table.chains[chains.back()].rules =
        access == lab::Access::kDeny ? std::vector<state::NftRule>{{"counter drop", rule.name}}
                                     : admission(gate, rule.name);
  }
  const std::string name = gate_chain(gate.direction, gate.subnet);
  table.chains[name] = {.rules = GateChain(name, list.classifier, std::move(chains)).build(table)};
}

}  // namespace egress::compile
