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

// A public address is one thing's, a NAT gateway's or a host's.
void check_shared_addresses(const Lab& lab, Checks& checks) {
  struct Owner {
    std::string text{};
    std::string path{};
  };
  Named<Owner> owners;
  for (const auto& [name, gateway] : lab.nat_gateways) {
    for (size_t i = 0; i < gateway.public_ip_addresses.size(); ++i) {
      const std::string& address = gateway.public_ip_addresses[i];
      const std::string at = fmt::format("natGateways.{}.publicIpAddresses[{}]", name, i);
      const auto [owner, fresh] =
          owners.emplace(address, Owner{fmt::format("NAT gateway '{}'", name), at});
      if (fresh) continue;
      checks.error(at, "shared-address",
                   fmt::format("public IP address '{}' is {}'s already", shown(address),
                               owner->second.text));
    }
  }
  for (const auto& [name, host] : lab.hosts) {
    if (!host.public_ip_address) continue;
    const std::string& address = *host.public_ip_address;
    if (!lab.public_ip_addresses.contains(address)) continue;
    const std::string at = "hosts." + name + ".publicIPAddress";
    const Owner own{fmt::format("host '{}'", name), at};
    const auto [owner, fresh] = owners.emplace(address, own);
    if (fresh) continue;
    const auto taken = [&](const Owner& by) {
      return fmt::format("public IP address '{}' is {}'s already", shown(address), by.text);
    };
    checks.clash("shared-address", {at, taken(owner->second)}, {owner->second.path, taken(own)});
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
