// SPDX-License-Identifier: MIT

// Gateways, the networks on-premises behind them, and who uses them over a peering
// (azure-facts 5.4, 6.3; contract "Decided" 20, 26).

#include <fmt/format.h>

#include <map>
#include <set>

#include "base/special_ranges.hpp"
#include "lab/check/checks.hpp"
#include "lab/limits.hpp"

namespace egress::lab {
namespace {

std::string gateway_path(const std::string& name) {
  return "virtualNetworkGateways." + name;
}

std::string network_path(const std::string& name) {
  return "onPremises." + name;
}

// Prefixes that an address must be in, and one that Azure leaves free.
void check_peering_address(const std::string& path, Ipv4Address address, const Subnet& subnet,
                           const SubnetRef& ref, Checks& checks) {
  for (const Ipv4Prefix& prefix : subnet.address_prefixes) {
    const auto usable = usable_range(prefix);
    if (usable && address.bits >= usable->first && address.bits <= usable->last) return;
  }
  checks.error(path + ".bgpSettings.bgpPeeringAddress", "address-outside",
               fmt::format("{} is no usable address of subnet '{}', in which the gateway stands",
                           address.to_string(), ref.to_string()),
               {}, {subnet_path(ref) + ".addressPrefix", subnet_path(ref) + ".addressPrefixes"});
}

// Whom the gateway's speaker may have as a neighbour.
void check_neighbour(const std::string& path, const std::string& name,
                     const VirtualNetworkGateway& gateway, const OnPremisesNetwork& network,
                     Checks& checks) {
  const auto& settings = network.bgp_settings;
  if (!settings || !settings->bgp_peering_address) {
    checks.warning(path + ".enableBgp", "not-emulated",
                   fmt::format("BGP is not spoken with '{}', which has no 'bgpPeeringAddress': "
                               "what it lists as 'advertisedPrefixes' counts as learned",
                               name),
                   {}, {network_path(name)});
    return;
  }
  if (settings->asn == (gateway.bgp_settings ? gateway.bgp_settings->asn : kGatewayAsn)) {
    checks.error(
        path + ".enableBgp", "bgp-asn",
        fmt::format("'{}' has the gateway's own autonomous system, {}", name, settings->asn), {},
        {network_path(name) + ".bgpSettings.asn"});
  }
}

// Each neighbour is known by its address.
void check_peering_addresses(const std::string& name, const VirtualNetworkGateway& gateway,
                             const Lab& lab, Checks& checks) {
  std::map<Ipv4Address, std::string> owners;
  if (const auto own = address_of(lab, gateway)) owners.emplace(*own, name);
  for (const BgpPeering& peering : bgp_peerings(lab, gateway)) {
    const auto [owner, fresh] =
        owners.emplace(*peering.remote.bgp_peering_address, peering.on_premises);
    if (fresh) continue;
    checks.error(
        network_path(peering.on_premises) + ".bgpSettings.bgpPeeringAddress", "address-duplicate",
        fmt::format("'{}' has the address {} already, and a speaker is known by its address",
                    owner->second, owner->first.to_string()));
  }
}

void check_connections(const std::string& name, const VirtualNetworkGateway& gateway,
                       const Lab& lab, Checks& checks) {
  for (const auto& [remote, connection] : gateway.connections) {
    const std::string path = gateway_path(name) + ".connections." + remote;
    if (!checks.refers(path, "network on-premises", remote, lab.on_premises, "onPremises")) {
      continue;
    }
    const OnPremisesNetwork& network = lab.on_premises.at(remote);
    if (connection.enable_bgp && gateway.sku == kBasicGatewaySku) {
      checks.error(path + ".enableBgp", "gateway-sku", "a gateway of the SKU Basic speaks no BGP",
                   {}, {gateway_path(name) + ".sku"});
    } else if (connection.enable_bgp) {
      check_neighbour(path, remote, gateway, network, checks);
    } else if (!network.advertised_prefixes.empty()) {
      checks.warning(
          path, "no-effect",
          fmt::format("without 'enableBgp' nothing is learned of what '{}' advertises", remote), {},
          {network_path(remote) + ".advertisedPrefixes"});
    }
  }
}

void check_sku(const std::string& name, const VirtualNetworkGateway& gateway, Checks& checks) {
  if (gateway.sku.empty()) return;
  const bool vpn = gateway.gateway_type == GatewayType::kVpn;
  const bool either = gateway.sku == kBasicGatewaySku || gateway.sku == "Standard" ||
                      gateway.sku == "HighPerformance";
  if (either || vpn == gateway.sku.starts_with("Vpn")) return;
  checks.error(gateway_path(name) + ".sku", "gateway-sku",
               fmt::format("{} is no SKU of gateways of the type {}", gateway.sku,
                           name_of(gateway.gateway_type)),
               {}, {gateway_path(name) + ".gatewayType"});
}

void check_gateway(const std::string& name, const VirtualNetworkGateway& gateway, const Lab& lab,
                   Checks& checks) {
  const std::string path = gateway_path(name);
  if (checks.refers(path + ".virtualNetwork", "virtual network", gateway.virtual_network,
                    lab.virtual_networks, "virtualNetworks")) {
    const SubnetRef ref{gateway.virtual_network, kGatewaySubnet};
    const Subnet* subnet = lab.find(ref);
    if (subnet == nullptr) {
      checks.error(path + ".virtualNetwork", "gateway-subnet",
                   fmt::format("virtual network '{}' has no subnet '{}', in which gateways stand",
                               gateway.virtual_network, kGatewaySubnet),
                   {}, {vnet_path(gateway.virtual_network) + ".subnets"});
    } else if (gateway.bgp_settings && gateway.bgp_settings->bgp_peering_address) {
      check_peering_address(path, *gateway.bgp_settings->bgp_peering_address, *subnet, ref, checks);
    }
  }
  check_sku(name, gateway, checks);
  check_connections(name, gateway, lab, checks);
  check_peering_addresses(name, gateway, lab, checks);
}

// One of each type (Azure's "Configure ExpressRoute and site-to-site coexisting connections").
void check_one_of_a_type(const Lab& lab, Checks& checks) {
  std::map<std::pair<std::string, GatewayType>, std::string> standing;
  for (const auto& [name, gateway] : lab.virtual_network_gateways) {
    const auto [other, fresh] =
        standing.emplace(std::pair{gateway.virtual_network, gateway.gateway_type}, name);
    if (fresh) continue;
    checks.error(gateway_path(name) + ".virtualNetwork", "gateway-networks",
                 fmt::format("'{}' is a gateway of the type {} in '{}' already: a network has one "
                             "of each type",
                             other->second, name_of(gateway.gateway_type), gateway.virtual_network),
                 {}, {gateway_path(name) + ".gatewayType"});
  }
}

// Of a gateway that shares its GatewaySubnet with the network's other one.
void check_beside_another(const std::string& name, const VirtualNetworkGateway& gateway,
                          const std::string& other, const Lab& lab, Checks& checks) {
  const auto refuse = [&](const std::string& key, const std::string& why) {
    checks.error(gateway_path(name) + key, "gateway-networks",
                 fmt::format("'{}' stands in '{}', too: {}", other, gateway.virtual_network, why),
                 {}, {gateway_path(other) + ".virtualNetwork"});
  };
  if (gateway.sku == kBasicGatewaySku) {
    refuse(".sku", "a gateway of the SKU Basic stands beside no other one");
  }
  const bool vpn = gateway.gateway_type == GatewayType::kVpn;
  if (vpn && gateway.bgp_settings && gateway.bgp_settings->asn != kGatewayAsn) {
    refuse(".bgpSettings.asn",
           fmt::format("the VPN gateway beside it has the autonomous system {}", kGatewayAsn));
  }
  const auto address = address_of(lab, gateway);
  if (vpn && address && address == address_of(lab, lab.virtual_network_gateways.at(other))) {
    checks.error(gateway_path(name) + ".bgpSettings.bgpPeeringAddress", "address-duplicate",
                 fmt::format("'{}' has the address {} already", other, address->to_string()), {},
                 {gateway_path(other) + ".bgpSettings.bgpPeeringAddress", gateway_path(name)});
  }
}

void check_coexistence(const Lab& lab, Checks& checks) {
  for (const auto& [vnet, network] : lab.virtual_networks) {
    const std::vector<std::string> standing = gateways_in(lab, vnet);
    const auto type_of = [&](const std::string& name) {
      return lab.virtual_network_gateways.at(name).gateway_type;
    };
    if (standing.size() < 2 || type_of(standing.front()) == type_of(standing.back())) continue;
    const std::string& circuit = standing.front();
    const std::string& vpn = standing.back();
    check_beside_another(circuit, lab.virtual_network_gateways.at(circuit), vpn, lab, checks);
    check_beside_another(vpn, lab.virtual_network_gateways.at(vpn), circuit, lab, checks);
    const SubnetRef ref{vnet, kGatewaySubnet};
    const Subnet* subnet = lab.find(ref);
    if (subnet == nullptr) continue;
    const auto& prefixes = subnet->address_prefixes;
    const bool large = std::any_of(prefixes.begin(), prefixes.end(), [](const Ipv4Prefix& each) {
      return each.length <= kLongestSharedGatewaySubnet;
    });
    if (large) continue;
    checks.error(subnet_path(ref) + ".addressPrefix", "gateway-subnet",
                 fmt::format("gateways '{}' and '{}' stand in it: a {} of two is a /{} at least",
                             vpn, circuit, kGatewaySubnet, kLongestSharedGatewaySubnet),
                 {}, {subnet_path(ref) + ".addressPrefixes"});
  }
}

// Azure allows nothing but gateways in there.
void check_gateway_subnets(const Lab& lab, Checks& checks) {
  for (const auto& [vnet, network] : lab.virtual_networks) {
    const auto found = network.subnets.find(kGatewaySubnet);
    if (found == network.subnets.end()) continue;
    const auto& [name, subnet] = *found;
    const std::string path = subnet_path({vnet, name});
    const auto refuse = [&](bool present, const char* key) {
      if (!present) return;
      checks.error(path + "." + key, "gateway-subnet",
                   fmt::format("a {} has no '{}'", kGatewaySubnet, key));
    };
    refuse(!subnet.delegations.empty(), "delegations");
    refuse(subnet.nat_gateway.has_value(), "natGateway");
    refuse(!subnet.service_endpoints.empty(), "serviceEndpoints");
    if (subnet.network_security_group) {
      checks.warning(path + ".networkSecurityGroup", "no-effect",
                     fmt::format("no security group filters a {}", kGatewaySubnet));
    }
  }
  const auto refuse_place = [&](const std::string& path, const SubnetRef& ref) {
    if (!equal_ignoring_case(ref.subnet, kGatewaySubnet)) return;
    checks.error(path + ".subnet", "gateway-subnet",
                 fmt::format("'{}' takes nothing but a gateway", ref.to_string()));
  };
  for (const auto& [name, host] : lab.hosts) {
    if (host.subnet) refuse_place("hosts." + name, *host.subnet);
  }
  for (const auto& [name, endpoint] : lab.private_endpoints) {
    refuse_place("privateEndpoints." + name, endpoint.subnet);
  }
  for (const auto& [name, balancer] : lab.load_balancers) {
    for (const auto& [frontend, configuration] : balancer.frontend_ip_configurations) {
      refuse_place(frontend_path(name, frontend), configuration.subnet);
    }
  }
}

void check_remote_gateways(const std::string& vnet, const Lab& lab, Checks& checks) {
  std::string first;
  for (const auto& [remote, peering] : lab.virtual_networks.at(vnet).virtual_network_peerings) {
    const auto there = lab.virtual_networks.find(remote);
    if (!peering.use_remote_gateways || there == lab.virtual_networks.end()) continue;
    const std::string path =
        vnet_path(vnet) + ".virtualNetworkPeerings." + remote + ".useRemoteGateways";
    const auto refuse = [&](const std::string& why) {
      checks.error(path, "remote-gateways", why, {}, {"virtualNetworkGateways"});
    };
    if (const auto own = gateways_in(lab, vnet); !own.empty()) {
      refuse(fmt::format("'{}' has a gateway of its own, '{}'", vnet, own.front()));
      continue;
    }
    if (!first.empty()) {
      refuse(fmt::format("'{}' uses the gateway of '{}' already: one peering of a network may",
                         vnet, first));
      continue;
    }
    first = remote;
    const auto& back = there->second.virtual_network_peerings;
    const auto other = back.find(vnet);
    if (other == back.end()) continue;  // it is not connected, which is told elsewhere
    if (!other->second.allow_gateway_transit) {
      refuse(fmt::format("the peering of '{}' with '{}' does not say 'allowGatewayTransit'", remote,
                         vnet));
    } else if (gateways_in(lab, remote).empty()) {
      refuse(fmt::format("'{}' has no gateway", remote));
    }
  }
}

void check_network(const std::string& name, const OnPremisesNetwork& network, Checks& checks) {
  const auto check = [&](const std::vector<Ipv4Prefix>& prefixes, const char* key) {
    for (size_t i = 0; i < prefixes.size(); ++i) {
      if (prefixes[i].length == 0) continue;
      for (const Ipv4Prefix& range : kNeverOnPremises) {
        if (!range.overlaps(prefixes[i])) continue;
        checks.error(fmt::format("{}.{}[{}]", network_path(name), key, i), "address-space",
                     fmt::format("{} overlaps {}, which no network on-premises holds",
                                 prefixes[i].to_string(), range.to_string()));
        break;
      }
    }
  };
  check(network.local_network_address_space, "localNetworkAddressSpace");
  check(network.advertised_prefixes, "advertisedPrefixes");
}

// A speaker's address is the network's router's.
void check_speakers(const Lab& lab, Checks& checks) {
  std::set<std::pair<std::string, Ipv4Address>> speakers;
  for (const auto& [name, gateway] : lab.virtual_network_gateways) {
    for (const BgpPeering& peering : bgp_peerings(lab, gateway)) {
      speakers.emplace(peering.on_premises, *peering.remote.bgp_peering_address);
    }
  }
  for (const auto& [name, host] : lab.hosts) {
    if (!host.on_premises || !speakers.contains({*host.on_premises, host.ip_address})) continue;
    checks.error("hosts." + name + ".ipAddress", "address-duplicate",
                 fmt::format("{} is the 'bgpPeeringAddress' of '{}', whose router has it",
                             host.ip_address.to_string(), *host.on_premises),
                 {}, {network_path(*host.on_premises) + ".bgpSettings.bgpPeeringAddress"});
  }
}

void check_unconnected(const Lab& lab, Checks& checks) {
  for (const auto& [name, network] : lab.on_premises) {
    bool connected = false;
    for (const auto& [gateway_name, gateway] : lab.virtual_network_gateways) {
      connected = connected || gateway.connections.contains(name);
    }
    if (connected) continue;
    checks.warning(network_path(name), "no-effect", "no gateway has a connection with it", {},
                   {"virtualNetworkGateways"});
  }
}

void check_host(const std::string& name, const Host& host, const Lab& lab, Checks& checks) {
  const std::string path = "hosts." + name;
  if (!checks.refers(path + ".onPremises", "network on-premises", *host.on_premises,
                     lab.on_premises, "onPremises")) {
    return;
  }
  const auto refuse = [&](bool present, const char* key, const char* why) {
    if (present) checks.error(path + "." + key, "on-premises-host", why);
  };
  refuse(host.enable_ip_forwarding, "enableIPForwarding",
         "only a host in a virtual network can forward");
  refuse(host.masquerade.has_value(), "masquerade",
         "only a host in a virtual network can masquerade");
  refuse(host.network_security_group.has_value(), "networkSecurityGroup",
         "only a host in a virtual network has a security group");
  refuse(host.public_ip_address.has_value(), "publicIPAddress",
         "only a host in a virtual network has a public address");
  refuse(host.stateful, "stateful", "only a host in a virtual network can be a firewall");
  refuse(!host.network_rules.empty(), "networkRules",
         "only a host in a virtual network can be a firewall");
  refuse(!host.application_security_groups.empty(), "applicationSecurityGroups",
         "only a host in a virtual network can be in application security groups");
  refuse(host.dns_server && !host.dns_server->forward_to.empty(), "dnsServer.forwardTo",
         "a name server on-premises that forwards is not emulated");
  const OnPremisesNetwork& network = lab.on_premises.at(*host.on_premises);
  for (const auto* const prefixes :
       {&network.local_network_address_space, &network.advertised_prefixes}) {
    for (const Ipv4Prefix& prefix : *prefixes) {
      if (prefix.length != 0 && prefix.contains(host.ip_address)) return;
    }
  }
  checks.error(
      path + ".ipAddress", "address-outside",
      fmt::format("{} is in no prefix of '{}'", host.ip_address.to_string(), *host.on_premises), {},
      {network_path(*host.on_premises), path + ".onPremises"});
}

void check_hosts_on_premises(const Lab& lab, Checks& checks) {
  std::map<std::pair<std::string, Ipv4Address>, std::string> owners;
  for (const auto& [name, host] : lab.hosts) {
    if (!host.on_premises) continue;
    check_host(name, host, lab, checks);
    const auto [owner, fresh] = owners.emplace(std::pair{*host.on_premises, host.ip_address}, name);
    if (fresh) continue;
    const std::string has = fmt::format(" has the address {} already", host.ip_address.to_string());
    checks.clash("address-duplicate",
                 {"hosts." + name + ".ipAddress", fmt::format("host '{}'", owner->second), has},
                 {"hosts." + owner->second + ".ipAddress", fmt::format("host '{}'", name), has});
  }
}

}  // namespace

void check_gateways(const Lab& lab, Checks& checks) {
  for (const auto& [name, gateway] : lab.virtual_network_gateways) {
    check_gateway(name, gateway, lab, checks);
  }
  check_one_of_a_type(lab, checks);
  check_coexistence(lab, checks);
  check_gateway_subnets(lab, checks);
  for (const auto& [name, vnet] : lab.virtual_networks) check_remote_gateways(name, lab, checks);
  for (const auto& [name, network] : lab.on_premises) check_network(name, network, checks);
  check_unconnected(lab, checks);
  check_hosts_on_premises(lab, checks);
  check_speakers(lab, checks);
}

}  // namespace egress::lab
