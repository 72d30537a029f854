// SPDX-License-Identifier: MIT
#include "tests/oracle/edges.hpp"

#include <fmt/format.h>

namespace egress::oracle {

std::set<std::string> edges_of(const lab::Lab& lab, const ProbeCase& probe) {
  std::set<std::string> edges;
  const auto& subnet = probe.from.host.empty()
                           ? lab.sites.at(probe.from.site).virtual_network_subnet
                           : lab.hosts.at(probe.from.host).subnet;
  if (!subnet || !lab.find(*subnet)->network_security_group) return edges;
  const auto ports = [&](const char* which, const PortSet& set, uint16_t port) {
    if (set.is_all() || probe.flow.protocol == Protocol::kIcmp) return;
    for (const auto& range : set.intervals()) {
      if (port == range.first) edges.insert(fmt::format("flow at the first {}", which));
      if (port == range.last) edges.insert(fmt::format("flow at the last {}", which));
      if (port + 1 == range.first) edges.insert(fmt::format("flow before the first {}", which));
      if (port == range.last + 1) edges.insert(fmt::format("flow behind the last {}", which));
    }
  };
  const uint32_t to = probe.flow.destination.bits;
  const auto& group = lab.network_security_groups.at(*lab.find(*subnet)->network_security_group);
  for (const auto& [name, rule] : group.security_rules) {
    if (rule.direction != lab::Direction::kOutbound) continue;
    ports("port", rule.destination_ports, probe.flow.destination_port);
    ports("source port", rule.source_ports, probe.flow.source_port);
    for (const Ipv4Prefix& prefix : rule.destination.prefixes) {
      if (prefix.length == 0) continue;
      if (to == prefix.first().bits) edges.insert("flow at the first address");
      if (to == prefix.last().bits) edges.insert("flow at the last address");
      if (to + 1 == prefix.first().bits) edges.insert("flow before the first address");
      if (to == prefix.last().bits + 1) edges.insert("flow behind the last address");
    }
  }
  return edges;
}

}  // namespace egress::oracle
