// SPDX-License-Identifier: MIT
#pragma once

// What BIRD is told as the speaker of a gateway, and what it says of its sessions (BIRD 2.0; its
// manual, and for the latter doc/reply_codes of its source). What it learns goes into routing
// tables of the kernel that no rule uses, one for each session, without a next hop: whoever reads
// them decides what it means.

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "base/result.hpp"

namespace egress::settings {

struct BirdSession {
  uint32_t table = 0;  // the kernel's
  Ipv4Address neighbour{};
  int asn = 0;
  bool operator==(const BirdSession&) const = default;
};

struct Bird {
  Ipv4Address address{};  // from and at which it speaks
  int asn = 0;
  std::vector<Ipv4Prefix> told{};  // to all neighbours
  std::vector<BirdSession> sessions{};
  bool operator==(const Bird&) const = default;
};

inline constexpr const char* kBirdConfiguration = "bird.conf";
std::string to_text(const Bird& bird);

// The tables of those sessions that are up, by BIRD's answer to "show protocols". Others than
// to_text() declares are left out. kInvalid when it is no such answer.
inline constexpr const char* kBirdQuestion = "show protocols";
Result<std::set<uint32_t>> parse_sessions_up(const std::string& answer);

}  // namespace egress::settings
