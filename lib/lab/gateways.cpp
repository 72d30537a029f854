// SPDX-License-Identifier: MIT
#include "lab/gateways.hpp"

#include <algorithm>
#include <map>

#include "lab/lab.hpp"

namespace egress::lab {
namespace {

// Whose gateway the network uses over the peering (azure-facts 6.3, 6.5).
bool uses_gateway_of(const Lab& lab, const std::string& vnet, const std::string& remote) {
  const auto here = lab.virtual_networks.find(vnet);
  const auto there = lab.virtual_networks.find(remote);
  if (here == lab.virtual_networks.end() || there == lab.virtual_networks.end()) return false;
  const auto to = here->second.virtual_network_peerings.find(remote);
  const auto from = there->second.virtual_network_peerings.find(vnet);
  return to != here->second.virtual_network_peerings.end() &&
         from != there->second.virtual_network_peerings.end() && to->second.use_remote_gateways &&
         from->second.allow_gateway_transit;
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

const std::vector<Ipv4Prefix>& learned_from(const Lab& lab, const std::string& gateway,
                                            const std::string& on_premises,
                                            const LearnedRoutes& learned) {
  static const std::vector<Ipv4Prefix> nothing;
  const auto declared = lab.virtual_network_gateways.find(gateway);
  const auto network = lab.on_premises.find(on_premises);
  if (declared == lab.virtual_network_gateways.end() || network == lab.on_premises.end()) {
    return nothing;
  }
  const auto connection = declared->second.connections.find(on_premises);
  if (connection == declared->second.connections.end() || !connection->second.enable_bgp) {
    return nothing;
  }
  if (const auto sessions = learned.find(gateway); sessions != learned.end()) {
    const auto session = sessions->second.find(on_premises);
    if (session != sessions->second.end()) return session->second;
  }
  return network->second.advertised_prefixes;
}

std::vector<GatewayRoute> routes_of(const Lab& lab, const std::string& gateway,
                                    const LearnedRoutes& learned) {
  std::map<Ipv4Prefix, std::string> routes;
  const auto declared = lab.virtual_network_gateways.find(gateway);
  if (declared == lab.virtual_network_gateways.end()) return {};
  for (const auto& [name, connection] : declared->second.connections) {
    const auto network = lab.on_premises.find(name);
    if (network == lab.on_premises.end()) continue;
    for (const Ipv4Prefix& prefix : network->second.local_network_address_space) {
      routes.emplace(prefix, name);
    }
  }
  for (const auto& [name, connection] : declared->second.connections) {
    for (const Ipv4Prefix& prefix : learned_from(lab, gateway, name, learned)) {
      routes.emplace(prefix, name);
    }
  }
  std::vector<GatewayRoute> all;
  for (auto& [prefix, name] : routes) all.push_back({prefix, std::move(name)});
  return all;
}

std::string gateway_in(const Lab& lab, const std::string& vnet) {
  for (const auto& [name, gateway] : lab.virtual_network_gateways) {
    if (gateway.virtual_network == vnet) return name;
  }
  return {};
}

std::string gateway_of(const Lab& lab, const std::string& vnet) {
  std::string own = gateway_in(lab, vnet);
  if (!own.empty()) return own;
  const auto network = lab.virtual_networks.find(vnet);
  if (network == lab.virtual_networks.end()) return {};
  for (const auto& [remote, peering] : network->second.virtual_network_peerings) {
    if (!uses_gateway_of(lab, vnet, remote)) continue;
    std::string theirs = gateway_in(lab, remote);
    if (!theirs.empty()) return theirs;
  }
  return {};
}

std::vector<Ipv4Prefix> told_prefixes(const Lab& lab, const std::string& gateway) {
  std::vector<Ipv4Prefix> told;
  for (const auto& [name, vnet] : lab.virtual_networks) {
    if (gateway_of(lab, name) != gateway) continue;
    told.insert(told.end(), vnet.address_prefixes.begin(), vnet.address_prefixes.end());
  }
  return told;
}

std::optional<Ipv4Address> address_of(const Lab& lab, const VirtualNetworkGateway& gateway) {
  const Subnet* subnet = lab.find({gateway.virtual_network, kGatewaySubnet});
  if (subnet == nullptr || subnet->address_prefixes.empty()) return std::nullopt;
  const auto& asked = gateway.bgp_settings ? gateway.bgp_settings->bgp_peering_address
                                           : std::optional<Ipv4Address>{};
  for (const Ipv4Prefix& prefix : subnet->address_prefixes) {
    if (asked && prefix.contains(*asked)) return asked;
  }
  const auto usable = usable_range(subnet->address_prefixes.front());
  return usable ? std::optional(Ipv4Address{usable->first}) : std::nullopt;
}

}  // namespace egress::lab
