// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <bit>
#include <iterator>
#include <numeric>
#include <unordered_map>

#include "policy/classifier.hpp"

// Theory of operation. A residual is the set of rules still possible, a bit per rule in evaluation
// order. Each stage sweeps the edges of its rules' intervals; between two edges the set is
// constant, and each distinct set is worked out once (the memos). Classes are then shared a second
// time by what they lead to (`nodes_`), so sets that differ only in rules which can never decide
// are one class. Classes are numbered as they are made, hence every stage's rows come out sorted.

namespace egress::policy {
namespace {

using Class = Classifier::Class;
using Words = std::vector<uint64_t>;

struct WordsHash {
  size_t operator()(const Words& words) const {
    uint64_t hash = words.size();
    for (const uint64_t word : words) {
      hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
      hash ^= hash >> 32U;
    }
    return static_cast<size_t>(hash);
  }
};
using ClassBy = std::unordered_map<Words, Class, WordsHash>;

// A set of rules. Cut sets end at the first rule that nothing later can get past.
class RuleSet {
 public:
  explicit RuleSet(size_t rules) : words_((rules + 63) / 64) {}

  void flip(uint32_t rule) { words_[rule / 64] ^= uint64_t{1} << (rule % 64); }
  const Words& words() const { return words_; }

  // Becomes `other` up to and including the first rule that is also in `enders`.
  void assign_cut(const RuleSet& other, const RuleSet& enders) {
    size_t at = 0;
    for (; at < words_.size(); ++at) {
      const uint64_t ends = other.words_[at] & enders.words_[at];
      words_[at] = other.words_[at];
      if (ends == 0) continue;
      words_[at] &= (ends ^ (ends - 1));
      break;
    }
    for (++at; at < words_.size(); ++at) words_[at] = 0;
  }

  template <typename Visit>
  void for_each(Visit visit) const {
    for (size_t at = 0; at < words_.size(); ++at) {
      for (uint64_t left = words_[at]; left != 0; left &= left - 1) {
        visit(static_cast<uint32_t>(at * 64 + static_cast<size_t>(std::countr_zero(left))));
      }
    }
  }

 private:
  Words words_;
};

// Where a rule's membership in the current set changes.
template <typename T>
struct Edge {
  T at{};
  uint32_t rule = 0;
};

template <typename T>
struct Stretch {
  Interval<T> range{};
  Class result = 0;
};

// Walks the values of one field in order: `class_of(set)` names each stretch in which the set is
// constant. Rules whose interval set is everything stay in the set and make no edges.
template <typename T, typename Field, typename ClassOf>
std::vector<Stretch<T>> sweep(const RuleSet& rules, Field field, ClassOf class_of) {
  RuleSet active = rules;
  std::vector<Edge<T>> edges;
  rules.for_each([&](uint32_t rule) {
    const IntervalSet<T>& values = field(rule);
    if (values.is_all()) return;
    active.flip(rule);
    for (const Interval<T>& interval : values.intervals()) {
      edges.push_back({interval.first, rule});
      if (interval.last != IntervalSet<T>::kMax) {
        edges.push_back({static_cast<T>(interval.last + 1), rule});
      }
    }
  });
  std::sort(edges.begin(), edges.end(),
            [](const Edge<T>& a, const Edge<T>& b) { return a.at < b.at; });
  std::vector<Stretch<T>> stretches;
  T start = 0;
  auto edge = edges.begin();
  while (true) {
    for (; edge != edges.end() && edge->at == start; ++edge) active.flip(edge->rule);
    const T last = edge == edges.end() ? IntervalSet<T>::kMax : static_cast<T>(edge->at - 1);
    const Class result = class_of(active);
    if (!stretches.empty() && stretches.back().result == result) {
      stretches.back().range.last = last;
    } else {
      stretches.push_back({{start, last}, result});
    }
    if (edge == edges.end()) return stretches;
    start = edge->at;
  }
}

bool may_match(lab::SecurityRuleProtocol rule, uint8_t protocol) {
  switch (rule) {
    case lab::SecurityRuleProtocol::kAny: return true;
    case lab::SecurityRuleProtocol::kTcp: return protocol == 6;
    case lab::SecurityRuleProtocol::kUdp: return protocol == 17;
    case lab::SecurityRuleProtocol::kIcmp: return protocol == 1;
    case lab::SecurityRuleProtocol::kEsp: return protocol == 50;
    case lab::SecurityRuleProtocol::kAh: return protocol == 51;
  }
  return false;
}

bool has_ports(lab::SecurityRuleProtocol protocol) {
  return protocol == lab::SecurityRuleProtocol::kAny ||
         protocol == lab::SecurityRuleProtocol::kTcp || protocol == lab::SecurityRuleProtocol::kUdp;
}

// First match over ports: rules paint their ports in order, and what is painted stays as it is.
class PortPainter {
 public:
  void add(uint32_t rule, const PortSet& ports) {
    layers_.push_back({rule, &ports});
    for (const Interval<uint16_t>& interval : ports.intervals()) {
      starts_.push_back(interval.first);
      if (interval.last != PortSet::kMax) starts_.push_back(interval.last + 1U);
    }
  }

  std::vector<Stretch<uint16_t>> paint() {
    std::sort(starts_.begin(), starts_.end());
    starts_.erase(std::unique(starts_.begin(), starts_.end()), starts_.end());
    owners_.resize(starts_.size());
    next_.resize(starts_.size() + 1);
    std::iota(next_.begin(), next_.end(), size_t{0});
    for (const auto& [rule, ports] : layers_) {
      for (const Interval<uint16_t>& interval : ports->intervals()) fill(interval, rule);
    }
    return stretches();
  }

 private:
  // The first slot from `at` on that nobody painted; follows and shortens the links behind painted
  // ones.
  size_t unpainted(size_t at) {
    while (next_[at] != at) at = next_[at] = next_[next_[at]];
    return at;
  }

  void fill(const Interval<uint16_t>& ports, uint32_t rule) {
    const auto slot = std::lower_bound(starts_.begin(), starts_.end(), uint32_t{ports.first});
    size_t at = unpainted(static_cast<size_t>(slot - starts_.begin()));
    while (at < starts_.size() && starts_[at] <= ports.last) {
      owners_[at] = rule;
      next_[at] = at + 1;
      at = unpainted(at);
    }
  }

  std::vector<Stretch<uint16_t>> stretches() const {
    std::vector<Stretch<uint16_t>> rows;
    for (size_t at = 0; at < starts_.size(); ++at) {
      const uint32_t end = at + 1 == starts_.size() ? uint32_t{PortSet::kMax} + 1 : starts_[at + 1];
      const auto last = static_cast<uint16_t>(end - 1);
      if (!rows.empty() && rows.back().result == owners_[at]) {
        rows.back().range.last = last;
      } else {
        rows.push_back({{static_cast<uint16_t>(starts_[at]), last}, owners_[at]});
      }
    }
    return rows;
  }

  struct Layer {
    uint32_t rule = 0;
    const PortSet* ports = nullptr;
  };
  std::vector<Layer> layers_{};
  std::vector<uint32_t> starts_{0};  // of slots: stretches of ports that no rule divides
  std::vector<uint32_t> owners_{};
  std::vector<size_t> next_{};
};

class Builder {
 public:
  Builder(const std::vector<EffectiveRule>& rules, lab::Direction direction)
      : rules_(rules),
        all_(rules.size()),
        final_for_all_(rules.size()),
        final_for_ports_(rules.size()) {
    built_.direction = direction;
    for (uint32_t at = 0; at < rules.size(); ++at) {
      const lab::SecurityRule& rule = rules[at].rule;
      all_.flip(at);
      if (rule.protocol != lab::SecurityRuleProtocol::kAny || !rule.source_ports.is_all() ||
          !rule.destination_ports.is_all()) {
        continue;
      }
      final_for_ports_.flip(at);
      if (second_field(at).is_all()) final_for_all_.flip(at);
    }
  }

  Classifier build() {
    RuleSet cut(rules_.size());
    const auto stretches = sweep<uint32_t>(
        all_, [this](uint32_t rule) -> const AddressSet& { return first_field(rule); },
        [&](const RuleSet& active) {
          cut.assign_cut(active, final_for_all_);
          return class_before_second(cut);
        });
    for (const auto& [range, result] : stretches) built_.first.push_back({range, result});
    return std::move(built_);
  }

 private:
  bool outbound() const { return built_.direction == lab::Direction::kOutbound; }
  const AddressSet& first_field(uint32_t rule) const {
    return outbound() ? rules_[rule].destinations : rules_[rule].sources;
  }
  const AddressSet& second_field(uint32_t rule) const {
    return outbound() ? rules_[rule].sources : rules_[rule].destinations;
  }

  Class class_before_second(const RuleSet& set) {
    const auto known = before_second_.find(set.words());
    if (known != before_second_.end()) return known->second;
    RuleSet cut(rules_.size());
    const auto stretches = sweep<uint32_t>(
        set, [this](uint32_t rule) -> const AddressSet& { return second_field(rule); },
        [&](const RuleSet& active) {
          cut.assign_cut(active, final_for_ports_);
          return class_before_ports(cut);
        });
    const Class result = stretches.size() == 1 ? stretches.front().result : second_node(stretches);
    before_second_.emplace(set.words(), result);
    return result;
  }

  Class second_node(const std::vector<Stretch<uint32_t>>& stretches) {
    Words content{kSecond};
    for (const auto& [range, result] : stretches) {
      content.push_back(uint64_t{range.first} << 32U | result);
    }
    const auto [node, added] = nodes_.try_emplace(std::move(content), next_);
    if (!added) return node->second;
    for (const auto& [range, result] : stretches) built_.second.push_back({next_, range, result});
    return next_++;
  }

  Class class_before_ports(const RuleSet& set) {
    const auto known = before_ports_.find(set.words());
    if (known != before_ports_.end()) return known->second;
    const auto stretches = sweep<uint16_t>(
        set,
        [this](uint32_t rule) -> const PortSet& {
          const lab::SecurityRule& declared = rules_[rule].rule;
          return has_ports(declared.protocol) ? declared.source_ports : every_port_;
        },
        [&](const RuleSet& active) { return verdict_node(active); });
    const Class result =
        stretches.size() == 1 ? stretches.front().result : source_port_node(set, stretches);
    before_ports_.emplace(set.words(), result);
    return result;
  }

  Class source_port_node(const RuleSet& set, const std::vector<Stretch<uint16_t>>& stretches) {
    const auto portless = portless_rules(set);
    Words content{kSourcePorts};
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
    const auto tcp = paint(set, 6);
    const auto udp = paint(set, 17);
    Words content{kVerdict, tcp.size()};
    content.insert(content.end(), std::begin(portless), std::end(portless));
    for (const auto* rows : {&tcp, &udp}) {
      for (const auto& [range, rule] : *rows) {
        content.push_back(uint64_t{range.first} << 32U | rule);
      }
    }
    const auto [node, added] = nodes_.try_emplace(std::move(content), next_);
    verdicts_.emplace(set.words(), node->second);
    if (!added) return node->second;
    for (const auto& [range, rule] : tcp) built_.ported.push_back({next_, 6, range, rule});
    for (const auto& [range, rule] : udp) built_.ported.push_back({next_, 17, range, rule});
    add_portless(portless);
    return next_++;
  }

  static constexpr uint8_t kPortless[] = {0, 1, 50, 51};
  using PortlessRules = std::array<uint32_t, std::size(kPortless)>;

  PortlessRules portless_rules(const RuleSet& set) const {
    PortlessRules deciding{};
    for (size_t at = 0; at < std::size(kPortless); ++at) {
      bool decided = false;
      set.for_each([&](uint32_t rule) {
        const lab::SecurityRule& declared = rules_[rule].rule;
        if (decided || !may_match(declared.protocol, kPortless[at])) return;
        if (has_ports(declared.protocol) &&
            !(declared.source_ports.is_all() && declared.destination_ports.is_all())) {
          return;
        }
        deciding[at] = rule;
        decided = true;
      });
    }
    return deciding;
  }

  void add_portless(const PortlessRules& deciding) {
    for (size_t at = 0; at < std::size(kPortless); ++at) {
      built_.portless.push_back({next_, kPortless[at], deciding[at]});
    }
  }

  // The deciding rule of each destination port.
  std::vector<Stretch<uint16_t>> paint(const RuleSet& set, uint8_t protocol) const {
    PortPainter painter;
    bool complete = false;
    set.for_each([&](uint32_t rule) {
      const lab::SecurityRule& declared = rules_[rule].rule;
      if (complete || !may_match(declared.protocol, protocol)) return;
      painter.add(rule, declared.destination_ports);
      complete = declared.destination_ports.is_all();
    });
    return painter.paint();
  }

  // What kind of node a content describes, so that the kinds never collide.
  static constexpr uint64_t kSecond = 1;
  static constexpr uint64_t kSourcePorts = 2;
  static constexpr uint64_t kVerdict = 3;

  const std::vector<EffectiveRule>& rules_;
  const PortSet every_port_ = PortSet::all();
  RuleSet all_;
  RuleSet final_for_all_;    // rules that match whatever is behind the first address
  RuleSet final_for_ports_;  // rules that match whatever is behind both addresses
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
