// SPDX-License-Identifier: MIT
#include "inspect/graph.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lab/schema/vocabulary.hpp"
#include "policy/effective_routes.hpp"

namespace egress::inspect {

namespace {

constexpr const char* kInternet = "internet";

std::string joined(const std::vector<Ipv4Prefix>& prefixes) {
  std::vector<std::string> texts;
  for (const Ipv4Prefix& prefix : prefixes) texts.push_back(prefix.to_string());
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string subnet_id(const lab::SubnetRef& ref) {
  return "subnet/" + ref.to_string();
}

std::string zone_id(const std::string& name) {
  return "privateDnsZone/" + name;
}

std::string nat_id(const std::string& name) {
  return "natGateway/" + name;
}

std::string on_premises_id(const std::string& name) {
  return "onPremises/" + name;
}

std::string frontend_id(const std::string& balancer, const std::string& frontend) {
  return fmt::format("frontend/{}/{}", balancer, frontend);
}

void add_subnet(const lab::SubnetRef& ref, const lab::Subnet& subnet, Graph& graph) {
  const std::string id = subnet_id(ref);
  graph.nodes.push_back(
      {id, "subnet", ref.subnet, "virtualNetwork/" + ref.vnet, joined(subnet.address_prefixes)});
  if (subnet.network_security_group) {
    graph.edges.push_back(
        {id, "networkSecurityGroup/" + *subnet.network_security_group, "networkSecurityGroup", {}});
  }
  if (subnet.route_table) {
    graph.edges.push_back({id, "routeTable/" + *subnet.route_table, "routeTable", {}});
  }
  if (subnet.nat_gateway) {
    graph.edges.push_back({id, nat_id(*subnet.nat_gateway), "natGateway", {}});
  }
}

void add_networks(const lab::Lab& lab, Graph& graph) {
  for (const auto& [name, vnet] : lab.virtual_networks) {
    const std::string id = "virtualNetwork/" + name;
    graph.nodes.push_back({id, "virtualNetwork", name, {}, joined(vnet.address_prefixes)});
    for (const auto& [subnet_name, subnet] : vnet.subnets) {
      add_subnet({name, subnet_name}, subnet, graph);
    }
    for (const auto& [remote, peering] : vnet.virtual_network_peerings) {
      // ARM's peeringState.
      graph.edges.push_back(
          {id, "virtualNetwork/" + remote, "virtualNetworkPeering",
           policy::peering_connected(lab, name, remote) ? "Connected" : "Initiated"});
    }
  }
}

void add_rules_and_routes(const lab::Lab& lab, Graph& graph) {
  for (const auto& [name, group] : lab.network_security_groups) {
    graph.nodes.push_back({"networkSecurityGroup/" + name,
                           "networkSecurityGroup",
                           name,
                           {},
                           fmt::format("{} rules", group.security_rules.size())});
  }
  for (const auto& [name, table] : lab.route_tables) {
    const std::string id = "routeTable/" + name;
    graph.nodes.push_back(
        {id, "routeTable", name, {}, fmt::format("{} routes", table.routes.size())});
    for (const auto& [route_name, route] : table.routes) {
      if (!route.next_hop_ip_address) continue;
      const std::string what =
          route.address_prefix ? route.address_prefix->to_string() : route.service_tag;
      for (const auto& [host_name, host] : lab.hosts) {
        if (!host.subnet || host.ip_address != *route.next_hop_ip_address) continue;
        graph.edges.push_back({id, "host/" + host_name, "nextHop", what});
      }
      for (const auto& [balancer_name, balancer] : lab.load_balancers) {
        for (const auto& [frontend, configuration] : balancer.frontend_ip_configurations) {
          if (configuration.private_ip_address != *route.next_hop_ip_address) continue;
          graph.edges.push_back({id, frontend_id(balancer_name, frontend), "nextHop", what});
        }
      }
    }
  }
}

void add_nat_gateways(const lab::Lab& lab, Graph& graph) {
  for (const auto& [name, gateway] : lab.nat_gateways) {
    std::vector<std::string> addresses;
    for (const Ipv4Address address : lab::addresses_of(lab, gateway)) {
      addresses.push_back(address.to_string());
    }
    graph.nodes.push_back(
        {nat_id(name), "natGateway", name, {}, fmt::format("{}", fmt::join(addresses, ", "))});
  }
}

// ARM's words for protocol and ports, "Tcp 80 to 8080".
std::string text_of(const lab::LoadBalancingRule& rule) {
  const std::string protocol = lab::word_for(lab::load_balancing_protocols(), rule.protocol);
  if (rule.for_all_ports()) return protocol;
  const uint16_t behind = rule.backend_port.value_or(rule.frontend_port);
  return behind == rule.frontend_port
             ? fmt::format("{} {}", protocol, behind)
             : fmt::format("{} {} to {}", protocol, rule.frontend_port, behind);
}

void add_load_balancers(const lab::Lab& lab, Graph& graph) {
  for (const auto& [name, balancer] : lab.load_balancers) {
    for (const auto& [frontend, configuration] : balancer.frontend_ip_configurations) {
      graph.nodes.push_back({frontend_id(name, frontend), "frontend", name + "/" + frontend,
                             subnet_id(configuration.subnet),
                             configuration.private_ip_address.to_string()});
    }
    for (const auto& [rule_name, rule] : balancer.load_balancing_rules) {
      const auto& pool = balancer.backend_address_pools.at(rule.backend_address_pool);
      for (const std::string& host : pool.backend_ip_configurations) {
        graph.edges.push_back({frontend_id(name, rule.frontend_ip_configuration), "host/" + host,
                               "loadBalancingRule", text_of(rule)});
      }
    }
  }
}

void add_gateways(const lab::Lab& lab, Graph& graph) {
  for (const auto& [name, network] : lab.on_premises) {
    graph.nodes.push_back({on_premises_id(name), "onPremises", name, {}, {}});
    if (network.internet_address) {
      graph.edges.push_back(
          {on_premises_id(name), kInternet, "internet", network.internet_address->to_string()});
    }
  }
  for (const auto& [name, gateway] : lab.virtual_network_gateways) {
    const std::string id = "gateway/" + name;
    graph.nodes.push_back({id, "virtualNetworkGateway", name,
                           subnet_id({gateway.virtual_network, lab::kGatewaySubnet}),
                           name_of(gateway.gateway_type)});
    for (const auto& [remote, connection] : gateway.connections) {
      graph.edges.push_back(
          {id, on_premises_id(remote), "connection", connection.enable_bgp ? "BGP" : ""});
    }
  }
}

void add_apps(const lab::Lab& lab, Graph& graph) {
  for (const auto& [name, farm] : lab.server_farms) {
    graph.nodes.push_back({"serverFarm/" + name,
                           "serverFarm",
                           name,
                           {},
                           fmt::format("{}, capacity {}", farm.sku, farm.capacity)});
  }
  for (const auto& [name, site] : lab.sites) {
    const std::string id = "site/" + name;
    graph.nodes.push_back({id, "site", name, "serverFarm/" + site.server_farm, {}});
    if (site.virtual_network_subnet) {
      graph.edges.push_back({id, subnet_id(*site.virtual_network_subnet), "integration", {}});
    }
    graph.edges.push_back({id, kInternet, "direct", {}});
    if (site.inbound_ip_address) {
      graph.edges.push_back({kInternet, id, "inbound", site.inbound_ip_address->to_string()});
    }
  }
}

void add_hosts(const lab::Lab& lab, Graph& graph) {
  graph.nodes.push_back({kInternet, "internet", "Internet", {}, {}});
  for (const auto& [name, host] : lab.hosts) {
    graph.nodes.push_back(
        {"host/" + name, "host", name,
         host.subnet        ? subnet_id(*host.subnet)
         : host.on_premises ? on_premises_id(*host.on_premises)
                            : kInternet,
         host.has_address() ? host.ip_address.to_string() : joined(host.address_prefixes)});
    if (host.network_security_group) {
      graph.edges.push_back({"host/" + name,
                             "networkSecurityGroup/" + *host.network_security_group,
                             "networkSecurityGroup",
                             {}});
    }
    if (const auto address = lab::public_address_of(lab, host)) {
      graph.edges.push_back({kInternet, "host/" + name, "publicIPAddress", address->to_string()});
    }
  }
}

void add_services(const lab::Lab& lab, Graph& graph) {
  for (const auto& [name, service] : lab.services) {
    graph.nodes.push_back(
        {"service/" + name, "service", name, kInternet, service.ip_address.to_string()});
  }
  for (const auto& [name, endpoint] : lab.private_endpoints) {
    const std::string id = "privateEndpoint/" + name;
    const std::string& target = endpoint.private_link_service;
    const bool is_service = lab.services.contains(target);
    graph.nodes.push_back({id, "privateEndpoint", name, subnet_id(endpoint.subnet), {}});
    graph.edges.push_back({id, (is_service ? "service/" : "site/") + target, "privateLinkService",
                           fmt::format("{}", fmt::join(endpoint.group_ids, ", "))});
    for (const std::string& zone : endpoint.private_dns_zones) {
      graph.edges.push_back({id, zone_id(zone), "privateDnsZone", {}});
    }
  }
}

void add_zones(const lab::Lab& lab, Graph& graph) {
  for (const auto& [name, zone] : lab.private_dns_zones) {
    // The key alone may tell two zones of one name apart.
    graph.nodes.push_back({zone_id(name),
                           "privateDnsZone",
                           name,
                           {},
                           zone.zone_name == name ? std::string() : zone.zone_name});
    for (const auto& [vnet, link] : zone.virtual_network_links) {
      graph.edges.push_back({zone_id(name), "virtualNetwork/" + vnet, "virtualNetworkLink",
                             link.registration_enabled ? "registration" : ""});
    }
  }
}

}  // namespace

Graph graph_of(const lab::Lab& lab) {
  Graph graph;
  add_networks(lab, graph);
  add_rules_and_routes(lab, graph);
  add_nat_gateways(lab, graph);
  add_gateways(lab, graph);
  add_apps(lab, graph);
  add_hosts(lab, graph);
  add_load_balancers(lab, graph);
  add_services(lab, graph);
  add_zones(lab, graph);
  return graph;
}

}  // namespace egress::inspect
