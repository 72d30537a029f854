// SPDX-License-Identifier: MIT
#pragma once

// A count by what makes it, and the part of counting that looks into security lists.

#include <map>
#include <string>

#include "compile/size.hpp"

namespace egress::compile {

class Tally {
 public:
  void add(const std::string& path, uint64_t number) {
    total_ += number;
    parts_[path] += number;
  }
  uint64_t total() const { return total_; }
  Count count() const;

 private:
  uint64_t total_ = 0;
  std::map<std::string, uint64_t> parts_{};
};

// Stops when it has counted more than `most`.
void count_firewall_elements(const lab::Lab& lab, uint64_t most, Tally& tally);
// Those of the network itself and its connected peers.
uint64_t network_prefixes(const lab::Lab& lab, const std::string& vnet);

}  // namespace egress::compile
