// SPDX-License-Identifier: MIT
#pragma once

// One virtual network while it is compiled: its ports, the numbers of its routing tables and gates,
// and what peers need to know of it. Shared by vnet.cpp (links), vnet_numbers.cpp,
// vnet_routes.cpp, vnet_firewall.cpp, vnet_outside.cpp, vnet_exits.cpp and load_balancing.cpp.

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
  policy::Index interface = policy::kNowhere;
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
  Numbers gates{};   // by subnet, endpoint_gate_key() and interface_gate_key()
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

// That by which machines of such a subnet answer who has reached them by their public addresses:
// the same, but past the subnet's NAT gateway. Empty: they answer by the subnet's table.
std::string public_answers_key(const policy::Network& network,
                               const policy::Network::Subnet& subnet);

// That by which private endpoints answer: to the VNet's own networks and those of its peers.
inline constexpr const char* kEndpointAnswers = "system/endpoints";

// Of a transit link's, by which all goes to the NVA or the gateway.
std::string transit_key(const policy::Interface& target);

// The gate in front of a subnet's private endpoints.
std::string endpoint_gate_key(const std::string& subnet);

// The gates of a machine's own lists.
std::string interface_gate_key(const std::string& host);

// What its ports to a peer and to an NVA or a gateway in one are called there, for Fabric::link.
std::string peering_port(const std::string& remote);
std::string transit_port(const policy::Network& network, const policy::Interface& target);

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

// Chains by the ports behind which they stand: of what comes in, and of what goes out.
struct PortMaps {
  std::vector<state::NftElement> from{};
  std::vector<state::NftElement> to{};
};
// Past all lists: what belongs to a flow.
std::vector<state::NftRule> answers();
// Drops what is none of the protocols that virtual networks carry (azure-facts 9.7).
inline constexpr const char* kNotCarried =
    "meta l4proto != { tcp, udp, icmp, esp, ah } counter drop";
// Who may send by a port.
state::NftMap senders_set(const std::vector<state::NftElement>& elements);
// The chains of ports that lead out of the network (vnet_outside.cpp).
void add_outside_ports(state::NftTable& table, Fabric& fabric, const Vnet& vnet, PortMaps& ports);

// The exits to the Internet: by the stamp under an inside address, or with a public address of
// one's own, by which some machines are reached, too (vnet_exits.cpp).
void add_exits(state::NftTable& table, const Fabric& fabric, const Vnet& vnet);
bool has_public_machines(const policy::Network& network, const Vnet& vnet);
// Where there are such: the chain behind `inet0`, the end of answers that leave by another port,
// and what leads them past the NAT gateway of the subnet by the table of public_answers_key().
inline constexpr const char* kFromInternet = "from_internet";
state::NftRule answers_elsewhere();
state::NftRule answers_past_nat_gateway(uint32_t table);

state::Firewall vnet_firewall(Fabric& fabric, const Vnet& vnet);

}  // namespace egress::compile
