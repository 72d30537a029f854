// SPDX-License-Identifier: MIT
#include "lab/gateways.hpp"

#include <algorithm>
#include <map>

#include "lab/lab.hpp"

namespace egress::lab {
namespace {

// Whose gateways the network uses over the peering (azure-facts 6.3, 6.5).
bool uses_gateways_of(const Lab& lab, const std::string& vnet, const std::string& remote) {
  const auto here = lab.virtual_networks.find(vnet);
  const auto there = lab.virtual_networks.find(remote);
  if (here == lab.virtual_networks.end() || there == lab.virtual_networks.end()) return false;
  const auto to = here->second.virtual_network_peerings.find(remote);
  const auto from = there->second.virtual_network_peerings.find(vnet);
  return to != here->second.virtual_network_peerings.end() &&
         from != there->second.virtual_network_peerings.end() && to->second.use_remote_gateways &&
         from->second.allow_gateway_transit;
}

// Before all that is learned.
constexpr uint32_t kStaticRoute = 0;

// Whom a prefix leads to: those at the least distance, in the order of their names.
struct Best {
  uint32_t distance = 0;
  std::vector<std::string> networks{};

  void consider(uint32_t other, const std::string& network) {
    if (networks.empty() || other < distance) {
      distance = other;
      networks = {network};
    } else if (other == distance && networks.back() != network) {
      networks.push_back(network);
    }
  }
};

// The peering address, where the subnet has it.
std::optional<Ipv4Address> asked_address(const Subnet& subnet,
                                         const VirtualNetworkGateway& gateway) {
  if (!gateway.bgp_settings || !gateway.bgp_settings->bgp_peering_address) return std::nullopt;
  const Ipv4Address asked = *gateway.bgp_settings->bgp_peering_address;
  const bool inside = std::any_of(subnet.address_prefixes.begin(), subnet.address_prefixes.end(),
                                  [&](const Ipv4Prefix& prefix) { return prefix.contains(asked); });
  return inside ? std::optional(asked) : std::nullopt;
}

// What another gateway of the network has that does not give way: one that asks for its address, or
// the VPN gateway, which an ExpressRoute gateway finds there or comes to meet.
std::optional<Ipv4Address> taken_before(const Lab& lab, const Subnet& subnet,
                                        const VirtualNetworkGateway& gateway) {
  for (const auto& [name, other] : lab.virtual_network_gateways) {
    const bool beside = other.virtual_network == gateway.virtual_network &&
                        other.gateway_type != gateway.gateway_type;
    if (!beside) continue;
    if (const auto asked = asked_address(subnet, other)) return asked;
    if (other.gateway_type == GatewayType::kVpn) return address_of(lab, other);
  }
  return std::nullopt;
}

}  // namespace

const char* name_of(GatewayType type) {
  return type == GatewayType::kVpn ? "Vpn" : "ExpressRoute";
}

std::vector<BgpPeering> bgp_peerings(const Lab& lab, const VirtualNetworkGateway& gateway) {
  std::vector<BgpPeering> peerings;
  const BgpSettings local{gateway.bgp_settings ? gateway.bgp_settings->asn : kGatewayAsn,
                          address_of(lab, gateway)};
  if (!local.bgp_peering_address) return peerings;
  for (const auto& [name, connection] : gateway.connections) {
    const auto network = lab.on_premises.find(name);
    if (!connection.enable_bgp || network == lab.on_premises.end()) continue;
    const auto& remote = network->second.bgp_settings;
    if (remote && remote->bgp_peering_address) peerings.push_back({name, local, *remote});
  }
  return peerings;
}

std::vector<LearnedPrefix> learned_from(const Lab& lab, const std::string& gateway,
                                        const std::string& on_premises,
                                        const LearnedRoutes& learned) {
  const auto declared = lab.virtual_network_gateways.find(gateway);
  const auto network = lab.on_premises.find(on_premises);
  if (declared == lab.virtual_network_gateways.end() || network == lab.on_premises.end()) return {};
  const auto connection = declared->second.connections.find(on_premises);
  if (connection == declared->second.connections.end() || !connection->second.enable_bgp) return {};
  if (const auto sessions = learned.find(gateway); sessions != learned.end()) {
    const auto session = sessions->second.find(on_premises);
    if (session != sessions->second.end()) return session->second;
  }
  std::vector<LearnedPrefix> advertised;
  for (const Ipv4Prefix& prefix : network->second.advertised_prefixes) {
    advertised.push_back({.prefix = prefix});
  }
  return advertised;
}

std::vector<GatewayRoute> routes_of(const Lab& lab, const std::string& gateway,
                                    const LearnedRoutes& learned) {
  std::map<Ipv4Prefix, Best> routes;
  const auto declared = lab.virtual_network_gateways.find(gateway);
  if (declared == lab.virtual_network_gateways.end()) return {};
  for (const auto& [name, connection] : declared->second.connections) {
    const auto network = lab.on_premises.find(name);
    if (network == lab.on_premises.end()) continue;
    for (const Ipv4Prefix& prefix : network->second.local_network_address_space) {
      routes[prefix].consider(kStaticRoute, name);
    }
    for (const LearnedPrefix& each : learned_from(lab, gateway, name, learned)) {
      routes[each.prefix].consider(each.as_path_length, name);
    }
  }
  std::vector<GatewayRoute> all;
  for (const auto& [prefix, best] : routes) {
    for (const std::string& name : best.networks) all.push_back({prefix, name});
  }
  return all;
}

std::vector<std::string> gateways_in(const Lab& lab, const std::string& vnet) {
  std::vector<std::string> found;
  for (const GatewayType type : {GatewayType::kExpressRoute, GatewayType::kVpn}) {
    for (const auto& [name, gateway] : lab.virtual_network_gateways) {
      if (gateway.virtual_network == vnet && gateway.gateway_type == type) found.push_back(name);
    }
  }
  return found;
}

std::vector<std::string> gateways_of(const Lab& lab, const std::string& vnet) {
  std::vector<std::string> own = gateways_in(lab, vnet);
  if (!own.empty()) return own;
  const auto network = lab.virtual_networks.find(vnet);
  if (network == lab.virtual_networks.end()) return {};
  for (const auto& [remote, peering] : network->second.virtual_network_peerings) {
    if (!uses_gateways_of(lab, vnet, remote)) continue;
    std::vector<std::string> theirs = gateways_in(lab, remote);
    if (!theirs.empty()) return theirs;
  }
  return {};
}

std::vector<Ipv4Prefix> told_prefixes(const Lab& lab, const std::string& gateway) {
  std::vector<Ipv4Prefix> told;
  for (const auto& [name, vnet] : lab.virtual_networks) {
    const std::vector<std::string> used = gateways_of(lab, name);
    if (std::find(used.begin(), used.end(), gateway) == used.end()) continue;
    told.insert(told.end(), vnet.address_prefixes.begin(), vnet.address_prefixes.end());
  }
  return told;
}

std::optional<Ipv4Address> address_of(const Lab& lab, const VirtualNetworkGateway& gateway) {
  const Subnet* subnet = lab.find({gateway.virtual_network, kGatewaySubnet});
  if (subnet == nullptr || subnet->address_prefixes.empty()) return std::nullopt;
  if (const auto asked = asked_address(*subnet, gateway)) return asked;
  const auto usable = usable_range(subnet->address_prefixes.front());
  if (!usable) return std::nullopt;
  const std::optional<Ipv4Address> taken = taken_before(lab, *subnet, gateway);
  const bool first_is_taken = taken && taken->bits == usable->first;
  return Ipv4Address{usable->first + (first_is_taken ? 1 : 0)};
}

}  // namespace egress::lab
