// SPDX-License-Identifier: MIT
// The numbers of VNets' routing tables and gates, and what they are numbered by.
#include <fmt/format.h>

#include "compile/data_path.hpp"
#include "compile/marks.hpp"
#include "compile/vnet.hpp"
#include "policy/gateways.hpp"
#include "policy/load_balancing.hpp"

namespace egress::compile {
namespace {

using policy::Index;
using policy::kNowhere;

std::string key_of_transit(const std::string& target) {
  return "transit/" + target;
}

// No host's name.
std::string gateway_target(const std::string& gateway) {
  return "gateway." + gateway;
}

constexpr const char* kIntegrationsTable = "system/integrations";
constexpr const char* kMachinesTable = "system/machines";

std::string own_table_key(const std::string& subnet) {
  return "subnet/" + subnet;
}

std::string book_of_tables(const std::string& vnet) {
  return "routing tables/" + vnet;
}

std::string book_of_gates(const std::string& vnet) {
  return "gates/" + vnet;
}

// Hosts by whose tables packets leave that come for them as next hops.
std::set<std::string> next_hop_hosts(const lab::Lab& lab, const std::set<Ipv4Address>& next_hops) {
  std::set<std::string> hosts;
  for (const auto& [name, host] : lab.hosts) {
    if (host.subnet && next_hops.count(host.ip_address) != 0) hosts.insert(name);
  }
  for (const auto& [name, balancer] : lab.load_balancers) {
    for (const auto& [rule_name, rule] : balancer.load_balancing_rules) {
      const auto& frontend = balancer.frontend_ip_configurations.at(rule.frontend_ip_configuration);
      if (!rule.for_all_ports() || next_hops.count(frontend.private_ip_address) == 0) continue;
      const auto& pool = balancer.backend_address_pools.at(rule.backend_address_pool);
      hosts.insert(pool.backend_ip_configurations.begin(), pool.backend_ip_configurations.end());
    }
  }
  return hosts;
}

std::string key_of_public_answers(const std::string& subnet) {
  return "public/" + subnet;
}

}  // namespace

std::set<Ipv4Address> next_hops_of(const lab::Lab& lab) {
  std::set<Ipv4Address> next_hops;
  for (const auto& [name, table] : lab.route_tables) {
    for (const auto& [route_name, route] : table.routes) {
      if (route.next_hop_ip_address) next_hops.insert(*route.next_hop_ip_address);
    }
  }
  return next_hops;
}

Result<Numbers> table_slots(const policy::Situation& situation, const std::string& vnet,
                            const std::set<Ipv4Address>& next_hops) {
  std::vector<std::string> keys{kIntegrationsTable, kMachinesTable, kEndpointAnswers};
  for (const auto& [name, subnet] : situation.lab.virtual_networks.at(vnet).subnets) {
    keys.push_back(own_table_key(name));
    if (lab::answers_past_nat_gateway(situation.lab, {vnet, name})) {
      keys.push_back(key_of_public_answers(name));
    }
  }
  for (const std::string& host : next_hop_hosts(situation.lab, next_hops)) {
    if (situation.lab.hosts.at(host).subnet->vnet == vnet) keys.push_back(key_of_transit(host));
  }
  for (const auto& [name, gateway] : situation.lab.virtual_network_gateways) {
    if (gateway.virtual_network == vnet) keys.push_back(key_of_transit(gateway_target(name)));
  }
  return assign_slots(fmt::format("routing tables in virtual network '{}'", vnet), keys,
                      state::kFirstSubnetTable, state::kLastSubnetTable,
                      numbers_in(situation.numbers, book_of_tables(vnet)));
}

Result<Numbers> gate_slots(const policy::Situation& situation, const std::string& vnet) {
  std::vector<std::string> keys;
  for (const auto& [name, subnet] : situation.lab.virtual_networks.at(vnet).subnets) {
    keys.push_back(name);
    keys.push_back(endpoint_gate_key(name));
  }
  for (const auto& [name, host] : situation.lab.hosts) {
    const bool here = host.subnet && host.subnet->vnet == vnet;
    if (here && host.network_security_group) keys.push_back(interface_gate_key(name));
  }
  return assign_slots(fmt::format("gates in virtual network '{}'", vnet), keys, kFirstGate,
                      kLastGate, numbers_in(situation.numbers, book_of_gates(vnet)));
}

std::string table_key(const policy::Network::Subnet& subnet) {
  const bool of_its_own = subnet.declared->route_table ||
                          !subnet.declared->service_endpoints.empty() ||
                          subnet.nat_gateway != kNowhere || policy::is_gateway_subnet(subnet.ref);
  if (of_its_own) return own_table_key(subnet.ref.subnet);
  return subnet.integration ? kIntegrationsTable : kMachinesTable;
}

std::string transit_key(const policy::Interface& target) {
  return key_of_transit(target.gateway == kNowhere ? target.name : gateway_target(target.name));
}

std::vector<Index> machines_behind(const policy::Network::Frontend& frontend) {
  const auto* const rule = policy::rule_for_all_ports(frontend);
  return rule == nullptr ? std::vector<Index>{} : rule->machines;
}

bool leads_on(const policy::Network& network, const policy::Interface& next_hop) {
  if (next_hop.frontend != kNowhere) {
    return !machines_behind(network.frontends[next_hop.frontend]).empty();
  }
  return next_hop.host != nullptr || next_hop.gateway != kNowhere;
}

std::string public_answers_key(const policy::Network& network,
                               const policy::Network::Subnet& subnet) {
  const bool answers = lab::answers_past_nat_gateway(network.situation.lab, subnet.ref);
  return answers ? key_of_public_answers(subnet.ref.subnet) : std::string();
}

std::string interface_gate_key(const std::string& host) {
  return "nic/" + host;
}

std::string endpoint_gate_key(const std::string& subnet) {
  return "endpoints/" + subnet;
}

Status number_virtual_networks(const policy::Situation& situation, NumberBook& book) {
  const std::set<Ipv4Address> next_hops = next_hops_of(situation.lab);
  for (const auto& [name, vnet] : situation.lab.virtual_networks) {
    ASSIGN_OR_RETURN(book[book_of_tables(name)], table_slots(situation, name, next_hops));
    ASSIGN_OR_RETURN(book[book_of_gates(name)], gate_slots(situation, name));
  }
  return {};
}

}  // namespace egress::compile
