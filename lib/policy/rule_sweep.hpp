// SPDX-License-Identifier: MIT
#pragma once

// What compiling a classifier is made of: sets of rules, the sweep that tells where such a set
// changes along one field, and first match over ports.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <numeric>
#include <vector>

#include "base/interval_set.hpp"
#include "base/stable_hash.hpp"

namespace egress::policy {

using RuleWords = std::vector<uint64_t>;

struct RuleWordsHash {
  size_t operator()(const RuleWords& words) const {
    uint64_t hash = words.size();
    for (const uint64_t word : words) hash = folded(hash ^ word);
    return static_cast<size_t>(hash);
  }
};

// A set of rules. Cut sets end at the first rule that nothing later can get past.
class RuleSet {
 public:
  explicit RuleSet(size_t rules) : words_((rules + 63) / 64) {}

  void flip(uint32_t rule) { words_[rule / 64] ^= uint64_t{1} << (rule % 64); }
  const RuleWords& words() const { return words_; }

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

  bool meets(const RuleSet& other) const {
    for (size_t at = 0; at < words_.size(); ++at) {
      if ((words_[at] & other.words_[at]) != 0) return true;
    }
    return false;
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
  RuleWords words_;
};

// A rule with the values that it names.
template <typename T>
struct NamedValues {
  const IntervalSet<T>* values = nullptr;
  uint32_t rule = 0;
};

// Where the membership of rules in the current set changes: of all that name the same values, as
// many rules may name one service tag. `first` is the place of the first of them.
template <typename T>
struct Edge {
  T at{};
  uint32_t first = 0;
};

// In the order of the sets.
template <typename T, typename Field>
std::vector<NamedValues<T>> named_values(const RuleSet& rules, Field field) {
  std::vector<NamedValues<T>> named;
  rules.for_each([&](uint32_t rule) {
    if (const IntervalSet<T>* values = field(rule)) named.push_back({values, rule});
  });
  std::sort(named.begin(), named.end(), [](const NamedValues<T>& a, const NamedValues<T>& b) {
    return std::less<>()(a.values, b.values);
  });
  return named;
}

// In the order of the values.
template <typename T>
std::vector<Edge<T>> edges_of(const std::vector<NamedValues<T>>& named) {
  std::vector<Edge<T>> edges;
  for (uint32_t i = 0; i < named.size(); ++i) {
    if (i > 0 && named[i - 1].values == named[i].values) continue;
    for (const Interval<T>& interval : named[i].values->intervals()) {
      edges.push_back({interval.first, i});
      if (interval.last != IntervalSet<T>::kMax) {
        edges.push_back({static_cast<T>(interval.last + 1), i});
      }
    }
  }
  std::sort(edges.begin(), edges.end(),
            [](const Edge<T>& a, const Edge<T>& b) { return a.at < b.at; });
  return edges;
}

template <typename T>
struct Stretch {
  Interval<T> range{};
  uint32_t result = 0;
};

// Walks the values of one field in order: `class_of(set)` names each stretch in which the set is
// constant. Rules whose interval set is everything stay in the set and make no edges.
template <typename T, typename Field, typename ClassOf>
std::vector<Stretch<T>> sweep(const RuleSet& rules, Field field, ClassOf class_of) {
  const std::vector<NamedValues<T>> named = named_values<T>(rules, field);
  const std::vector<Edge<T>> edges = edges_of(named);
  RuleSet active = rules;
  for (const NamedValues<T>& each : named) active.flip(each.rule);
  const auto cross = [&](uint32_t first) {
    for (uint32_t i = first; i < named.size() && named[i].values == named[first].values; ++i) {
      active.flip(named[i].rule);
    }
  };
  std::vector<Stretch<T>> stretches;
  T start = 0;
  auto edge = edges.begin();
  while (true) {
    for (; edge != edges.end() && edge->at == start; ++edge) cross(edge->first);
    const T last = edge == edges.end() ? IntervalSet<T>::kMax : static_cast<T>(edge->at - 1);
    const uint32_t result = class_of(active);
    if (!stretches.empty() && stretches.back().result == result) {
      stretches.back().range.last = last;
    } else {
      stretches.push_back({{start, last}, result});
    }
    if (edge == edges.end()) return stretches;
    start = edge->at;
  }
}

// First match over ports: rules paint their ports in order, and what is painted stays as it is.
class PortPainter {
 public:
  void clear() {
    layers_.clear();
    starts_.assign(1, 0);
  }

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

}  // namespace egress::policy
