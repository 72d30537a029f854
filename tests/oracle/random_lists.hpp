// SPDX-License-Identifier: MIT
#pragma once

// Random security groups and route tables, drawn from what a lab has: its prefixes, machines and
// groups, and what nearly equals them.

#include <string>
#include <vector>

#include "tests/oracle/generator.hpp"

namespace egress::oracle {

struct Pool {
  std::vector<Ipv4Prefix> prefixes{};
  std::vector<Ipv4Address> appliances{};  // machines that forward
  std::vector<Ipv4Address> machines{};    // in virtual networks
  std::vector<Ipv4Address> unowned{};     // next hops that no network has a machine for
  std::vector<std::string> groups{};      // application security groups
  uint16_t first_source_port = 0;
};

// What a lab has; source ports are those of this seed.
Pool pool_of(const lab::Lab& lab, uint64_t seed);

lab::NetworkSecurityGroup random_security_group(Random& random, const Pool& pool);
lab::RouteTable random_route_table(Random& random, const Pool& pool);

}  // namespace egress::oracle
