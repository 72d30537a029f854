// SPDX-License-Identifier: MIT
#include "tests/oracle/coverage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <tuple>

#include "ipam/leases.hpp"
#include "lab/platform_tasks.hpp"
#include "lab/schema/vocabulary.hpp"
#include "policy/effective_routes.hpp"
#include "policy/private_ports.hpp"
#include "policy/traffic_routing.hpp"
#include "tests/oracle/edges.hpp"
#include "tests/oracle/firewalls.hpp"
#include "tests/oracle/gateways.hpp"
#include "tests/oracle/internet_prefixes.hpp"
#include "tests/oracle/load_balancers.hpp"
#include "tests/oracle/name_coverage.hpp"
#include "tests/oracle/nat_gateways.hpp"
#include "tests/oracle/network_interfaces.hpp"
#include "tests/oracle/windows.hpp"
#include "tests/oracle/wires.hpp"

namespace egress::oracle {
namespace {

using lab::Lab;

class LabFeatures {
 public:
  explicit LabFeatures(const Lab& lab) : lab_(lab) {}

  std::set<std::string> find() {
    note("addresses from the highest", lab_.address_allocation == lab::AddressAllocation::kHighest);
    for (const auto& [name, vnet] : lab_.virtual_networks) network(name, vnet);
    for (const auto& [name, host] : lab_.hosts) machine(host);
    for (const auto& [name, group] : lab_.network_security_groups) security_group(group);
    for (const auto& [name, table] : lab_.route_tables) route_table(table);
    routing();
    std::map<std::string, int> forwarding;
    for (const auto& [name, host] : lab_.hosts) {
      if (host.enable_ip_forwarding) ++forwarding[host.subnet->vnet];
    }
    for (const auto& [vnet, count] : forwarding) note("two appliances in one network", count > 1);
    plans();
    switches();
    tasks();
    found_.merge(wire_features(lab_));
    found_.merge(windows_features(lab_));
    found_.merge(gateway_features(lab_));
    found_.merge(firewall_features(lab_));
    found_.merge(balancer_features(lab_));
    return std::move(found_);
  }

 private:
  void note(const std::string& feature, bool present = true) {
    if (present) found_.insert(feature);
  }

  void network(const std::string& name, const lab::VirtualNetwork& vnet) {
    constexpr size_t kLongest = 64;
    note("names as long as may be", name.size() == kLongest);
    note("network in another region", vnet.location != lab_.location);
    note("public address space", !is_rfc1918(vnet.address_prefixes.front().first()));
    std::set<Ipv4Prefix> used;
    for (const auto& [subnet_name, subnet] : vnet.subnets) {
      note("subnet of another service",
           !subnet.delegations.empty() && !lab::is_integration_subnet(subnet));
      note("subnet with two prefixes", subnet.address_prefixes.size() > 1);
      note("subnet at the start of its network",
           subnet.address_prefixes.front().first() == vnet.address_prefixes.front().first());
      for (const Ipv4Prefix& space : vnet.address_prefixes) {
        if (space.contains(subnet.address_prefixes.front())) used.insert(space);
      }
    }
    note("subnets in two prefixes of a network", used.size() > 1);
    for (const auto& [other_name, other] : lab_.virtual_networks) {
      if (other_name > name) overlap(vnet, other);
    }
    for (const auto& [remote, peering] : vnet.virtual_network_peerings) {
      note(fmt::format("peering access {}", peering.allow_virtual_network_access));
      note(fmt::format("peering forwarded {}", peering.allow_forwarded_traffic));
      note("peering initiated", !policy::peering_connected(lab_, name, remote));
    }
  }

  void overlap(const lab::VirtualNetwork& a, const lab::VirtualNetwork& b) {
    for (const Ipv4Prefix& left : a.address_prefixes) {
      for (const Ipv4Prefix& right : b.address_prefixes) {
        note("networks with equal space", left == right);
        note("networks with nested space", left != right && left.overlaps(right));
      }
    }
  }

  void machine(const lab::Host& host) {
    if (host.on_premises) return note("machine on-premises");
    note("host of prefixes", !host.has_address());
    if (host.internet()) {
      const auto leases = ipam::first_addresses(lab_);
      const bool leased =
          leases.ok() && std::any_of(leases->begin(), leases->end(),
                                     [&](auto& each) { return each.second == host.ip_address; });
      note("site with the address of a lease", leased);
      return;
    }
    note(fmt::format("machine forwards {} masquerades {}", host.enable_ip_forwarding,
                     host.masquerade.has_value()));
    note("machine in two groups", host.application_security_groups.size() > 1);
  }

  void match(const std::string& side, const lab::AddressMatch& match) {
    note(side + " any", match.any);
    note(side + " tag", !match.service_tag.empty());
    note(side + " group", !match.application_security_groups.empty());
    note(side + " several prefixes", match.prefixes.size() > 1);
    for (const Ipv4Prefix& prefix : match.prefixes) note(side + " host", prefix.length == 32);
  }

  void security_group(const lab::NetworkSecurityGroup& group) {
    note("security group without rules", group.security_rules.empty());
    note("security group with twenty rules", group.security_rules.size() >= 20);
    int last = 0;
    std::map<int, lab::Direction> priorities;
    for (const auto& [name, rule] : group.security_rules) {
      note("names against priorities", rule.priority < last);
      last = rule.priority;
      note("same priority in both directions",
           !priorities.emplace(rule.priority, rule.direction).second);
      note("first priority", rule.priority == 100);
      note("last priority", rule.priority == 4096);
      note(fmt::format("rule {} {}", lab::name_of(rule.direction), lab::name_of(rule.access)));
      note(fmt::format("rule {}", lab::name_of(rule.protocol)));
      match("source", rule.source);
      match("destination", rule.destination);
      note("rule with source ports", !rule.source_ports.is_all());
      note("rule with port 0",
           !rule.destination_ports.is_all() && rule.destination_ports.contains(0));
      note("rule with port 65535",
           !rule.destination_ports.is_all() && rule.destination_ports.contains(65535));
      note("rule with several ranges", rule.destination_ports.intervals().size() > 1);
    }
  }

  void route_table(const lab::RouteTable& table) {
    for (const auto& [name, route] : table.routes) {
      note(fmt::format("route {}", lab::name_of(route.next_hop_type)));
      note("route with a tag", !route.service_tag.empty());
      for (const auto& [other_name, other] : table.routes) {
        if (name == other_name || !route.address_prefix || !other.address_prefix) continue;
        note("nested routes", route.address_prefix->contains(*other.address_prefix));
      }
    }
  }

  // What the routes of subnets lead to, and which system routes they displace.
  void routing() {
    const auto network = policy::analyse({.lab = lab_});
    for (const policy::Network::Subnet& subnet : network->subnets) {
      const policy::Routing& routing = *subnet.routing;
      for (size_t row = 0; row < routing.routes.size(); ++row) {
        const policy::EffectiveRoute& route = routing.routes[row];
        if (route.state == policy::RouteState::kInvalid) {
          note(fmt::format("route displaced: {}", policy::name_of(route.next_hop_type)));
        }
        if (!route.next_hop_ip_address || route.state == policy::RouteState::kInvalid) continue;
        const policy::Index target = routing.targets[row];
        note("appliance absent", target == policy::kNowhere);
        if (target == policy::kNowhere) continue;
        const policy::Interface& appliance = network->interfaces[target];
        note("appliance in a peer", appliance.vnet != subnet.vnet);
        note("appliance in the same subnet", &network->subnets[appliance.subnet] == &subnet);
        note(fmt::format("appliance forwards {} masquerades {}", appliance.forwards(),
                         appliance.masquerades));
      }
    }
  }

  // By whom each class is switched, of integrated apps.
  void switches() {
    for (const auto& [name, site] : lab_.sites) {
      for (const lab::TrafficClass traffic :
           {lab::TrafficClass::kImagePull, lab::TrafficClass::kContentShare,
            lab::TrafficClass::kBackupRestore, lab::TrafficClass::kManagedIdentity}) {
        const policy::TrafficRouting routing = policy::traffic_routing(site, traffic);
        if (!routing.integrated) continue;
        note(fmt::format("{} {} by {}", name_of(traffic),
                         routing.scope == policy::TrafficRouting::Scope::kEverything ? "on" : "off",
                         routing.decided_by));
      }
    }
  }

  // What starts and backups fetch of somebody whom the lab has.
  void tasks() {
    for (const auto& [site, tasks] : lab::startup_tasks(lab_)) {
      for (const lab::PlatformTask& task : tasks) {
        note(fmt::format("{} of the lab", lab::name_of(task.step)), task.calls.front().in_lab);
      }
    }
  }

  void plans() {
    std::map<std::string, std::set<lab::SubnetRef>> subnets;
    std::map<lab::SubnetRef, std::set<std::string>> farms;
    std::map<std::pair<std::string, lab::SubnetRef>, int> apps;
    for (const auto& [name, site] : lab_.sites) {
      const policy::TrafficRouting routing =
          policy::traffic_routing(site, lab::TrafficClass::kApplication);
      note("app without an integration", !routing.integrated);
      note("slot", !site.slot_of.empty());
      if (!routing.integrated) continue;
      note(fmt::format("routing by {}", routing.decided_by));
      note(fmt::format("routing all {}",
                       routing.scope == policy::TrafficRouting::Scope::kEverything));
      subnets[site.server_farm].insert(*site.virtual_network_subnet);
      farms[*site.virtual_network_subnet].insert(site.server_farm);
      note("apps that share an integration",
           ++apps[{site.server_farm, *site.virtual_network_subnet}] > 1);
      note("integration of several instances", lab_.server_farms.at(site.server_farm).capacity > 1);
    }
    for (const auto& [farm, joined] : subnets) {
      note("plan with two integrations", joined.size() > 1);
      note("plan with two integrations in one network",
           joined.size() > 1 && joined.begin()->vnet == joined.rbegin()->vnet);
    }
    for (const auto& [subnet, joined] : farms) note("subnet of two plans", joined.size() > 1);
    note("three plans", lab_.server_farms.size() > 2);
    for (const auto& [name, farm] : lab_.server_farms) {
      note("plan without integration", !lab::find_sku(farm.sku)->integrates);
    }
  }

  const Lab& lab_;
  std::set<std::string> found_{};
};

// The appliances that a flow met, in order; those that a load balancer chose, too.
std::vector<const lab::Host*> row_of(const Lab& lab, const policy::Explanation& explained) {
  constexpr std::string_view kHop = "VirtualAppliance ";
  std::vector<const lab::Host*> row;
  for (const policy::Step& step : explained.steps) {
    const bool chosen = step.stage == policy::Stage::kLoadBalancer;
    const bool routed = step.stage == policy::Stage::kRoute && step.result.starts_with(kHop);
    if (!chosen && !routed) continue;
    const std::string address = chosen ? step.result : step.result.substr(kHop.size());
    for (const auto& [name, host] : lab.hosts) {
      if (host.subnet && host.ip_address.to_string() == address) {
        row.push_back(&host);
        break;
      }
    }
  }
  return row;
}

void cover_row(Coverage& coverage, const Lab& lab, const ProbeCase& probe,
               const policy::Explanation& explained) {
  const auto row = row_of(lab, explained);
  const bool ends_at_a_route = explained.steps.back().stage == policy::Stage::kRoute;
  if (row.size() < 2 || ends_at_a_route || is_rfc1918(probe.flow.destination)) return;
  const lab::Host& first = *row[0];
  const lab::Host& second = *row[1];
  ++coverage[fmt::format("row of appliances, masquerading {} then {}", first.masquerade.has_value(),
                         second.masquerade.has_value())];
  if (first.subnet->vnet == second.subnet->vnet) ++coverage["row of appliances in one network"];
}

// Of apps that are called, behind front ends or at private ports, and of what comes no further than
// to the integration.
void cover_calls(Coverage& coverage, const policy::Network& network, const ProbeCase& probe,
                 const policy::Explanation& explained) {
  const bool private_port = explained.host.find('/') != std::string::npos;
  if (explained.answer_unknown) {
    ++coverage[private_port ? "answered at a private port" : "answered by a called app"];
  }
  if (explained.reply && explained.reply->verdict == lab::Verdict::kDrop &&
      explained.reply->steps.front().name == "udp/30000") {
    ++coverage["health probe"];
  }
  const bool at_lease = std::any_of(
      network.interfaces.begin(), network.interfaces.end(), [&](const policy::Interface& each) {
        return each.integration != nullptr && each.address == probe.flow.destination;
      });
  if (!at_lease || probe.flow.destination_port < policy::kFirstPrivatePort) return;
  if (explained.verdict == lab::Verdict::kDeny) ++coverage["integration behind a list that denies"];
  if (explained.refused) ++coverage["integration that refuses"];
}

// Flows that differ in their source port alone.
using Siblings =
    std::map<std::tuple<lab::Sender, Protocol, Ipv4Address, uint16_t>, std::set<lab::Verdict>>;

}  // namespace

void cover_lab(Coverage& coverage, const Lab& lab) {
  for (const std::string& feature : LabFeatures(lab).find()) ++coverage[feature];
  for (const std::string& feature : features_of_names(lab)) ++coverage[feature];
  for (const std::string& feature : features_of_services(lab)) ++coverage[feature];
  for (const std::string& feature : interface_features(lab)) ++coverage[feature];
}

void cover_names(Coverage& coverage, const policy::Network& network,
                 const std::vector<NameCase>& names) {
  for (const NameCase& name : names) {
    const auto resolved = policy::resolve_name(network, name.from, name.name, name.type);
    if (!resolved.ok()) continue;
    for (const std::string& feature : features_of(name, *resolved)) ++coverage[feature];
    if (answered_in_tls(network, name, 50000)) ++coverage["name that is answered in TLS"];
  }
}

void cover_flows(Coverage& coverage, const policy::Network& network,
                 const std::vector<ProbeCase>& flows) {
  Siblings siblings;
  const Lab& lab = network.situation.lab;
  for (const ProbeCase& probe : flows) {
    for (const std::string& edge : edges_of(lab, probe)) ++coverage[edge];
    const auto explained = policy::explain(network, probe.from, probe.flow);
    if (!explained.ok()) continue;
    cover_row(coverage, lab, probe, *explained);
    siblings[{probe.from, probe.flow.protocol, probe.flow.destination, probe.flow.destination_port}]
        .insert(explained->verdict);
    if (probe.from.traffic != lab::TrafficClass::kApplication) {
      ++coverage[fmt::format("{} by {}, {}", name_of(probe.from.traffic),
                             explained->path ? lab::name_of(*explained->path) : "no path",
                             lab::name_of(explained->verdict))];
    }
    if (!probe.from.host.empty()) {
      const lab::Host& host = lab.hosts.at(probe.from.host);
      ++coverage[fmt::format("flow of a machine {}, {}",
                             host.subnet        ? "in a network"
                             : host.on_premises ? "on-premises"
                                                : "outside",
                             lab::name_of(explained->verdict))];
    }
    if (explained->refused_attempt) ++coverage["vault that refuses the public attempt"];
    ++coverage[fmt::format("protocol {}", static_cast<int>(probe.flow.protocol))];
    ++coverage[fmt::format("verdict {}", lab::name_of(explained->verdict))];
    ++coverage[fmt::format("path {}", explained->path ? lab::name_of(*explained->path) : "none")];
    ++coverage[fmt::format("decided by {}, {}", policy::name_of(explained->decided_by.stage),
                           lab::name_of(explained->verdict))];
    if (explained->next_hop) ++coverage[fmt::format("next hop {}", explained->next_hop->type)];
    if (explained->refused) ++coverage["refused"];
    if (explained->service) {
      ++coverage[fmt::format("service says {}", lab::name_of(explained->service->access))];
    }
    if (explained->decided_by.stage == policy::Stage::kPlatform) {
      const std::string& by = explained->decided_by.name;
      if (by == "tcp/25" || by == "NetBIOS") ++coverage["refused port: " + by];
      if (by.starts_with("subscriptions/")) ++coverage["refused port: by a subscription"];
    }
    if (explained->verdict == lab::Verdict::kAllow && probe.flow.protocol == Protocol::kTcp &&
        probe.flow.destination_port == 25 && explained->path == lab::Path::kVirtualNetwork) {
      ++coverage["mail that passes its network"];
    }
    if (probe.from.host.empty() || !lab.hosts.at(probe.from.host).on_premises) {
      for (const std::string& feature : gateway_features(*explained)) ++coverage[feature];
    }
    for (const std::string& feature : way_features(*explained)) ++coverage[feature];
    const std::string exit = feature_of_exit(*explained);
    if (!exit.empty()) ++coverage[exit];
    const std::string in_prefix = feature_of_receiver(lab, *explained);
    if (!in_prefix.empty()) ++coverage[in_prefix];
    const std::string sandbox = feature_of_sandbox(*explained);
    if (!sandbox.empty()) ++coverage[sandbox];
    cover_calls(coverage, network, probe, *explained);
    for (const std::string& feature : answer_features(*explained)) ++coverage[feature];
    for (const std::string& feature : balancer_features(*explained)) ++coverage[feature];
    for (const std::string& feature : interface_features(network, *explained)) ++coverage[feature];
    const auto appliances = std::count_if(
        explained->steps.begin(), explained->steps.end(), [](const policy::Step& step) {
          return step.stage == policy::Stage::kRoute && step.result.starts_with("VirtualAppliance");
        });
    if (explained->verdict == lab::Verdict::kAllow && appliances > 0) {
      ++coverage[fmt::format("arrived by {} appliances", std::min<long>(appliances, 2))];
    }
    if (explained->steps.back().reason.find("loop") != std::string::npos) ++coverage["loop"];
  }
  for (const auto& [flow, verdicts] : siblings) {
    if (verdicts.size() > 1) ++coverage["flow that its source port decides"];
  }
}

}  // namespace egress::oracle
