// SPDX-License-Identifier: MIT
#include "tests/oracle/shrink.hpp"

#include <algorithm>
#include <vector>

#include "lab/validate.hpp"

namespace egress::oracle {
namespace {

using lab::Lab;
using Cut = std::function<void(Lab&)>;

template <typename Map, typename Reach>
void cut_entries(std::vector<Cut>& cuts, const Map& map, Reach reach) {
  for (const auto& [name, value] : map) {
    cuts.push_back([name = name, reach](Lab& lab) { reach(lab).erase(name); });
  }
}

void cut_subnet_parts(std::vector<Cut>& cuts, const std::string& vnet, const lab::Subnet& subnet,
                      const std::string& name) {
  const auto reach = [vnet, name](Lab& lab) -> lab::Subnet& {
    return lab.virtual_networks.at(vnet).subnets.at(name);
  };
  if (subnet.network_security_group) {
    cuts.push_back([reach](Lab& lab) { reach(lab).network_security_group.reset(); });
  }
  if (subnet.route_table) cuts.push_back([reach](Lab& lab) { reach(lab).route_table.reset(); });
}

void cut_rule_parts(std::vector<Cut>& cuts, const std::string& group, const std::string& name,
                    const lab::SecurityRule& rule) {
  const auto reach = [group, name](Lab& lab) -> lab::SecurityRule& {
    return lab.network_security_groups.at(group).security_rules.at(name);
  };
  if (!rule.source.any) cuts.push_back([reach](Lab& lab) { reach(lab).source = {.any = true}; });
  if (!rule.destination.any) {
    cuts.push_back([reach](Lab& lab) { reach(lab).destination = {.any = true}; });
  }
  if (!rule.source_ports.is_all()) {
    cuts.push_back([reach](Lab& lab) { reach(lab).source_ports = PortSet::all(); });
  }
  if (!rule.destination_ports.is_all()) {
    cuts.push_back([reach](Lab& lab) { reach(lab).destination_ports = PortSet::all(); });
  }
}

// Coarse cuts first: whatever goes with them need not be tried alone.
std::vector<Cut> cuts_of(const Lab& lab) {
  std::vector<Cut> cuts;
  cut_entries(
      cuts, lab.virtual_networks, [](Lab & l) -> auto& { return l.virtual_networks; });
  cut_entries(
      cuts, lab.sites, [](Lab & l) -> auto& { return l.sites; });
  cut_entries(
      cuts, lab.server_farms, [](Lab & l) -> auto& { return l.server_farms; });
  cut_entries(
      cuts, lab.hosts, [](Lab & l) -> auto& { return l.hosts; });
  cut_entries(
      cuts, lab.network_security_groups,
      [](Lab & l) -> auto& { return l.network_security_groups; });
  cut_entries(
      cuts, lab.route_tables, [](Lab & l) -> auto& { return l.route_tables; });
  for (const auto& [vnet, declared] : lab.virtual_networks) {
    cut_entries(
        cuts, declared.subnets, [vnet = vnet](Lab & l) -> auto& {
          return l.virtual_networks.at(vnet).subnets;
        });
    cut_entries(
        cuts, declared.virtual_network_peerings, [vnet = vnet](Lab & l) -> auto& {
          return l.virtual_networks.at(vnet).virtual_network_peerings;
        });
    for (const auto& [name, subnet] : declared.subnets) {
      cut_subnet_parts(cuts, vnet, subnet, name);
    }
  }
  for (const auto& [group, declared] : lab.network_security_groups) {
    cut_entries(
        cuts, declared.security_rules, [group = group](Lab & l) -> auto& {
          return l.network_security_groups.at(group).security_rules;
        });
    for (const auto& [name, rule] : declared.security_rules) {
      cut_rule_parts(cuts, group, name, rule);
    }
  }
  for (const auto& [table, declared] : lab.route_tables) {
    cut_entries(
        cuts, declared.routes, [table = table](Lab & l) -> auto& {
          return l.route_tables.at(table).routes;
        });
  }
  for (const auto& [name, farm] : lab.server_farms) {
    if (farm.capacity > 1) {
      cuts.push_back([name = name](Lab& l) { l.server_farms.at(name).capacity = 1; });
    }
  }
  return cuts;
}

bool valid(const Lab& lab) {
  const auto findings = lab::validate(lab);
  return std::none_of(findings.begin(), findings.end(), [](const lab::Finding& finding) {
    return finding.severity == lab::Severity::kError;
  });
}

}  // namespace

Lab shrink(Lab lab, const StillShows& still_shows) {
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (const Cut& cut : cuts_of(lab)) {
      Lab candidate = lab;
      cut(candidate);
      if (!valid(candidate) || !still_shows(candidate)) continue;
      lab = std::move(candidate);
      smaller = true;
      break;
    }
  }
  return lab;
}

}  // namespace egress::oracle
