// SPDX-License-Identifier: MIT
#pragma once

// How virtual networks reach what stands on the Internet without the Internet: by the service
// endpoint of a subnet, under its public address, or by a private endpoint, under an address of the
// network. Each way is a link of its own between the VNet and the receiver, so that the receiver
// knows by the link who came, whatever the source: equal private addresses of two networks stay
// apart, and an answer leaves by the link by which the packet came.

#include <string>
#include <vector>

#include "policy/network.hpp"

namespace egress::compile {

struct Way {
  // The interface of a service, an Internet host or a front end.
  policy::Index receiver = policy::kNowhere;
  policy::Index vnet = policy::kNowhere;
  policy::Index endpoint = policy::kNowhere;  // the private endpoint's interface, if by one
  // For Fabric::link, at the receiver and in the VNet.
  std::string link{};
  std::string port{};
  uint32_t mark = 0;  // and the number of the table by which answers go back
};

// In the order of the receivers, by service endpoint first. kInvalid when there are more virtual
// networks and private endpoints than numbers.
Result<std::vector<Way>> ways_of(const policy::Network& network);
// The marks that ways may have, by their links; likewise.
Status number_ways(const policy::Situation& situation, NumberBook& book);

// Of a host, a service, a front end or a gateway: its namespace, and whether it has an interface of
// its own there beside its ways.
std::string machine_netns(const std::string& prefix, const policy::Interface& machine);
bool has_eth0(const policy::Interface& machine);
// Its port at a router, for Fabric::link.
std::string machine_port(const policy::Interface& machine);

}  // namespace egress::compile
