// SPDX-License-Identifier: MIT
#include "tests/oracle/load_balancers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "policy/endpoints.hpp"

namespace egress::oracle {
namespace {

using lab::LoadBalancingProtocol;
using lab::LoadDistribution;

bool is_taken(const lab::Lab& lab, const std::string& vnet, Ipv4Address address) {
  for (const auto& [name, host] : lab.hosts) {
    if (host.subnet && host.subnet->vnet == vnet && host.ip_address == address) return true;
  }
  for (const auto& [name, balancer] : lab.load_balancers) {
    for (const auto& [frontend, configuration] : balancer.frontend_ip_configurations) {
      if (configuration.subnet.vnet == vnet && configuration.private_ip_address == address) {
        return true;
      }
    }
  }
  for (const auto& [name, own] : policy::endpoint_addresses(lab)) {
    if (lab.private_endpoints.at(name).subnet.vnet == vnet && own == address) return true;
  }
  return false;
}

// A free address of a subnet that takes machines.
std::optional<lab::FrontendIpConfiguration> some_place(const lab::Lab& lab, const std::string& vnet,
                                                       Random& random) {
  std::vector<lab::SubnetRef> subnets;
  for (const auto& [name, subnet] : lab.virtual_networks.at(vnet).subnets) {
    if (!lab::is_integration_subnet(subnet) && name != lab::kGatewaySubnet) {
      subnets.push_back({vnet, name});
    }
  }
  if (subnets.empty()) return std::nullopt;
  const lab::SubnetRef subnet = random.pick(subnets);
  const auto range = lab::usable_range(random.pick(lab.find(subnet)->address_prefixes));
  for (int attempt = 0; range && attempt < 8; ++attempt) {
    const Ipv4Address address{range->first + random.below(range->last - range->first + 1)};
    if (!is_taken(lab, vnet, address)) return lab::FrontendIpConfiguration{subnet, address};
  }
  return std::nullopt;
}

std::vector<std::string> hosts_in(const lab::Lab& lab, const std::string& vnet, bool forwarding) {
  std::vector<std::string> hosts;
  for (const auto& [name, host] : lab.hosts) {
    if (!host.subnet || host.subnet->vnet != vnet) continue;
    if (!forwarding || host.enable_ip_forwarding) hosts.push_back(name);
  }
  return hosts;
}

std::vector<std::string> some_of(std::vector<std::string> hosts, Random& random) {
  while (hosts.size() > 1 && (hosts.size() > 4 || random.chance(25))) {
    hosts.erase(hosts.begin() + random.below(static_cast<uint32_t>(hosts.size())));
  }
  return hosts;
}

LoadDistribution some_distribution(Random& random) {
  const uint32_t kind = random.below(100);
  if (kind < 60) return LoadDistribution::kDefault;
  return kind < 80 ? LoadDistribution::kSourceIp : LoadDistribution::kSourceIpProtocol;
}

lab::LoadBalancingRule some_rule(Random& random, uint32_t number) {
  static const std::vector<lab::LoadBalancingRule> kSome = {
      {.protocol = LoadBalancingProtocol::kTcp, .frontend_port = 443},
      {.protocol = LoadBalancingProtocol::kUdp, .frontend_port = 53},
      {.protocol = LoadBalancingProtocol::kTcp, .frontend_port = 80, .backend_port = 443},
      {.protocol = LoadBalancingProtocol::kTcp, .frontend_port = 8080, .backend_port = 80}};
  lab::LoadBalancingRule rule = kSome[(random.below(4) / 2 + 2 * number) % kSome.size()];
  rule.load_distribution = some_distribution(random);
  rule.frontend_ip_configuration = "front";
  rule.backend_address_pool = fmt::format("pool{}", number);
  return rule;
}

void add_balancer(lab::Lab& lab, const std::string& vnet, uint32_t number, Random& random) {
  const std::vector<std::string> forwarding = hosts_in(lab, vnet, true);
  const bool for_all_ports = !forwarding.empty() && random.chance(65);
  const std::vector<std::string> hosts = for_all_ports ? forwarding : hosts_in(lab, vnet, false);
  const auto place = some_place(lab, vnet, random);
  if (!place || hosts.empty()) return;
  lab::LoadBalancer balancer;
  balancer.frontend_ip_configurations["front"] = *place;
  if (for_all_ports) {
    balancer.backend_address_pools["pool"].backend_ip_configurations = some_of(hosts, random);
    balancer.load_balancing_rules["all"] = {.frontend_ip_configuration = "front",
                                            .backend_address_pool = "pool",
                                            .protocol = LoadBalancingProtocol::kAll,
                                            .load_distribution = some_distribution(random)};
  } else {
    if (random.chance(40)) balancer.sku = lab::LoadBalancerSku::kBasic;
    for (uint32_t i = 0; i < 2; ++i) {
      balancer.backend_address_pools[fmt::format("pool{}", i)].backend_ip_configurations =
          some_of(hosts, random);
      balancer.load_balancing_rules[fmt::format("rule{}", i)] = some_rule(random, i);
    }
  }
  lab.load_balancers[fmt::format("lb{}", number)] = std::move(balancer);
}

std::vector<Ipv4Address> frontends_of(const lab::Lab& lab, bool for_all_ports) {
  std::vector<Ipv4Address> frontends;
  for (const auto& [name, balancer] : lab.load_balancers) {
    for (const auto& [rule_name, rule] : balancer.load_balancing_rules) {
      if (rule.for_all_ports() != for_all_ports) continue;
      frontends.push_back(balancer.frontend_ip_configurations.at(rule.frontend_ip_configuration)
                              .private_ip_address);
    }
  }
  return frontends;
}

// Routes to appliances lead to frontends now.
void steer_by_frontends(lab::Lab& lab, Random& random) {
  const std::vector<Ipv4Address> next_hops = frontends_of(lab, true);
  const std::vector<Ipv4Address> others = frontends_of(lab, false);
  for (auto& [name, table] : lab.route_tables) {
    const uint32_t share = random.chance(60) ? 60 : 15;
    for (auto& [route_name, route] : table.routes) {
      if (!route.next_hop_ip_address || !random.chance(share)) continue;
      const bool by_others = next_hops.empty() || random.chance(6);
      if (by_others && (others.empty() || !random.chance(30))) continue;
      route.next_hop_ip_address = random.pick(by_others ? others : next_hops);
    }
  }
}

}  // namespace

void add_load_balancers(lab::Lab& lab, Random& random) {
  if (random.chance(35)) return;
  uint32_t number = 0;
  for (const auto& [name, network] : lab.virtual_networks) {
    for (uint32_t i = 0; i < 1 + random.below(2); ++i) {
      if (random.chance(75)) add_balancer(lab, name, number++, random);
    }
  }
  steer_by_frontends(lab, random);
}

void change_load_balancers(lab::Lab& lab, Random& random) {
  if (lab.load_balancers.empty()) return add_load_balancers(lab, random);
  lab::LoadBalancer& balancer = random.any_of(lab.load_balancers);
  switch (random.below(5)) {
    case 0: {
      auto& hosts = random.any_of(balancer.backend_address_pools).backend_ip_configurations;
      if (!hosts.empty()) hosts.pop_back();
      break;
    }
    case 1:
      random.any_of(balancer.load_balancing_rules).load_distribution = some_distribution(random);
      break;
    case 2: balancer.load_balancing_rules.erase(balancer.load_balancing_rules.begin()); break;
    case 3: steer_by_frontends(lab, random); break;
    default: lab.load_balancers.erase(lab.load_balancers.begin());
  }
}

std::vector<FrontendPort> frontend_ports(const lab::Lab& lab) {
  std::vector<FrontendPort> ports;
  for (const auto& [name, balancer] : lab.load_balancers) {
    for (const auto& [frontend, configuration] : balancer.frontend_ip_configurations) {
      const Ipv4Address address = configuration.private_ip_address;
      ports.push_back({address, {Protocol::kTcp, 443}});
      for (const auto& [rule_name, rule] : balancer.load_balancing_rules) {
        if (rule.frontend_ip_configuration != frontend || rule.for_all_ports()) continue;
        const bool udp = rule.protocol == LoadBalancingProtocol::kUdp;
        ports.push_back({address, {udp ? Protocol::kUdp : Protocol::kTcp, rule.frontend_port}});
      }
    }
  }
  return ports;
}

std::vector<FrontendPort> ports_behind(const lab::Lab& lab, Ipv4Address address, const Port& port) {
  std::vector<FrontendPort> behind;
  for (const auto& [name, balancer] : lab.load_balancers) {
    for (const auto& [rule_name, rule] : balancer.load_balancing_rules) {
      const auto& frontend = balancer.frontend_ip_configurations.at(rule.frontend_ip_configuration);
      if (frontend.private_ip_address != address) continue;
      const uint16_t number =
          rule.for_all_ports() ? port.number : rule.backend_port.value_or(rule.frontend_port);
      const auto& pool = balancer.backend_address_pools.at(rule.backend_address_pool);
      for (const std::string& host : pool.backend_ip_configurations) {
        behind.push_back({lab.hosts.at(host).ip_address, {port.protocol, number}});
      }
    }
  }
  return behind;
}

std::set<std::string> balancer_features(const lab::Lab& lab) {
  std::set<std::string> found;
  for (const auto& [name, balancer] : lab.load_balancers) {
    if (balancer.sku == lab::LoadBalancerSku::kBasic) found.insert("Basic load balancer");
    for (const auto& [rule_name, rule] : balancer.load_balancing_rules) {
      found.insert(rule.for_all_ports() ? "rule for all ports" : "rule for one port");
      const auto& pool = balancer.backend_address_pools.at(rule.backend_address_pool);
      if (pool.backend_ip_configurations.size() > 2) found.insert("pool of three");
    }
  }
  const std::vector<Ipv4Address> next_hops = frontends_of(lab, true);
  for (const auto& [name, table] : lab.route_tables) {
    for (const auto& [route_name, route] : table.routes) {
      if (!route.next_hop_ip_address) continue;
      if (std::find(next_hops.begin(), next_hops.end(), *route.next_hop_ip_address) !=
          next_hops.end()) {
        found.insert("route to a frontend");
      }
    }
  }
  return found;
}

std::set<std::string> balancer_features(const policy::Explanation& explained) {
  std::set<std::string> found;
  const auto by_balancer = [](const policy::Step& step) {
    return step.stage == policy::Stage::kLoadBalancer;
  };
  const bool arrived = explained.verdict == lab::Verdict::kAllow;
  const bool answered = explained.reply && explained.reply->verdict == lab::Verdict::kAllow;
  for (const policy::Balanced& choice : explained.balanced) {
    const char* const as = choice.port == 0 ? "handed over" : "sent to a frontend";
    if (choice.hosts.size() > 1) found.insert(fmt::format("{}, one of several", as));
    if (arrived) found.insert(fmt::format("{}, arrived", as));
    if (answered) found.insert(fmt::format("{}, answered", as));
    if (arrived && !answered) found.insert(fmt::format("{}, no answer", as));
  }
  if (explained.balanced.size() > 1) found.insert("two load balancers in a row");
  if (explained.decided_by.stage == policy::Stage::kLoadBalancer) {
    found.insert("dropped by a load balancer");
  }
  if (!explained.reply) return found;
  const auto& steps = explained.reply->steps;
  if (std::any_of(steps.begin(), steps.end(), by_balancer)) {
    found.insert(fmt::format("answer handed over, {}", answered ? "back" : "lost"));
  }
  return found;
}

}  // namespace egress::oracle
