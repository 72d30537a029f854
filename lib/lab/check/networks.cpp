// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include "base/special_ranges.hpp"
#include "lab/check/checks.hpp"
#include "lab/limits.hpp"

namespace egress::lab {
namespace {

struct Range {
  Ipv4Prefix prefix{};
  const char* use = "";
};

// azure-facts 3.3.9; 0.0.0.0/8 is never a destination, and 240.0.0.0/4 (which holds the broadcast
// address) carries the emulator's own inside addresses.
constexpr Range kDisallowed[] = {
    {kThisNetwork, "this network"}, {kLoopback, "loopback"},
    {kLinkLocal, "link-local"},     {{kAzurePlatform, 32}, "Azure's platform address"},
    {kMulticast, "multicast"},      {kReserved, "reserved"},
};

void check_address_space(const std::string& name, const VirtualNetwork& vnet, Checks& checks) {
  std::vector<OwnedPrefix> prefixes;
  for (size_t i = 0; i < vnet.address_prefixes.size(); ++i) {
    const Ipv4Prefix prefix = vnet.address_prefixes[i];
    const std::string path = fmt::format("{}.addressPrefixes[{}]", vnet_path(name), i);
    prefixes.push_back({prefix, name, path});
    for (const Range& range : kDisallowed) {
      if (!range.prefix.overlaps(prefix)) continue;
      checks.error(path, "address-space",
                   fmt::format("{} overlaps {} ({}), which a virtual network cannot hold",
                               prefix.to_string(), range.prefix.to_string(), range.use));
      break;
    }
    if (prefix.length > kMinSubnetLength) {
      checks.error(path, "address-space",
                   fmt::format("{} is too small: a virtual network has prefixes of /{} or larger",
                               prefix.to_string(), kMinSubnetLength));
    }
  }
  for (const Overlap& overlap : overlaps(prefixes)) {
    checks.error(overlap.later.path, "overlap",
                 fmt::format("{} overlaps {} of the same virtual network",
                             overlap.later.prefix.to_string(), overlap.earlier.prefix.to_string()));
  }
  checks.limit(vnet_path(name) + ".dnsServers", vnet.dns_servers.size(), kMaxDnsServers,
               "DNS servers");
}

void check_subnet(const SubnetRef& ref, const Subnet& subnet, const Lab& lab, Checks& checks) {
  const std::string path = subnet_path(ref);
  const VirtualNetwork& vnet = lab.virtual_networks.at(ref.vnet);
  const AddressSet space = address_set(vnet.address_prefixes);
  for (size_t i = 0; i < subnet.address_prefixes.size(); ++i) {
    const Ipv4Prefix prefix = subnet.address_prefixes[i];
    const std::string prefix_path = fmt::format("{}.addressPrefixes[{}]", path, i);
    if (!address_set({prefix}).without(space).empty()) {
      checks.error(prefix_path, "subnet-outside",
                   fmt::format("{} is not inside the address space of virtual network '{}'",
                               prefix.to_string(), ref.vnet),
                   {}, {vnet_path(ref.vnet) + ".addressPrefixes"});
    }
    if (prefix.length > kMinSubnetLength) {
      checks.error(prefix_path, "subnet-size",
                   fmt::format("{} is too small: a subnet is /{} or larger", prefix.to_string(),
                               kMinSubnetLength));
    }
  }
  if (subnet.delegations.size() > 1) {
    checks.error(path + ".delegations", delegation_limit(ref, subnet.delegations.size()),
                 "use another subnet");
  }
  if (subnet.network_security_group) {
    checks.refers(path + ".networkSecurityGroup", "network security group",
                  *subnet.network_security_group, lab.network_security_groups,
                  "networkSecurityGroups");
  }
  if (subnet.route_table) {
    checks.refers(path + ".routeTable", "route table", *subnet.route_table, lab.route_tables,
                  "routeTables");
  }
}

std::string peerings_path(const std::string& vnet) {
  return vnet_path(vnet) + ".virtualNetworkPeerings";
}

void check_peering(const std::string& name, const std::string& remote, const Lab& lab,
                   Checks& checks) {
  const std::string path = peerings_path(name) + "." + remote;
  if (remote == name) {
    checks.error(path, "peering-itself", "a virtual network cannot be peered with itself");
    return;
  }
  if (!checks.refers(path, "virtual network", remote, lab.virtual_networks, "virtualNetworks")) {
    return;
  }
  if (lab.virtual_networks.at(remote).virtual_network_peerings.contains(name)) return;
  checks.warning(
      path, "peering-initiated",
      fmt::format("'{}' has no peering with '{}': this one stays Initiated and carries nothing",
                  remote, name),
      {}, {peerings_path(remote)});
}

// A network and all its peers have disjoint address spaces (azure-facts 6.7).
void check_peer_spaces(const std::string& name, const VirtualNetwork& vnet, const Lab& lab,
                       Checks& checks) {
  std::vector<OwnedPrefix> spaces;
  for (const Ipv4Prefix& prefix : vnet.address_prefixes) spaces.push_back({prefix, name, {}});
  for (const auto& [remote, peering] : vnet.virtual_network_peerings) {
    const auto peer = lab.virtual_networks.find(remote);
    if (remote == name || peer == lab.virtual_networks.end()) continue;
    for (const Ipv4Prefix& prefix : peer->second.address_prefixes) {
      spaces.push_back({prefix, remote, peerings_path(name) + "." + remote});
    }
  }
  for (const Overlap& overlap : overlaps(std::move(spaces))) {
    if (overlap.earlier.owner == overlap.later.owner) continue;
    const bool later_is_own = overlap.later.owner == name;
    const OwnedPrefix& peer = later_is_own ? overlap.earlier : overlap.later;
    const OwnedPrefix& other = later_is_own ? overlap.later : overlap.earlier;
    const std::string relation =
        other.owner == name ? std::string{} : fmt::format(", another peer of '{}'", name);
    checks.error(
        peer.path, "peering-overlap",
        fmt::format("{} of '{}' overlaps {} of '{}'{}", peer.prefix.to_string(), peer.owner,
                    other.prefix.to_string(), other.owner, relation),
        {},
        {vnet_path(peer.owner) + ".addressPrefixes", vnet_path(other.owner) + ".addressPrefixes"});
  }
}

}  // namespace

void check_networks(const Lab& lab, Checks& checks) {
  for (const auto& [name, vnet] : lab.virtual_networks) {
    check_address_space(name, vnet, checks);
    std::vector<OwnedPrefix> prefixes;
    for (const auto& [subnet_name, subnet] : vnet.subnets) {
      const SubnetRef ref{name, subnet_name};
      check_subnet(ref, subnet, lab, checks);
      for (size_t i = 0; i < subnet.address_prefixes.size(); ++i) {
        prefixes.push_back({subnet.address_prefixes[i], subnet_name,
                            fmt::format("{}.addressPrefixes[{}]", subnet_path(ref), i)});
      }
    }
    for (const Overlap& overlap : overlaps(prefixes)) {
      checks.error(overlap.later.path, "overlap",
                   fmt::format("{} overlaps {} of subnet '{}'", overlap.later.prefix.to_string(),
                               overlap.earlier.prefix.to_string(), overlap.earlier.owner),
                   {}, {overlap.earlier.path});
    }
  }
}

void check_peerings(const Lab& lab, Checks& checks) {
  for (const auto& [name, vnet] : lab.virtual_networks) {
    for (const auto& [remote, peering] : vnet.virtual_network_peerings) {
      check_peering(name, remote, lab, checks);
    }
    checks.limit(peerings_path(name), vnet.virtual_network_peerings.size(), kMaxPeerings,
                 "peerings");
    check_peer_spaces(name, vnet, lab, checks);
  }
}

}  // namespace egress::lab
