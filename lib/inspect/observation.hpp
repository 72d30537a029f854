// SPDX-License-Identifier: MIT
#pragma once

// Whether the kernel did what `explain` said: one decision against what a probe of the same flow
// saw. Pure; the probe itself is probe/probe.hpp.

#include <optional>
#include <string>
#include <vector>

#include "lab/lab.hpp"
#include "policy/explain.hpp"

namespace egress::inspect {

// A probe's result in the lab's words.
struct Observation {
  uint16_t source_port = 0;  // that the packet was sent from; 0 with ICMP
  bool arrived = false;
  std::string host{};                   // the emulated host that saw the packet
  std::optional<Ipv4Address> source{};  // as that host saw it
  bool replied = false;                 // an answer other than a refusal came back
  bool refused = false;                 // RST or port unreachable came back
};

// One sentence per disagreement; none when the kernel agrees. A missing refusal is none but for
// TCP: kernels limit how many port unreachables they send.
std::vector<std::string> differences(Protocol protocol, const policy::Explanation& expected,
                                     const Observation& seen);

// The emulated hosts that own `address`, in any network: where a probe's packet may turn up.
std::vector<std::string> owners(const lab::Lab& lab, Ipv4Address address);

}  // namespace egress::inspect
