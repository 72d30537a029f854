// SPDX-License-Identifier: MIT
#pragma once

// A lab with one of everything: hub and spoke, a rule, a route, an integrated app and one that is
// not, hosts inside and outside.

#include <string>

#include "lab/lab.hpp"
#include "tests/support/values.hpp"

namespace egress::testing_support {

inline const lab::SubnetRef kIntegration{"spoke", "integration"};

inline lab::SecurityRule deny_sql() {
  lab::SecurityRule rule;
  rule.priority = 100;
  rule.protocol = lab::SecurityRuleProtocol::kTcp;
  rule.source.any = true;
  rule.destination.prefixes = {prefix("10.1.2.0/24")};
  rule.source_ports = PortSet::all();
  rule.destination_ports = PortSet({{1433, 1433}});
  return rule;
}

inline lab::Lab spoke_lab() {
  lab::Lab lab;
  lab.outbound_ip_addresses = {ip("20.50.1.4"), ip("20.50.1.5")};
  lab::VirtualNetwork& hub = lab.virtual_networks["hub"];
  hub.address_prefixes = {prefix("10.0.0.0/16")};
  hub.subnets["firewall"].address_prefixes = {prefix("10.0.1.0/24")};
  hub.virtual_network_peerings["spoke"] = {};
  lab::VirtualNetwork& spoke = lab.virtual_networks["spoke"];
  spoke.address_prefixes = {prefix("10.1.0.0/16")};
  spoke.virtual_network_peerings["hub"] = {};
  lab::Subnet& integration = spoke.subnets["integration"];
  integration.address_prefixes = {prefix("10.1.1.0/26")};
  integration.delegations = {"Microsoft.Web/serverFarms"};
  integration.network_security_group = "nsg";
  integration.route_table = "via-firewall";
  spoke.subnets["data"].address_prefixes = {prefix("10.1.2.0/24")};
  lab.network_security_groups["nsg"].security_rules["deny-sql"] = deny_sql();
  lab.route_tables["via-firewall"].routes["default"] = {
      .address_prefix = prefix("0.0.0.0/0"),
      .next_hop_type = lab::NextHopType::kVirtualAppliance,
      .next_hop_ip_address = ip("10.0.1.4")};
  lab.server_farms["plan"].capacity = 2;
  lab::Site& web = lab.sites["web"];
  web.server_farm = "plan";
  web.virtual_network_subnet = kIntegration;
  web.outbound_vnet_routing = lab::OutboundVnetRouting{.application_traffic = true};
  web.app_settings = {{"GREETING", "hello"}};
  lab.sites["plain"].server_farm = "plan";
  lab::Host& firewall = lab.hosts["firewall"];
  firewall.subnet = lab::SubnetRef{"hub", "firewall"};
  firewall.ip_address = ip("10.0.1.4");
  firewall.enable_ip_forwarding = true;
  lab::Host& sql = lab.hosts["sql"];
  sql.subnet = lab::SubnetRef{"spoke", "data"};
  sql.ip_address = ip("10.1.2.4");
  sql.listen = {{Protocol::kTcp, 1433}, {Protocol::kTcp, 443}};
  lab::Host& website = lab.hosts["website"];
  website.ip_address = ip("93.184.216.34");
  website.names = {"www.example.com", "example.com"};
  website.listen = {{Protocol::kTcp, 80}};
  return lab;
}

inline lab::IntegrationAddresses spoke_addresses() {
  return {{{"plan", 0, kIntegration}, ip("10.1.1.4")}, {{"plan", 1, kIntegration}, ip("10.1.1.5")}};
}

}  // namespace egress::testing_support
