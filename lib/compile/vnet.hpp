// SPDX-License-Identifier: MIT
#pragma once

// One virtual network while it is compiled: its ports, the numbers of its routing tables and gates,
// and what peers need to know of it. Shared by vnet.cpp (links), vnet_numbers.cpp,
// vnet_routes.cpp, vnet_firewall.cpp and load_balancing.cpp.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compile/fabric.hpp"

namespace egress::compile {

// A port with a machine behind it: a host or a worker's integration.
struct Endpoint {
  std::string port{};
  Ipv4Address address{};
  std::optional<state::MacAddress> mac{};  // of the machine's interface; none behind a wire
  policy::Index subnet = policy::kNowhere;
  std::string sender{};  // the machine, when it may send under its own address alone, else empty
};

// A port to another VNet: a peering, or a transit link on which the peer sends to one NVA here, to
// the gateway or to a frontend, which hands it to one of its machines. A VNet sends to a frontend
// of its own on such a link, too, the other end of which nothing comes from.
struct PeerPort {
  std::string port{};
  policy::Index peer = policy::kNowhere;       // the VNet
  policy::Index appliance = policy::kNowhere;  // which, on a transit link's receiving end
};

// The VNet's end of a way to a receiver.
struct WayPort {
  const Way* way = nullptr;
  std::string port{};
};

struct Vnet {
  const policy::Network::Vnet& analysed;
  policy::Index index = policy::kNowhere;
  std::string netns{};
  std::vector<Endpoint> endpoints{};
  std::vector<PeerPort> peer_ports{};
  std::vector<WayPort> way_ports{};
  Numbers tables{};  // by table_key() and transit_key()
  Numbers gates{};   // by subnet and endpoint_gate_key()
};

// Addresses that user routes have for next hops, and the numbers of all routing tables and gates
// that a VNet may have (vnet_numbers.cpp). kInvalid when it needs too many.
std::set<Ipv4Address> next_hops_of(const lab::Lab& lab);
Result<Numbers> table_slots(const policy::Situation& situation, const std::string& vnet,
                            const std::set<Ipv4Address>& next_hops);
Result<Numbers> gate_slots(const policy::Situation& situation, const std::string& vnet);

// Which routing table serves a subnet: its own when it has a route table, service endpoints or a
// NAT gateway, else one of the two system tables, which differ in where the Internet is.
std::string table_key(const policy::Network::Subnet& subnet);

// That by which private endpoints answer: to the VNet's own networks and those of its peers.
inline constexpr const char* kEndpointAnswers = "system/endpoints";

// Of a transit link's, by which all goes to the NVA or the gateway.
std::string transit_key(const policy::Interface& target);

// The gate in front of a subnet's private endpoints.
std::string endpoint_gate_key(const std::string& subnet);

// What its ports to a peer and to an NVA or a gateway in one are called there, for Fabric::link.
std::string peering_port(const std::string& remote);
std::string transit_port(const policy::Interface& target);

// A subnet for each table of those with a machine in them, by VNet and table_key().
using RoutedSubnets = std::map<std::pair<policy::Index, std::string>, policy::Index>;
// The machines of a frontend that is a next hop; none where no rule of it is for all ports.
std::vector<policy::Index> machines_behind(const policy::Network::Frontend& frontend);
// Whether a packet goes on by a next hop: to a host, a gateway, or a frontend with such machines.
bool leads_on(const policy::Network& network, const policy::Interface& next_hop);

// What stands in the VNet's tables, which have their numbers.
void add_routes(Fabric& fabric, const Vnet& vnet, const RoutedSubnets& routed);

// The chains by which a VNet's frontends choose machines (load_balancing.cpp): of what is sent to
// them, and of what they are next hops for, as which `handing_over(frontend)` is to be jumped to.
void add_frontends(state::NftTable& table, const policy::Network& network, const Vnet& vnet);
std::string handing_over(const policy::Network::Frontend& frontend);

state::Firewall vnet_firewall(Fabric& fabric, const Vnet& vnet);

}  // namespace egress::compile
