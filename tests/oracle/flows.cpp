// SPDX-License-Identifier: MIT
#include <algorithm>

#include "tests/oracle/generator.hpp"

namespace egress::oracle {
namespace {

// Addresses and ports where rules and routes begin and end, and the machines themselves.
struct Edges {
  std::vector<Ipv4Address> addresses{};
  std::vector<uint16_t> ports{80, 443, 53, 0, 1, 65535, 8080};
};

void add_edges(Edges& edges, const Ipv4Prefix& prefix) {
  for (const uint32_t bits : {prefix.first().bits, prefix.last().bits, prefix.first().bits - 1,
                              prefix.last().bits + 1, prefix.first().bits + 4}) {
    edges.addresses.push_back({bits});
  }
}

Edges edges_of(const lab::Lab& lab, const lab::IntegrationAddresses& addresses) {
  Edges edges;
  for (const auto& [name, vnet] : lab.virtual_networks) {
    for (const auto& prefix : vnet.address_prefixes) add_edges(edges, prefix);
    for (const auto& [subnet_name, subnet] : vnet.subnets) {
      for (const auto& prefix : subnet.address_prefixes) add_edges(edges, prefix);
    }
  }
  for (const auto& [name, group] : lab.network_security_groups) {
    for (const auto& [rule_name, rule] : group.security_rules) {
      for (const auto& prefix : rule.destination.prefixes) add_edges(edges, prefix);
      for (const auto& range : rule.destination_ports.intervals()) {
        for (const int port :
             {range.first - 1, int{range.first}, int{range.last}, range.last + 1}) {
          if (port >= 0 && port <= 65535) edges.ports.push_back(static_cast<uint16_t>(port));
        }
      }
    }
  }
  for (const auto& [name, table] : lab.route_tables) {
    for (const auto& [route_name, route] : table.routes) {
      if (route.address_prefix) add_edges(edges, *route.address_prefix);
    }
  }
  for (const auto& [integration, lease] : addresses) edges.addresses.push_back(lease);
  return edges;
}

bool can_be_sent(Ipv4Address address) {
  static const std::vector<Ipv4Prefix> kNever = {
      Ipv4Prefix::parse("0.0.0.0/8").value(), Ipv4Prefix::parse("127.0.0.0/8").value(),
      Ipv4Prefix::parse("224.0.0.0/3").value(), Ipv4Prefix::parse("169.254.0.0/16").value()};
  return std::none_of(kNever.begin(), kNever.end(),
                      [&](const Ipv4Prefix& never) { return never.contains(address); });
}

}  // namespace

std::vector<ProbeCase> random_flows(const lab::Lab& lab, const lab::IntegrationAddresses& addresses,
                                    uint64_t seed, size_t count, uint16_t first_port) {
  Random random(seed);
  const Edges edges = edges_of(lab, addresses);
  std::vector<Ipv4Address> machines;
  for (const auto& [name, host] : lab.hosts) machines.push_back(host.ip_address);
  std::vector<policy::AppInstance> apps;
  for (const auto& [name, site] : lab.sites) {
    for (int i = 0; i < lab.server_farms.at(site.server_farm).capacity; ++i) {
      apps.push_back({name, i});
    }
  }
  std::vector<ProbeCase> cases;
  for (size_t attempt = 0; cases.size() < count && attempt < 20 * count; ++attempt) {
    ProbeCase next{.from = random.pick(apps)};
    next.flow.destination =
        random.chance(70) ? random.pick(machines) : random.pick(edges.addresses);
    if (!can_be_sent(next.flow.destination)) continue;
    const uint32_t kind = random.below(100);
    next.flow.protocol = kind < 55   ? policy::FlowProtocol::kTcp
                         : kind < 93 ? policy::FlowProtocol::kUdp
                                     : policy::FlowProtocol::kIcmp;
    const bool portless = next.flow.protocol == policy::FlowProtocol::kIcmp;
    next.flow.destination_port = portless ? uint16_t{0} : random.pick(edges.ports);
    // Port 0 is no destination that a socket can be asked for.
    if (!portless && next.flow.destination_port == 0) continue;
    next.flow.source_port =
        portless ? uint16_t{0}
                 : static_cast<uint16_t>(first_port + static_cast<uint16_t>(cases.size()));
    cases.push_back(next);
  }
  return cases;
}

}  // namespace egress::oracle
