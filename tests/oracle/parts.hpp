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
  std::vector<Ipv4Address> strangers{};   // next hops that no network has a machine for
  std::vector<std::string> groups{};      // application security groups
  uint16_t first_source_port = 0;
};

lab::NetworkSecurityGroup random_security_group(Random& random, const Pool& pool);
lab::RouteTable random_route_table(Random& random, const Pool& pool);

// Route tables that lead packets through appliances: chance alone rarely leads one through an
// appliance that passes it on, hardly ever through two, nor an answer through one that the flow has
// not met.
void steer_through_appliances(lab::Lab& lab, Random& random, const Pool& pool);

// The lab with every name as long as Azure allows, told from others by its last letters alone.
lab::Lab with_long_names(lab::Lab lab);

// The lab with a few things different, as somebody edits it.
lab::Lab changed_lab(const lab::Lab& lab, uint64_t seed);

bool is_valid(const lab::Lab& lab);

}  // namespace egress::oracle
