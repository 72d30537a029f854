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

}  // namespace egress::compile
