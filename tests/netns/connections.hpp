// SPDX-License-Identifier: MIT
#pragma once

// Connections of one app to one destination, which may be more than there are ports for.

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "base/unique_fd.hpp"

namespace egress::kernel_tests {

class Connections {
 public:
  // All begun at once.
  Connections(const std::string& netns, Ipv4Address address, uint16_t port, size_t count);

  struct Outcome {
    size_t made = 0;
    size_t timed_out = 0;
    bool operator==(const Outcome&) const = default;
  };
  // Once each has one; any other than these counts as neither.
  Outcome outcome();

  // On all that are made.
  void talk() const;

  // One of those that were made, with a packet that says so to the far end.
  enum class By { kFin, kReset };
  void close(By how);

 private:
  std::vector<UniqueFd> sockets_{};
  std::vector<int> made_{};
};

std::ostream& operator<<(std::ostream& out, const Connections::Outcome& outcome);

}  // namespace egress::kernel_tests
