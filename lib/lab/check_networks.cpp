// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include "lab/checks.hpp"
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
    {{{0x00000000}, 8}, "this network"}, {{{0x7f000000}, 8}, "loopback"},
    {{{0xa9fe0000}, 16}, "link-local"},  {{kAzurePlatform, 32}, "Azure's platform address"},
    {{{0xe0000000}, 4}, "multicast"},    {{{0xf0000000}, 4}, "reserved"},
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
  if (vnet.dns_servers.size() > kMaxDnsServers) {
    checks.error(
        vnet_path(name) + ".dnsServers", "limit",
        fmt::format("{} DNS servers, {} are allowed", vnet.dns_servers.size(), kMaxDnsServers));
  }
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
  if (subnet.network_security_group) {
    checks.refers(path + ".networkSecurityGroup", "network security group",
                  *subnet.network_security_group, lab.network_security_groups,
                  "networkSecurityGroups");
  }
  if (subnet.route_table) {
    checks.refers(path + ".routeTable", "route table", *subnet.route_table, lab.route_tables,
                  "routeTables");
  }
  if (!subnet.service_endpoints.empty()) {
    checks.warning(path + ".serviceEndpoints", "not-emulated",
                   "service endpoints are not emulated: traffic to these services goes as Internet "
                   "traffic");
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
    const std::string path = vnet_path(name) + ".virtualNetworkPeerings";
    std::vector<OwnedPrefix> spaces;
    const auto add_space = [&](const std::string& owner, const std::string& at) {
      for (const Ipv4Prefix& prefix : lab.virtual_networks.at(owner).address_prefixes) {
        spaces.push_back({prefix, owner, at});
      }
    };
    add_space(name, path);
    for (const auto& [remote, peering] : vnet.virtual_network_peerings) {
      const std::string at = path + "." + remote;
      if (remote == name) {
        checks.error(at, "peering-itself", "a virtual network cannot be peered with itself");
        continue;
      }
      if (!checks.refers(at, "virtual network", remote, lab.virtual_networks, "virtualNetworks")) {
        continue;
      }
      add_space(remote, at);
      if (!lab.virtual_networks.at(remote).virtual_network_peerings.contains(name)) {
        checks.warning(
            at, "peering-initiated",
            fmt::format(
                "'{}' has no peering with '{}': this one stays Initiated and carries nothing",
                remote, name),
            {}, {vnet_path(remote) + ".virtualNetworkPeerings"});
      }
    }
    if (vnet.virtual_network_peerings.size() > kMaxPeerings) {
      checks.error(path, "limit",
                   fmt::format("{} peerings, {} are allowed", vnet.virtual_network_peerings.size(),
                               kMaxPeerings));
    }
    for (const Overlap& overlap : overlaps(spaces)) {
      const OwnedPrefix& earlier = overlap.earlier;
      const OwnedPrefix& later = overlap.later;
      if (earlier.owner == later.owner) continue;
      const OwnedPrefix& peer = later.owner == name ? earlier : later;
      const OwnedPrefix& other = later.owner == name ? later : earlier;
      checks.error(peer.path, "peering-overlap",
                   fmt::format("{} of '{}' overlaps {} of {}", peer.prefix.to_string(), peer.owner,
                               other.prefix.to_string(),
                               other.owner == name
                                   ? fmt::format("'{}'", name)
                                   : fmt::format("'{}', another peer of '{}'", other.owner, name)),
                   {},
                   {vnet_path(peer.owner) + ".addressPrefixes",
                    vnet_path(other.owner) + ".addressPrefixes"});
    }
  }
}

}  // namespace egress::lab
