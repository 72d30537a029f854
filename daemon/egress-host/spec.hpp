// SPDX-License-Identifier: MIT
#pragma once

// What one responder was asked to be. Its JSON form is the content of the lock file, by which
// others learn what is running without asking the process.

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace egress::host {

enum class Transport { kTcp, kUdp };

struct Port {
  Transport transport = Transport::kTcp;
  uint16_t number = 0;
  auto operator<=>(const Port&) const = default;
  std::string to_string() const;  // "tcp/443"
  // kInvalid unless `text` is "tcp/PORT" or "udp/PORT" with a port of 1 to 65535.
  static Result<Port> parse(const std::string& text);
};

struct Spec {
  std::string netns{};
  std::string host{};
  std::vector<Port> listen{};
};

// {"netns", "host", "listen": ["tcp/443", …]}, with `listen` sorted as text.
std::string to_json(const Spec& spec);

}  // namespace egress::host
