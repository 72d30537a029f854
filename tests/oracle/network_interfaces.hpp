// SPDX-License-Identifier: MIT
#pragma once

// What machines of virtual networks have at their network interfaces: a security list of their own
// and a public address.

#include <set>
#include <string>
#include <vector>

#include "lab/lab.hpp"
#include "policy/explain.hpp"
#include "tests/oracle/generator.hpp"

namespace egress::oracle {

// To a lab in which there is none, and rules that let in some of who sends from the Internet.
void add_network_interfaces(lab::Lab& lab, Random& random);
// One of them otherwise or gone.
void change_network_interfaces(lab::Lab& lab, Random& random);

// Public addresses by which machines are reached, with the address behind each.
std::vector<std::pair<Ipv4Address, Ipv4Address>> public_machines(const lab::Lab& lab);

// For the coverage: what a lab has of it, and a flow.
std::set<std::string> interface_features(const lab::Lab& lab);
std::set<std::string> interface_features(const policy::Network& network,
                                         const policy::Explanation& explained);

}  // namespace egress::oracle
