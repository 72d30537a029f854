// SPDX-License-Identifier: MIT
#include "tests/oracle/private_ports.hpp"

#include "policy/private_ports.hpp"

namespace egress::oracle {
namespace {

int some_count(Random& random) {
  return static_cast<int>(random.below(4));
}

}  // namespace

void add_private_ports(lab::Lab& lab, Random& random) {
  for (auto& [name, site] : lab.sites) {
    if (random.chance(60)) site.vnet_private_ports_count = some_count(random);
  }
  int& instances = lab.server_farms.at("plan").capacity;
  if (random.chance(50)) instances = 2 + static_cast<int>(random.below(2));
}

void change_private_ports(lab::Lab& lab, Random& random) {
  random.any_of(lab.sites).vnet_private_ports_count = some_count(random);
}

Integrations::Integrations(const lab::Lab& lab, const lab::IntegrationAddresses& addresses) {
  for (const auto& [integration, address] : addresses) {
    Target target{.address = address};
    const auto ports = policy::private_ports(lab, integration.server_farm);
    for (const auto& [name, site] : lab.sites) {
      if (site.virtual_network_subnet != integration.subnet) continue;
      if (site.server_farm != integration.server_farm) continue;
      const auto own = ports.find(name);
      if (own != ports.end()) {
        target.ports.insert(target.ports.end(), own->second.begin(), own->second.end());
      }
      for (int i = 0; i < lab.server_farms.at(site.server_farm).capacity; ++i) {
        if (i != integration.instance) target.others.push_back({name, i});
      }
    }
    targets_.push_back(std::move(target));
  }
}

void Integrations::aim(ProbeCase& next, Random& random) const {
  if (targets_.empty()) return;
  const Target& target = random.pick(targets_);
  next.flow.destination = target.address;
  next.flow.protocol = random.chance(50) ? Protocol::kTcp : Protocol::kUdp;
  next.flow.destination_port = policy::kHealthProbePort;
  if (!target.ports.empty() && random.chance(75)) {
    next.flow.destination_port = random.pick(target.ports);
    if (random.chance(15)) ++next.flow.destination_port;
  }
  if (!target.others.empty() && random.chance(70)) next.from = random.pick(target.others);
}

}  // namespace egress::oracle
