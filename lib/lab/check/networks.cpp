// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include <algorithm>
#include <set>

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

// `relation` is what the two have in common besides.
void clash(const Overlap& overlap, const char* code, const std::string& relation, Checks& checks) {
  const auto claim = [&](const OwnedPrefix& own, const OwnedPrefix& other) {
    const std::string of = other.owner.empty() ? std::string{} : " of " + other.owner;
    return Checks::Claim{
        own.path,
        fmt::format("{} overlaps {}{}", own.prefix.to_string(), other.prefix.to_string(), of),
        relation};
  };
  checks.clash(code, claim(overlap.later, overlap.earlier), claim(overlap.earlier, overlap.later),
               {}, true);
}

void check_address_space(const std::string& name, const VirtualNetwork& vnet, Checks& checks) {
  std::vector<OwnedPrefix> prefixes;
  for (size_t i = 0; i < vnet.address_prefixes.size(); ++i) {
    const Ipv4Prefix prefix = vnet.address_prefixes[i];
    const std::string path = fmt::format("{}.addressPrefixes[{}]", vnet_path(name), i);
    prefixes.push_back({prefix, {}, path});
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
    clash(overlap, "overlap", " of the same virtual network", checks);
  }
  checks.limit(vnet_path(name) + ".dnsServers", vnet.dns_servers.size(), kMaxDnsServers,
               "DNS servers");
}

void check_subnet(const SubnetRef& ref, const Subnet& subnet, const Lab& lab, Checks& checks) {
  const std::string path = subnet_path(ref);
  const VirtualNetwork& vnet = lab.virtual_networks.at(ref.vnet);
  const AddressSet space = address_set(vnet.address_prefixes);
  Checks::Paths rests_on = {vnet_path(ref.vnet) + ".addressPrefixes"};
  for (size_t i = 0; i < vnet.address_prefixes.size(); ++i) {
    rests_on.push_back(fmt::format("{}.addressPrefixes[{}]", vnet_path(ref.vnet), i));
  }
  for (size_t i = 0; i < subnet.address_prefixes.size(); ++i) {
    const Ipv4Prefix prefix = subnet.address_prefixes[i];
    const std::string prefix_path = fmt::format("{}.addressPrefixes[{}]", path, i);
    if (!address_set({prefix}).without(space).empty()) {
      checks.error(prefix_path, "subnet-outside",
                   fmt::format("{} is not inside the address space of virtual network '{}'",
                               prefix.to_string(), ref.vnet),
                   {}, rests_on);
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
  const auto& back = lab.virtual_networks.at(remote).virtual_network_peerings;
  if (back.contains(name)) return;
  // One with a network that is not there may be meant for this one, and is told of.
  const bool misspelt = std::any_of(back.begin(), back.end(), [&](const auto& other) {
    return !lab.virtual_networks.contains(other.first);
  });
  if (misspelt) return;
  checks.warning(
      path, "peering-initiated",
      fmt::format("'{}' has no peering with '{}': this one stays Initiated and carries nothing",
                  remote, name),
      {}, {peerings_path(remote)});
}

using PrefixPaths = std::set<std::pair<std::string, std::string>>;

// A network and all its peers have disjoint address spaces (azure-facts 6.7). Each two are told of
// once, which `told` knows.
void check_peer_spaces(const std::string& name, const Lab& lab, PrefixPaths& told, Checks& checks) {
  std::vector<OwnedPrefix> spaces;
  const auto add = [&](const std::string& network, const VirtualNetwork& vnet) {
    for (size_t i = 0; i < vnet.address_prefixes.size(); ++i) {
      spaces.push_back({vnet.address_prefixes[i], fmt::format("'{}'", network),
                        fmt::format("{}.addressPrefixes[{}]", vnet_path(network), i)});
    }
  };
  const VirtualNetwork& own = lab.virtual_networks.at(name);
  add(name, own);
  for (const auto& [remote, peering] : own.virtual_network_peerings) {
    const auto peer = lab.virtual_networks.find(remote);
    if (remote != name && peer != lab.virtual_networks.end()) add(peer->first, peer->second);
  }
  const std::string self = fmt::format("'{}'", name);
  for (const Overlap& overlap : overlaps(std::move(spaces))) {
    if (overlap.earlier.owner == overlap.later.owner) continue;
    const auto [one, other] = std::minmax(overlap.earlier.path, overlap.later.path);
    if (!told.emplace(one, other).second) continue;
    const bool direct = overlap.earlier.owner == self || overlap.later.owner == self;
    clash(overlap, "peering-overlap",
          direct ? std::string(", with which it is peered")
                 : fmt::format(", and both are peered with {}", self),
          checks);
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
        prefixes.push_back({subnet.address_prefixes[i], fmt::format("subnet '{}'", subnet_name),
                            fmt::format("{}.addressPrefixes[{}]", subnet_path(ref), i)});
      }
    }
    for (const Overlap& overlap : overlaps(prefixes)) clash(overlap, "overlap", {}, checks);
  }
}

void check_peerings(const Lab& lab, Checks& checks) {
  PrefixPaths told;
  for (const auto& [name, vnet] : lab.virtual_networks) {
    for (const auto& [remote, peering] : vnet.virtual_network_peerings) {
      check_peering(name, remote, lab, checks);
    }
    checks.limit(peerings_path(name), vnet.virtual_network_peerings.size(), kMaxPeerings,
                 "peerings");
    check_peer_spaces(name, lab, told, checks);
  }
}

}  // namespace egress::lab
