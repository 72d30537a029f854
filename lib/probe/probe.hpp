// SPDX-License-Identifier: MIT
#pragma once

// Real packets to hold a decision against: sends the first packet of each flow from its own
// namespace and sees where it comes out, with which source, and whether an answer comes back.
// Leaves nothing behind but conntrack entries that the kernel ages: no TCP connection is opened,
// since the sender's kernel resets what the far end answers.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "base/result.hpp"

namespace egress::probe {

struct ProbeFlow {
  std::string netns{};   // the sender's
  uint8_t protocol = 6;  // 6 (TCP), 17 (UDP) or 1 (ICMP echo; ports are ignored)
  Ipv4Address destination{};
  uint16_t destination_port = 0;
  uint16_t source_port = 0;
  uint16_t app_port = 0;  // on which it is got behind a front end or a frontend; 0: behind none
};

// What the destination saw.
struct Arrival {
  std::string netns{};
  Ipv4Address source{};
  uint16_t source_port = 0;  // 0 for ICMP
  bool operator==(const Arrival&) const = default;
};

struct ProbeResult {
  // The watched namespace that owns the packet's destination address; routers on the way do not
  // count.
  std::optional<Arrival> arrival{};
  // Any further ones: the same packet came out twice, which is a fault of the data path.
  std::vector<Arrival> also{};
  bool replied = false;  // an answer came back to the sender
  bool refused = false;  // and it was a reset or port unreachable
};

// One result per flow, in order. `patience` is how long nothing new may be seen before what is
// still missing counts as lost; the call returns earlier when every flow was answered. A flow that
// the sender's own routing refuses has an empty result. kInvalid for other protocols, kNotFound
// when a namespace is gone, kBusy when a UDP source port is in use in the sender's namespace.
// Kernels limit the rate of port unreachable: of many refused UDP flows only the first say so.
Result<std::vector<ProbeResult>> send(const std::vector<ProbeFlow>& flows,
                                      const std::vector<std::string>& watch,
                                      std::chrono::milliseconds patience);

}  // namespace egress::probe
