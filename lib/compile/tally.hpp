// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "compile/size.hpp"

namespace egress::compile {

// A count by what makes it.
class Tally {
 public:
  void add(const std::string& path, uint64_t number) {
    total_ += number;
    parts_[path] += number;
  }

  Count count() const {
    Count count{.total = total_};
    for (const auto& [path, number] : parts_) {
      if (number <= count.share) continue;
      count.largest = path;
      count.share = number;
    }
    return count;
  }

 private:
  uint64_t total_ = 0;
  std::map<std::string, uint64_t> parts_{};
};

struct Tallies {
  Tally namespaces{};
  Tally links{};
  Tally routes{};
  Tally firewall_elements{};
  Tally wires{};
};
// But for what security lists and firewalls come to, which are estimated as a whole.
Tallies tallies_of(const lab::Lab& lab, const policy::TrafficInUse& traffic);

}  // namespace egress::compile
