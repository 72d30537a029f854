// SPDX-License-Identifier: MIT
// Every stage of a gate states once what most of its packets get, and as elements only what
// differs: a map that has nothing for a packet leaves the mark as it is, or the verdict to a later
// rule. Half of the elements of a large list are spared, and with them half of its cost.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "compile/parts.hpp"
#include "policy/classifier.hpp"

namespace egress::compile {
namespace {

using policy::Classifier;

// Each direction remembers the gate that admitted a flow in its own half of the connection mark.
struct MarkHalf {
  uint32_t mask = 0;
  uint32_t value = 0;
};

MarkHalf half_of(lab::Direction direction, uint32_t id) {
  return direction == lab::Direction::kOutbound ? MarkHalf{0x0000ffff, id}
                                                : MarkHalf{0xffff0000, id << 16U};
}

std::string range_text(const Interval<uint32_t>& range) {
  const std::string first = Ipv4Address{range.first}.to_string();
  return range.first == range.last ? first : first + "-" + Ipv4Address{range.last}.to_string();
}

std::string range_text(const Interval<uint16_t>& range) {
  return range.first == range.last ? fmt::format("{}", range.first)
                                   : fmt::format("{}-{}", range.first, range.last);
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

std::string rule_part(const std::string& full_name) {
  return full_name.substr(full_name.find('/') + 1);
}

struct Gate {
  state::NftTable& table;
  std::string name;                  // of the chain, and the head of its maps' names
  std::vector<std::string> targets;  // per rule: "goto out/integration/deny-sql"
  std::vector<std::string> rules{};

  // A lookup whose map is `suffix`; `lookup` has "{}" where the map's name goes.
  void stage(const std::string& suffix, const std::string& lookup, state::NftSet map) {
    const std::string map_name = name + "/" + suffix + "." + content_tag(map.elements);
    rules.push_back(commented(fmt::format(fmt::runtime(lookup), "@" + map_name), "by " + suffix));
    table.sets[map_name] = std::move(map);
  }
};

void add_address_stages(Gate& gate, const Classifier& classifier) {
  const bool outbound = classifier.direction == lab::Direction::kOutbound;
  const char* first = outbound ? "daddr" : "saddr";
  const char* second = outbound ? "saddr" : "daddr";
  const Classifier::Class usual = usual_class(classifier.first);
  gate.rules.push_back(
      commented("meta mark set " + mark_text(usual), fmt::format("any {} not listed", first)));
  state::NftSet listed{.is_map = true, .type = "type ipv4_addr : mark", .interval = true};
  for (const auto& row : classifier.first) {
    if (row.result == usual) continue;
    listed.elements.push_back(
        fmt::format("{} : {}", range_text(row.addresses), mark_text(row.result)));
  }
  if (!listed.elements.empty()) {
    gate.stage(first, fmt::format("meta mark set ip {} map {{}}", first), std::move(listed));
  }
  if (classifier.second.empty()) return;
  state::NftSet map{.is_map = true,
                    .type = fmt::format("typeof meta mark . ip {} : meta mark", second),
                    .interval = true};
  for (const auto& row : classifier.second) {
    map.elements.push_back(fmt::format("{} . {} : {}", mark_text(row.from),
                                       range_text(row.addresses), mark_text(row.result)));
  }
  gate.stage(second, fmt::format("meta mark set meta mark . ip {} map {{}}", second),
             std::move(map));
}

void add_source_port_stage(Gate& gate, const Classifier& classifier) {
  if (classifier.source_ports.empty()) return;
  state::NftSet map{
      .is_map = true, .type = "typeof meta mark . th sport : meta mark", .interval = true};
  for (const auto& row : classifier.source_ports) {
    map.elements.push_back(fmt::format("{} . {} : {}", mark_text(row.from), range_text(row.ports),
                                       mark_text(row.result)));
  }
  gate.stage("sport", "meta l4proto {{ tcp, udp }} meta mark set meta mark . th sport map {}",
             std::move(map));
}

void add_port_stage(Gate& gate, const Classifier& classifier, const PortlessRules& portless) {
  state::NftSet map{.is_map = true,
                    .type = "typeof meta mark . meta l4proto . th dport : verdict",
                    .interval = true};
  for (const auto& row : classifier.ported) {
    if (row.rule == portless.at({row.from, row.protocol})) continue;
    map.elements.push_back(fmt::format("{} . {} . {} : {}", mark_text(row.from),
                                       row.protocol == 6 ? "tcp" : "udp", range_text(row.ports),
                                       gate.targets.at(row.rule)));
  }
  if (map.elements.empty()) return;
  gate.stage("dport", "meta l4proto {{ tcp, udp }} meta mark . meta l4proto . th dport vmap {}",
             std::move(map));
}

void add_portless_stages(Gate& gate, const PortlessRules& portless) {
  state::NftSet named{.is_map = true, .type = "typeof meta mark . meta l4proto : verdict"};
  state::NftSet others{.is_map = true, .type = "typeof meta mark : verdict"};
  for (const auto& [key, rule] : portless) {
    const auto [from, protocol] = key;
    const std::string& target = gate.targets.at(rule);
    if (protocol == 0) {
      others.elements.push_back(fmt::format("{} : {}", mark_text(from), target));
    } else if (rule != portless.at({from, 0})) {
      named.elements.push_back(fmt::format("{} . {} : {}", mark_text(from), protocol, target));
    }
  }
  if (!named.elements.empty()) {
    gate.stage("protocol", "meta mark . meta l4proto vmap {}", std::move(named));
  }
  gate.stage("other", "meta mark vmap {}", std::move(others));
  // Every class has its verdict; should one be missing, the packet must not pass.
  gate.rules.push_back(commented("counter drop", "unclassified"));
}

}  // namespace

bool add_gate(state::NftTable& table, const lab::Lab& lab, const lab::SubnetRef& subnet,
              lab::Direction direction, uint32_t id) {
  const auto rules = policy::effective_rules(lab, subnet, direction);
  if (rules.empty()) return false;
  const MarkHalf half = half_of(direction, id);
  Gate gate{table, gate_chain(direction, subnet.subnet), {}};
  for (const policy::EffectiveRule& rule : rules) {
    const std::string chain = rule_chain(direction, subnet.subnet, rule_part(rule.name));
    const std::string verdict = rule.rule.access == lab::Access::kDeny
                                    ? "counter drop"
                                    : fmt::format("counter ct mark set ct mark and {} or {} accept",
                                                  mark_text(~half.mask), mark_text(half.value));
    table.chains[chain] = {.rules = {commented(verdict, rule.name)}};
    gate.targets.push_back("goto " + chain);
  }
  gate.rules.push_back(commented(
      fmt::format("ct mark and {} == {} accept", mark_text(half.mask), mark_text(half.value)),
      "admitted before"));
  const Classifier classifier = policy::compile_classifier(rules, direction);
  add_address_stages(gate, classifier);
  add_source_port_stage(gate, classifier);
  const PortlessRules portless = portless_rules(classifier);
  add_port_stage(gate, classifier, portless);
  add_portless_stages(gate, portless);
  table.chains[gate.name] = {.rules = std::move(gate.rules)};
  return true;
}

}  // namespace egress::compile
