// SPDX-License-Identifier: MIT
#pragma once

// The forward packet's way, stage by stage, as azure-facts Appendix B orders them. Each leaves a
// step, and what the answer's way depends on.

#include <vector>

#include "policy/explain.hpp"
#include "policy/origin.hpp"

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
  Index sender = kNowhere;              // who sent it last in a VNet: the origin, its gateway, or an NVA
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
  bool refused = false;       // the receiver answers with RST or port unreachable
  bool is_probe = false;      // the platform takes it, and nothing answers
};

struct Report {
  Explanation explanation{};
  Trail trail{};
};

// An app that is integrated has a lease.
Report walk(const Network& network, const Origin& origin, const Flow& flow);

}  // namespace egress::policy
