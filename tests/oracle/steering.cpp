// SPDX-License-Identifier: MIT
#include "tests/oracle/steering.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "policy/effective_routes.hpp"

namespace egress::oracle {
namespace {

using lab::Lab;
using Appliances = std::vector<const lab::Host*>;

class Steering {
 public:
  Steering(Lab& lab, Random& random, const Pool& pool) : lab_(lab), random_(random), pool_(pool) {}

  void steer() {
    const Ipv4Prefix forth = random_.pick(destinations());
    const Ipv4Prefix back = random_.pick(senders());
    for (auto& [vnet_name, vnet] : lab_.virtual_networks) {
      const Appliances peers = appliances_of_peers(vnet_name);
      Appliances near = peers;
      const Appliances own = appliances_of(vnet_name);
      near.insert(near.end(), own.begin(), own.end());
      for (auto& [name, subnet] : vnet.subnets) {
        const bool integration = lab::is_integration_subnet(subnet);
        if (near.empty() || !random_.chance(integration ? 60 : 50)) continue;
        const bool sends = integration || random_.chance(30);
        lead({vnet_name, name}, sends ? forth : back,
             *random_.pick(sends || peers.empty() ? near : peers));
      }
      if (own.size() > 1 && random_.chance(60)) put_in_a_row(vnet_name, own, forth);
    }
  }

 private:
  std::vector<Ipv4Prefix> destinations() {
    std::vector<Ipv4Prefix> all = {{}, {{0x5db8d800}, 24}};  // 93.184.216.0/24
    for (int i = 0; i < 2 && !pool_.machines.empty(); ++i) {
      all.push_back(Ipv4Prefix::host(random_.pick(pool_.machines)));
    }
    return all;
  }

  std::vector<Ipv4Prefix> senders() const {
    std::vector<Ipv4Prefix> all;
    for (const auto& [vnet_name, vnet] : lab_.virtual_networks) {
      for (const auto& [name, subnet] : vnet.subnets) {
        if (lab::is_integration_subnet(subnet)) all.push_back(subnet.address_prefixes.front());
      }
    }
    return all;
  }

  Appliances appliances_of(const std::string& vnet) const {
    Appliances found;
    for (const auto& [name, host] : lab_.hosts) {
      if (host.enable_ip_forwarding && host.subnet->vnet == vnet) found.push_back(&host);
    }
    return found;
  }

  Appliances appliances_of_peers(const std::string& vnet) const {
    Appliances found;
    for (const std::string& peer : policy::connected_peers(lab_, vnet)) {
      const Appliances there = appliances_of(peer);
      found.insert(found.end(), there.begin(), there.end());
    }
    return found;
  }

  // The subnet gets a table by which packets for `to` go to `appliance`.
  void lead(const lab::SubnetRef& ref, const Ipv4Prefix& to, const lab::Host& appliance) {
    lab::Subnet& subnet = lab_.virtual_networks.at(ref.vnet).subnets.at(ref.subnet);
    const std::string name = fmt::format("via-{}-{}", ref.vnet, ref.subnet);
    lab::RouteTable table = random_route_table(random_, pool_);
    std::erase_if(table.routes,
                  [&](const auto& entry) { return entry.second.address_prefix == to; });
    table.routes["steered"] = {.address_prefix = to,
                               .next_hop_type = lab::NextHopType::kVirtualAppliance,
                               .next_hop_ip_address = appliance.ip_address};
    subnet.route_table = name;
    lab_.route_tables[name] = std::move(table);
  }

  // The apps of the network send by one appliance, its subnet by another one; what comes out of
  // that goes where its own table says.
  void put_in_a_row(const std::string& vnet, const Appliances& appliances, const Ipv4Prefix& to) {
    const lab::Host& first = *random_.pick(appliances);
    const lab::Host& second = *random_.pick(appliances);
    if (first.subnet == second.subnet) return;
    for (const auto& [name, subnet] : lab_.virtual_networks.at(vnet).subnets) {
      if (lab::is_integration_subnet(subnet)) lead({vnet, name}, to, first);
    }
    lead(*first.subnet, to, second);
    if (random_.chance(60)) {
      lab_.virtual_networks.at(vnet).subnets.at(second.subnet->subnet).route_table.reset();
    }
  }

  Lab& lab_;
  Random& random_;
  const Pool& pool_;
};

}  // namespace

void steer_through_appliances(Lab& lab, Random& random, const Pool& pool) {
  Steering(lab, random, pool).steer();
}

}  // namespace egress::oracle
