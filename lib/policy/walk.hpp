// SPDX-License-Identifier: MIT
#pragma once

// The forward packet's way, stage by stage, as azure-facts Appendix B orders them. Each leaves a
// step, and what the answer's way depends on.

#include <vector>

#include "policy/explain.hpp"

namespace egress::policy {

// What the network remembers of a flow that arrived. Its destination is the same everywhere.
struct Trail {
  struct Passage {  // a VNet tracks the flow with this source
    Index vnet = kNowhere;
    Ipv4Address source{};
  };
  std::vector<Passage> passages{};
  struct Translation {  // an NVA put its own address in place of `original`
    Index host = kNowhere;
    Ipv4Address original{};
  };
  std::vector<Translation> translations{};
  std::vector<Index> appliances{};  // every NVA on the way
  Index exit_host = kNowhere;       // whose public address the flow wears on the Internet
  Index receiver = kNowhere;
  bool refused = false;  // the receiver answers with RST or port unreachable
};

struct Report {
  Explanation explanation{};
  Trail trail{};
};

// `app` has a lease when it is integrated.
Report walk(const Network& network, const Network::App& app, const Flow& flow);

}  // namespace egress::policy
