// SPDX-License-Identifier: MIT
#include "policy/source_ports.hpp"

namespace egress::policy {

PortSet ports_judged_as(const lab::Lab& lab, uint16_t port) {
  PortSet alike = PortSet::all();
  for (const auto& [name, group] : lab.network_security_groups) {
    for (const auto& [rule_name, rule] : group.security_rules) {
      if (rule.source_ports.is_all()) continue;
      const bool matches = rule.source_ports.contains(port);
      alike = matches ? alike.intersected(rule.source_ports) : alike.without(rule.source_ports);
    }
  }
  return alike;
}

}  // namespace egress::policy
