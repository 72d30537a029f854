// SPDX-License-Identifier: MIT
#include <array>
#include <iterator>
#include <unordered_map>

#include "policy/classifier.hpp"
#include "policy/rule_sweep.hpp"

// Theory of operation. A residual is the set of rules still possible, a bit per rule in evaluation
// order. Each stage sweeps the edges of its rules' intervals; between two edges the set is
// constant, and each distinct set is worked out once (the memos). Classes are then shared a second
// time by what they lead to (`nodes_`), so sets that differ only in rules which can never decide
// are one class. Classes are numbered as they are made, hence every stage's rows come out sorted.

namespace egress::policy {
namespace {

using Class = Classifier::Class;
using ClassBy = std::unordered_map<RuleWords, Class, RuleWordsHash>;

// Whether a rule for `rule` is one for packets of `protocol`, whatever their ports.
bool covers(lab::SecurityRuleProtocol rule, uint8_t protocol) {
  switch (rule) {
    case lab::SecurityRuleProtocol::kAny: return true;
    case lab::SecurityRuleProtocol::kTcp: return protocol == number_of(Protocol::kTcp);
    case lab::SecurityRuleProtocol::kUdp: return protocol == number_of(Protocol::kUdp);
    case lab::SecurityRuleProtocol::kIcmp: return protocol == number_of(Protocol::kIcmp);
    case lab::SecurityRuleProtocol::kEsp: return protocol == number_of(Protocol::kEsp);
    case lab::SecurityRuleProtocol::kAh: return protocol == number_of(Protocol::kAh);
  }
  return false;
}

bool asks_for_ports(lab::SecurityRuleProtocol protocol) {
  return protocol == lab::SecurityRuleProtocol::kAny ||
         protocol == lab::SecurityRuleProtocol::kTcp || protocol == lab::SecurityRuleProtocol::kUdp;
}

// One rule's conditions; null where it takes every value.
struct Conditions {
  const AddressSet* first = nullptr;
  const AddressSet* second = nullptr;
  const PortSet* source_ports = nullptr;  // only of protocols with ports
  const PortSet* destination_ports = nullptr;
  lab::SecurityRuleProtocol protocol = lab::SecurityRuleProtocol::kAny;

  bool final_for_ports() const {
    return protocol == lab::SecurityRuleProtocol::kAny && source_ports == nullptr &&
           destination_ports == nullptr;
  }
  bool matches_portless(uint8_t number) const {
    const bool asks_for_port =
        asks_for_ports(protocol) && (source_ports != nullptr || destination_ports != nullptr);
    return covers(protocol, number) && !asks_for_port;
  }
};

template <typename T>
const IntervalSet<T>* unless_all(const IntervalSet<T>& set) {
  return set.is_all() ? nullptr : &set;
}

Conditions conditions_of(const EffectiveRule& rule, lab::Direction direction) {
  const bool outbound = direction == lab::Direction::kOutbound;
  return {.first = unless_all(outbound ? *rule.destinations : *rule.sources),
          .second = unless_all(outbound ? *rule.sources : *rule.destinations),
          .source_ports =
              asks_for_ports(rule.rule.protocol) ? unless_all(rule.rule.source_ports) : nullptr,
          .destination_ports = unless_all(rule.rule.destination_ports),
          .protocol = rule.rule.protocol};
}

class Builder {
 public:
  Builder(const std::vector<EffectiveRule>& rules, lab::Direction direction)
      : all_(rules.size()),
        with_second_(rules.size()),
        with_source_ports_(rules.size()),
        final_for_all_(rules.size()),
        final_for_ports_(rules.size()) {
    built_.direction = direction;
    for (const EffectiveRule& rule : rules) {
      const auto at = static_cast<uint32_t>(rules_.size());
      const Conditions& added = rules_.emplace_back(conditions_of(rule, direction));
      all_.flip(at);
      if (added.second != nullptr) with_second_.flip(at);
      if (added.source_ports != nullptr) with_source_ports_.flip(at);
      if (!added.final_for_ports()) continue;
      final_for_ports_.flip(at);
      if (added.second == nullptr) final_for_all_.flip(at);
    }
  }

  Classifier build() {
    RuleSet cut(rules_.size());
    const auto stretches = sweep<uint32_t>(
        all_, [this](uint32_t rule) { return rules_[rule].first; },
        [&](const RuleSet& active) {
          cut.assign_cut(active, final_for_all_);
          return class_before_second(cut);
        });
    for (const auto& [range, result] : stretches) built_.first.push_back({range, result});
    return std::move(built_);
  }

 private:
  Class class_before_second(const RuleSet& set) {
    if (!set.meets(with_second_)) return class_before_ports(set);
    const auto known = before_second_.find(set.words());
    if (known != before_second_.end()) return known->second;
    RuleSet cut(rules_.size());
    const auto stretches = sweep<uint32_t>(
        set, [this](uint32_t rule) { return rules_[rule].second; },
        [&](const RuleSet& active) {
          cut.assign_cut(active, final_for_ports_);
          return class_before_ports(cut);
        });
    const Class result = stretches.size() == 1 ? stretches.front().result : second_node(stretches);
    before_second_.emplace(set.words(), result);
    return result;
  }

  Class second_node(const std::vector<Stretch<uint32_t>>& stretches) {
    RuleWords content{kSecond};
    for (const auto& [range, result] : stretches) {
      content.push_back(uint64_t{range.first} << 32U | result);
    }
    const auto [node, added] = nodes_.try_emplace(std::move(content), next_);
    if (!added) return node->second;
    for (const auto& [range, result] : stretches) built_.second.push_back({next_, range, result});
    return next_++;
  }

  Class class_before_ports(const RuleSet& set) {
    if (!set.meets(with_source_ports_)) return verdict_node(set);
    const auto known = before_ports_.find(set.words());
    if (known != before_ports_.end()) return known->second;
    const auto stretches = sweep<uint16_t>(
        set, [this](uint32_t rule) { return rules_[rule].source_ports; },
        [&](const RuleSet& active) { return verdict_node(active); });
    const Class result =
        stretches.size() == 1 ? stretches.front().result : source_port_node(set, stretches);
    before_ports_.emplace(set.words(), result);
    return result;
  }

  Class source_port_node(const RuleSet& set, const std::vector<Stretch<uint16_t>>& stretches) {
    const auto portless = portless_rules(set);
    RuleWords content{kSourcePorts};
    content.insert(content.end(), std::begin(portless), std::end(portless));
    for (const auto& [range, result] : stretches) {
      content.push_back(uint64_t{range.first} << 32U | result);
    }
    const auto [node, added] = nodes_.try_emplace(std::move(content), next_);
    if (!added) return node->second;
    for (const auto& [range, result] : stretches) {
      built_.source_ports.push_back({next_, range, result});
    }
    add_portless(portless);
    return next_++;
  }

  Class verdict_node(const RuleSet& set) {
    const auto known = verdicts_.find(set.words());
    if (known != verdicts_.end()) return known->second;
    const auto portless = portless_rules(set);
    const auto tcp = paint(set, kTcp);
    const auto udp = paint(set, kUdp);
    RuleWords content{kVerdict, tcp.size()};
    content.insert(content.end(), std::begin(portless), std::end(portless));
    for (const auto* rows : {&tcp, &udp}) {
      for (const auto& [range, rule] : *rows) {
        content.push_back(uint64_t{range.first} << 32U | rule);
      }
    }
    const auto [node, added] = nodes_.try_emplace(std::move(content), next_);
    verdicts_.emplace(set.words(), node->second);
    if (!added) return node->second;
    for (const auto& [range, rule] : tcp) built_.ported.push_back({next_, kTcp, range, rule});
    for (const auto& [range, rule] : udp) built_.ported.push_back({next_, kUdp, range, rule});
    add_portless(portless);
    return next_++;
  }

  static constexpr uint8_t kTcp = number_of(Protocol::kTcp);
  static constexpr uint8_t kUdp = number_of(Protocol::kUdp);
  using PortlessRules = std::array<uint32_t, std::size(kPortlessProtocols)>;

  PortlessRules portless_rules(const RuleSet& set) const {
    PortlessRules deciding{};
    for (size_t at = 0; at < std::size(kPortlessProtocols); ++at) {
      bool decided = false;
      set.for_each([&](uint32_t rule) {
        if (decided || !rules_[rule].matches_portless(kPortlessProtocols[at])) return;
        deciding[at] = rule;
        decided = true;
      });
    }
    return deciding;
  }

  void add_portless(const PortlessRules& deciding) {
    for (size_t at = 0; at < std::size(kPortlessProtocols); ++at) {
      built_.portless.push_back({next_, kPortlessProtocols[at], deciding[at]});
    }
  }

  // The deciding rule of each destination port.
  std::vector<Stretch<uint16_t>> paint(const RuleSet& set, uint8_t protocol) {
    painter_.clear();
    bool complete = false;
    set.for_each([&](uint32_t rule) {
      const Conditions& conditions = rules_[rule];
      if (complete || !covers(conditions.protocol, protocol)) return;
      complete = conditions.destination_ports == nullptr;
      painter_.add(rule, complete ? every_port_ : *conditions.destination_ports);
    });
    return painter_.paint();
  }

  // What kind of node a content describes, so that the kinds never collide.
  static constexpr uint64_t kSecond = 1;
  static constexpr uint64_t kSourcePorts = 2;
  static constexpr uint64_t kVerdict = 3;

  std::vector<Conditions> rules_{};
  const PortSet every_port_ = PortSet::all();
  PortPainter painter_{};  // kept for its memory
  RuleSet all_;
  RuleSet with_second_;        // rules with a condition on the second address
  RuleSet with_source_ports_;  // rules with a condition on the source port
  RuleSet final_for_all_;      // rules that match whatever is behind the first address
  RuleSet final_for_ports_;    // rules that match whatever is behind both addresses
  ClassBy before_second_{};
  ClassBy before_ports_{};
  ClassBy verdicts_{};
  ClassBy nodes_{};
  Class next_ = 1;
  Classifier built_{};
};

}  // namespace

Classifier compile_classifier(const std::vector<EffectiveRule>& rules, lab::Direction direction) {
  return Builder(rules, direction).build();
}

}  // namespace egress::policy
