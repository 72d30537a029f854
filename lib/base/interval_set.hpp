// SPDX-License-Identifier: MIT
#pragma once

// Sets of addresses or ports as sorted, disjoint, non-adjacent closed intervals: the canonical
// form, so that equal sets compare equal. Every operation is linear in the number of intervals.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/ip.hpp"

namespace egress {

template <typename T>
struct Interval {
  T first{};
  T last{};
  auto operator<=>(const Interval&) const = default;
};

template <typename T>
class IntervalSet {
 public:
  static constexpr T kMax = std::numeric_limits<T>::max();

  IntervalSet() = default;
  explicit IntervalSet(std::vector<Interval<T>> intervals) : intervals_(std::move(intervals)) {
    normalise();
  }
  static IntervalSet all() { return IntervalSet({{T{0}, kMax}}); }

  const std::vector<Interval<T>>& intervals() const { return intervals_; }
  bool empty() const { return intervals_.empty(); }
  bool is_all() const { return intervals_ == all().intervals_; }
  bool operator==(const IntervalSet&) const = default;

  bool contains(T value) const {
    const auto after = std::upper_bound(
        intervals_.begin(), intervals_.end(), value,
        [](T wanted, const Interval<T>& interval) { return wanted < interval.first; });
    return after != intervals_.begin() && std::prev(after)->last >= value;
  }

  IntervalSet united(const IntervalSet& other) const {
    std::vector<Interval<T>> both = intervals_;
    both.insert(both.end(), other.intervals_.begin(), other.intervals_.end());
    return IntervalSet(std::move(both));
  }

  IntervalSet complement() const {
    IntervalSet result;
    T next = 0;
    for (const Interval<T>& interval : intervals_) {
      if (interval.first > next) {
        result.intervals_.push_back({next, static_cast<T>(interval.first - 1)});
      }
      if (interval.last == kMax) return result;
      next = static_cast<T>(interval.last + 1);
    }
    result.intervals_.push_back({next, kMax});
    return result;
  }

  IntervalSet intersected(const IntervalSet& other) const {
    IntervalSet result;
    auto a = intervals_.begin();
    auto b = other.intervals_.begin();
    while (a != intervals_.end() && b != other.intervals_.end()) {
      const T first = std::max(a->first, b->first);
      const T last = std::min(a->last, b->last);
      if (first <= last) result.intervals_.push_back({first, last});
      if (a->last < b->last) {
        ++a;
      } else {
        ++b;
      }
    }
    return result;
  }

  IntervalSet without(const IntervalSet& other) const { return intersected(other.complement()); }

 private:
  void normalise() {
    std::sort(intervals_.begin(), intervals_.end());
    std::vector<Interval<T>> merged;
    for (const Interval<T>& interval : intervals_) {
      const bool joins =
          !merged.empty() &&
          (merged.back().last == kMax || interval.first <= static_cast<T>(merged.back().last + 1));
      if (joins) {
        merged.back().last = std::max(merged.back().last, interval.last);
      } else {
        merged.push_back(interval);
      }
    }
    intervals_ = std::move(merged);
  }

  std::vector<Interval<T>> intervals_{};
};

using AddressSet = IntervalSet<uint32_t>;  // host byte order
using PortSet = IntervalSet<uint16_t>;

AddressSet address_set(const std::vector<Ipv4Prefix>& prefixes);
// The fewest prefixes that cover exactly `set`, in address order.
std::vector<Ipv4Prefix> to_prefixes(const AddressSet& set);

}  // namespace egress
