// SPDX-License-Identifier: MIT
#include "lab/gateways.hpp"

#include <algorithm>
#include <map>

#include "lab/lab.hpp"

namespace egress::lab {
namespace {

std::string own_gateway_of(const Lab& lab, const std::string& vnet) {
  for (const auto& [name, gateway] : lab.virtual_network_gateways) {
    if (gateway.virtual_network == vnet) return name;
  }
  return {};
}

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

std::vector<GatewayRoute> routes_of(const Lab& lab, const VirtualNetworkGateway& gateway) {
  std::map<Ipv4Prefix, std::string> routes;
  for (const auto& [name, connection] : gateway.connections) {
    const auto network = lab.on_premises.find(name);
    if (network == lab.on_premises.end()) continue;
    for (const Ipv4Prefix& prefix : network->second.local_network_address_space) {
      routes.emplace(prefix, name);
    }
    if (!connection.enable_bgp) continue;
    for (const Ipv4Prefix& prefix : network->second.advertised_prefixes) {
      routes.emplace(prefix, name);
    }
  }
  std::vector<GatewayRoute> all;
  for (auto& [prefix, name] : routes) all.push_back({prefix, std::move(name)});
  return all;
}

std::string gateway_of(const Lab& lab, const std::string& vnet) {
  std::string own = own_gateway_of(lab, vnet);
  if (!own.empty()) return own;
  const auto network = lab.virtual_networks.find(vnet);
  if (network == lab.virtual_networks.end()) return {};
  for (const auto& [remote, peering] : network->second.virtual_network_peerings) {
    if (!uses_gateway_of(lab, vnet, remote)) continue;
    std::string theirs = own_gateway_of(lab, remote);
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
  if (subnet == nullptr) return std::nullopt;
  const auto& asked = gateway.bgp_settings ? gateway.bgp_settings->bgp_peering_address
                                           : std::optional<Ipv4Address>{};
  for (const Ipv4Prefix& prefix : subnet->address_prefixes) {
    if (asked && prefix.contains(*asked)) return asked;
  }
  const auto usable = usable_range(subnet->address_prefixes.front());
  return usable ? std::optional(Ipv4Address{usable->first}) : std::nullopt;
}

}  // namespace egress::lab
