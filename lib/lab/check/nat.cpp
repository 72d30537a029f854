// SPDX-License-Identifier: MIT

// Who has which public addresses to translate with, and for whom (azure-facts 7.1, 7.2).

#include <fmt/format.h>

#include "lab/check/checks.hpp"
#include "lab/limits.hpp"

namespace egress::lab {
namespace {

void check_gateway(const std::string& name, const NatGateway& gateway, const Lab& lab,
                   Checks& checks) {
  const std::string path = "natGateways." + name;
  for (size_t i = 0; i < gateway.public_ip_addresses.size(); ++i) {
    checks.refers(fmt::format("{}.publicIpAddresses[{}]", path, i), "public IP address",
                  gateway.public_ip_addresses[i], lab.public_ip_addresses, "publicIPAddresses");
  }
  uint64_t addresses = gateway.public_ip_addresses.size();
  for (size_t i = 0; i < gateway.public_ip_prefixes.size(); ++i) {
    const Ipv4Prefix& prefix = gateway.public_ip_prefixes[i];
    if (prefix.length < kMinNatPrefixLength) {
      checks.error(fmt::format("{}.publicIpPrefixes[{}]", path, i), "limit",
                   fmt::format("a /{} holds {} addresses, a NAT gateway takes /{} to /32",
                               prefix.length, prefix.size(), kMinNatPrefixLength));
      return;
    }
    addresses += prefix.size();
  }
  if (addresses == 0) {
    checks.error(path, "nat-addresses", "it has no public address",
                 "write 'publicIpAddresses' or 'publicIpPrefixes'");
  } else if (addresses > kMaxNatAddresses) {
    checks.error(path, "nat-addresses",
                 fmt::format("{} public addresses, a NAT gateway has {} at most", addresses,
                             kMaxNatAddresses));
  }
}

void check_shared_addresses(const Lab& lab, Checks& checks) {
  Named<std::string> gateway_of;
  for (const auto& [name, gateway] : lab.nat_gateways) {
    for (size_t i = 0; i < gateway.public_ip_addresses.size(); ++i) {
      const std::string& address = gateway.public_ip_addresses[i];
      const auto [owner, fresh] = gateway_of.emplace(address, name);
      if (fresh) continue;
      checks.error(fmt::format("natGateways.{}.publicIpAddresses[{}]", name, i), "shared-address",
                   fmt::format("public IP address '{}' is NAT gateway '{}''s already",
                               shown(address), owner->second));
    }
  }
}

void check_subnets(const Lab& lab, Checks& checks) {
  Named<std::string> network_of;
  for (const auto& [vnet, network] : lab.virtual_networks) {
    for (const auto& [name, subnet] : network.subnets) {
      if (!subnet.nat_gateway) continue;
      const std::string at = subnet_path({vnet, name}) + ".natGateway";
      if (!checks.refers(at, "NAT gateway", *subnet.nat_gateway, lab.nat_gateways, "natGateways")) {
        continue;
      }
      const auto [other, fresh] = network_of.emplace(*subnet.nat_gateway, vnet);
      if (fresh || other->second == vnet) continue;
      checks.error(at, "nat-networks",
                   fmt::format("NAT gateway '{}' serves virtual network '{}' already: a gateway "
                               "serves subnets of one network",
                               *subnet.nat_gateway, other->second));
    }
  }
  for (const auto& [name, gateway] : lab.nat_gateways) {
    if (network_of.contains(name)) continue;
    checks.warning("natGateways." + name, "no-effect", "no subnet uses it", {},
                   {"virtualNetworks"});
  }
}

// Contract "Decided" 27.
void check_masquerade(const Lab& lab, Checks& checks) {
  for (const auto& [name, host] : lab.hosts) {
    const Subnet* subnet = host.masquerade && host.subnet ? lab.find(*host.subnet) : nullptr;
    if (subnet == nullptr || !subnet->nat_gateway) continue;
    const std::string path = "hosts." + name;
    checks.warning(path + ".masquerade", "no-effect",
                   fmt::format("subnet '{}' has a NAT gateway, whose addresses its packets wear",
                               host.subnet->to_string()),
                   {}, {path + ".subnet", subnet_path(*host.subnet) + ".natGateway"});
  }
}

}  // namespace

void check_nat(const Lab& lab, Checks& checks) {
  for (const auto& [name, gateway] : lab.nat_gateways) check_gateway(name, gateway, lab, checks);
  check_shared_addresses(lab, checks);
  check_subnets(lab, checks);
  check_masquerade(lab, checks);
  const int ports = lab.snat_ports.preallocated + lab.snat_ports.best_effort;
  if (ports <= kPortsPerAddress) return;
  checks.error("snatPorts", "snat-ports",
               fmt::format("'preallocated' and 'bestEffort' are {} ports, an address has {}", ports,
                           kPortsPerAddress));
}

}  // namespace egress::lab
