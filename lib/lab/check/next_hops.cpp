// SPDX-License-Identifier: MIT

// Routes to appliances that are not there, not in reach, or do not forward: what they carry is
// dropped (contract "Decided" 5).

#include <fmt/format.h>

#include "lab/check/checks.hpp"

namespace egress::lab {
namespace {

class NextHopCheck {
 public:
  NextHopCheck(const Lab& lab, Checks& checks) : lab_(lab), checks_(checks) {}

  // As seen from subnet `name` of `vnet`, whose table it stands in.
  void check(const std::string& table, const std::string& route, Ipv4Address hop,
             const std::string& vnet) {
    path_ = fmt::format("routeTables.{}.routes.{}.nextHopIpAddress", table, route);
    if (is_frontend(hop, vnet)) return;
    for (const auto& [name, host] : lab_.hosts) {
      if (!host.subnet || host.ip_address != hop || !in_reach(host.subnet->vnet, vnet)) continue;
      if (host.enable_ip_forwarding) return;
      return warn(fmt::format("'{}' ({}) does not forward", name, hop.to_string()),
                  fmt::format("say 'enableIPForwarding: true' of host '{}'", name));
    }
    for (const auto& [name, host] : lab_.hosts) {
      if (!host.subnet || host.ip_address != hop || in_reach(host.subnet->vnet, vnet)) continue;
      return warn(fmt::format("{} is '{}' in '{}', which is not peered with '{}'", hop.to_string(),
                              name, host.subnet->vnet, vnet),
                  {});
    }
    absent(hop, vnet);
  }

 private:
  bool in_reach(const std::string& other, const std::string& vnet) const {
    if (other == vnet) return true;
    const auto there = lab_.virtual_networks.find(other);
    return there != lab_.virtual_networks.end() &&
           there->second.virtual_network_peerings.contains(vnet) &&
           lab_.virtual_networks.at(vnet).virtual_network_peerings.contains(other);
  }

  bool is_frontend(Ipv4Address hop, const std::string& vnet) const {
    for (const auto& [name, balancer] : lab_.load_balancers) {
      for (const auto& [frontend, each] : balancer.frontend_ip_configurations) {
        if (each.private_ip_address == hop && in_reach(each.subnet.vnet, vnet)) return true;
      }
    }
    return false;
  }

  void absent(Ipv4Address hop, const std::string& vnet) {
    for (const auto& [name, network] : lab_.virtual_networks) {
      for (const auto& [subnet, each] : network.subnets) {
        for (const Ipv4Prefix& prefix : each.address_prefixes) {
          if (hop.bits != prefix.address.bits + 1 || !in_reach(name, vnet)) continue;
          return warn(fmt::format("{} is the gateway of subnet '{}/{}', no machine",
                                  hop.to_string(), name, subnet),
                      nearest(hop, vnet));
        }
      }
    }
    warn(fmt::format("nobody in '{}' and its peers has {}", vnet, hop.to_string()),
         nearest(hop, vnet));
  }

  std::string nearest(Ipv4Address hop, const std::string& vnet) const {
    Nearest search(hop.to_string());
    for (const auto& [name, host] : lab_.hosts) {
      if (host.subnet && host.enable_ip_forwarding && in_reach(host.subnet->vnet, vnet)) {
        search.consider(host.ip_address.to_string());
      }
    }
    return search.hint();
  }

  void warn(const std::string& what, std::string hint) {
    checks_.warning(path_, "next-hop-absent", what + ": what this route carries is dropped",
                    std::move(hint), {"hosts", "virtualNetworks", "loadBalancers"});
  }

  const Lab& lab_;
  Checks& checks_;
  std::string path_{};
};

}  // namespace

void check_next_hops(const Lab& lab, Checks& checks) {
  // The networks in which each table is used.
  Named<Names> users;
  for (const auto& [name, vnet] : lab.virtual_networks) {
    for (const auto& [subnet, each] : vnet.subnets) {
      if (each.route_table) users[*each.route_table].insert(name);
    }
  }
  NextHopCheck check(lab, checks);
  for (const auto& [table, vnets] : users) {
    const auto found = lab.route_tables.find(table);
    if (found == lab.route_tables.end()) continue;
    for (const auto& [name, route] : found->second.routes) {
      if (route.next_hop_type != NextHopType::kVirtualAppliance || !route.next_hop_ip_address) {
        continue;
      }
      for (const std::string& vnet : vnets) {
        check.check(found->first, name, *route.next_hop_ip_address, vnet);
      }
    }
  }
}

}  // namespace egress::lab
