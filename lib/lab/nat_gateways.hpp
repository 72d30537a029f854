// SPDX-License-Identifier: MIT
#pragma once

// Who translates what leaves for the Internet: NAT gateways with their public addresses, and App
// Service itself (azure-facts 7).

#include <optional>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "lab/names.hpp"

namespace egress::lab {

struct Host;
struct Lab;

struct PublicIpAddress {
  Ipv4Address ip_address{};
  bool operator==(const PublicIpAddress&) const = default;
};

struct NatGateway {
  std::vector<std::string> public_ip_addresses{};  // names
  std::vector<Ipv4Prefix> public_ip_prefixes{};
  int idle_timeout_in_minutes = 4;
  std::string sku = "Standard";  // or StandardV2, which changes nothing here
  bool operator==(const NatGateway&) const = default;
};

// Every address that the gateway shows, in the order in which it lists them: its public addresses,
// then the members of its prefixes. Each once.
std::vector<Ipv4Address> addresses_of(const Lab& lab, const NatGateway& gateway);

// The public address of a machine's own (Host::public_ip_address), if it has one: that of the entry
// of that name, else what is written there.
std::optional<Ipv4Address> public_address_of(const Lab& lab, const Host& host);

// Whether a machine in the subnet has a public address of its own, past whose NAT gateway what it
// answers leaves.
bool answers_past_nat_gateway(const Lab& lab, const SubnetRef& subnet);

// How many flows of one instance to one destination (address, port and protocol) App Service's own
// source NAT carries: `preallocated` and as many as are granted beside them (azure-facts 7.2.1;
// contract "Decided" 16).
struct SnatPorts {
  int preallocated = 128;
  int best_effort = 0;
  bool operator==(const SnatPorts&) const = default;
};

}  // namespace egress::lab
