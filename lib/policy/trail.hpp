// SPDX-License-Identifier: MIT
#pragma once

// What a forward packet leaves behind in the network, on which its answer's way depends.

#include <vector>

#include "policy/network.hpp"
#include "policy/service_access.hpp"

namespace egress::policy {

// What the network remembers of a flow that arrived. Its destination is the same everywhere, but
// for what a load balancer's frontend puts in its place.
struct Trail {
  struct Passage {  // a VNet sees the flow with this source
    Index vnet = kNowhere;
    Ipv4Address source{};
    Ipv4Address destination{};  // as its answers know it
    bool left = false;  // the VNet lets it go on: to a machine, an appliance, a peer or an exit
  };
  std::vector<Passage> passages{};
  struct Translation {  // an NVA put its own address in place of `original`
    Index host = kNowhere;
    Ipv4Address original{};
  };
  std::vector<Translation> translations{};
  struct Appliance {  // an NVA took the flow with this source
    Index host = kNowhere;
    Ipv4Address source{};
  };
  std::vector<Appliance> appliances{};  // every NVA on the way
  Index sender = kNowhere;  // who sent it last in a VNet: the origin, its gateway, or an NVA
  // How it came to a receiver on the Internet: whose public address it wears there, or which
  // interface it left by a NAT gateway or a service endpoint, else kNowhere; or by which private
  // endpoint.
  Entry::Way way = Entry::Way::kInternet;
  Index exit_host = kNowhere;
  Index nat_gateway = kNowhere;  // which shows an address of its own there in place of that one's
  Index endpoint = kNowhere;
  Index on_premises = kNowhere;  // the network through which it came there, by a gateway
  Index receiver = kNowhere;
  Index frontend = kNowhere;  // the frontend to which it was sent
  // The receiver, which it has reached from the Internet by its public address: the last passage is
  // that into the receiver's network.
  Index public_machine = kNowhere;
  bool refused = false;   // the receiver answers with RST or port unreachable
  bool is_probe = false;  // the platform takes it, and nothing answers

  // The last passage before the Internet or its end, or null.
  const Passage* last_outward() const;
  // Whether the VNet has seen the packet that `answer` answers.
  bool was_seen_in(Index vnet, const Packet& answer) const;
  // Whether the NVA has had the packet that an answer to `destination` answers, and, of the second,
  // left its source as it was.
  bool passed(Index host, Ipv4Address destination) const;
  bool began_at(Index host, Ipv4Address destination) const;
  // What the NVA put its own address in place of, or null.
  const Translation* translation_at(Index host) const;
};

}  // namespace egress::policy
