// SPDX-License-Identifier: MIT
#pragma once

// Internal load balancers: frontends that routes have for next hops and that flows go to.

#include <set>
#include <string>
#include <vector>

#include "base/protocol.hpp"
#include "lab/lab.hpp"
#include "policy/explain.hpp"
#include "tests/oracle/generator.hpp"

namespace egress::oracle {

// To a lab in which there are none.
void add_load_balancers(lab::Lab& lab, Random& random);
// One of them, or a route to one, otherwise or gone.
void change_load_balancers(lab::Lab& lab, Random& random);

// Where frontends take flows, and some port beside.
struct FrontendPort {
  Ipv4Address address{};
  Port port{};
};
std::vector<FrontendPort> frontend_ports(const lab::Lab& lab);
// Where a flow to there may come out: the addresses and ports of machines.
std::vector<FrontendPort> ports_behind(const lab::Lab& lab, Ipv4Address address, const Port& port);

// For the coverage: what a lab has of it, and a flow.
std::set<std::string> balancer_features(const lab::Lab& lab);
std::set<std::string> balancer_features(const policy::Explanation& explained);

}  // namespace egress::oracle
