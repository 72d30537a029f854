// SPDX-License-Identifier: MIT
#include "tests/unit/policy/lab_builder.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "lab/flow_url.hpp"

namespace egress::policy::test {
namespace {

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) {
    ADD_FAILURE() << result.error().to_string();
    std::abort();
  }
  return std::move(result).value();
}

struct Pair {
  std::string first{};
  std::string second{};
};
Pair split(const std::string& text) {
  const size_t slash = text.find('/');
  return {text.substr(0, slash), text.substr(slash + 1)};
}

bool is_prefix(const std::string& text) {
  return text.find_first_not_of("0123456789./") == std::string::npos;
}

lab::AddressMatch match(const std::string& text) {
  lab::AddressMatch result;
  if (text == "*") {
    result.any = true;
  } else if (is_prefix(text)) {
    result.prefixes.push_back(prefix(text));
  } else if (text.rfind("asg:", 0) == 0) {
    result.application_security_groups.push_back(text.substr(4));
  } else {
    result.service_tag = text;
  }
  return result;
}

PortSet ports(const std::string& text) {
  if (text == "*") return PortSet::all();
  const size_t dash = text.find('-');
  const auto first = static_cast<uint16_t>(std::stoi(text.substr(0, dash)));
  const auto last =
      dash == std::string::npos ? first : static_cast<uint16_t>(std::stoi(text.substr(dash + 1)));
  return PortSet({{first, last}});
}

lab::SecurityRuleProtocol protocol(const std::string& text) {
  for (const auto each : {lab::SecurityRuleProtocol::kTcp, lab::SecurityRuleProtocol::kUdp,
                          lab::SecurityRuleProtocol::kIcmp, lab::SecurityRuleProtocol::kEsp,
                          lab::SecurityRuleProtocol::kAh}) {
    if (text == lab::name_of(each)) return each;
  }
  return lab::SecurityRuleProtocol::kAny;
}

std::vector<Port> listens(const std::vector<std::string>& texts) {
  std::vector<Port> result;
  for (const std::string& text : texts) result.push_back(must(Port::parse(text)));
  return result;
}

void add_rule(lab::Lab& lab, const std::string& group_and_name, lab::SecurityRule rule) {
  const auto [group, name] = split(group_and_name);
  lab.network_security_groups[group].security_rules[name] = std::move(rule);
}

}  // namespace

lab::SubnetRef subnet_ref(const std::string& text) {
  const auto [vnet_name, name] = split(text);
  return {vnet_name, name};
}

lab::VirtualNetwork& vnet(lab::Lab& lab, const std::string& name,
                          const std::vector<std::string>& prefixes) {
  lab::VirtualNetwork& added = lab.virtual_networks[name];
  added.location = lab.location;
  for (const std::string& text : prefixes) added.address_prefixes.push_back(prefix(text));
  return added;
}

lab::Subnet& subnet(lab::Lab& lab, const std::string& ref, const std::string& text) {
  const auto [vnet_name, name] = split(ref);
  lab::Subnet& added = lab.virtual_networks.at(vnet_name).subnets[name];
  added.address_prefixes.push_back(prefix(text));
  return added;
}

void peer(lab::Lab& lab, const std::string& a, const std::string& b) {
  peering(lab, a, b);
  peering(lab, b, a);
}

lab::VirtualNetworkPeering& peering(lab::Lab& lab, const std::string& at,
                                    const std::string& remote) {
  return lab.virtual_networks.at(at).virtual_network_peerings[remote];
}

lab::SecurityRule make_rule(int priority, lab::Direction direction, lab::Access access,
                            const RuleText& text) {
  return {.priority = priority,
          .direction = direction,
          .access = access,
          .protocol = protocol(text.protocol),
          .source = match(text.source),
          .destination = match(text.destination),
          .source_ports = ports(text.source_ports),
          .destination_ports = ports(text.destination_ports)};
}

void allow(lab::Lab& lab, const std::string& group_and_name, int priority, lab::Direction direction,
           const RuleText& text) {
  add_rule(lab, group_and_name, make_rule(priority, direction, lab::Access::kAllow, text));
}

void deny(lab::Lab& lab, const std::string& group_and_name, int priority, lab::Direction direction,
          const RuleText& text) {
  add_rule(lab, group_and_name, make_rule(priority, direction, lab::Access::kDeny, text));
}

void route(lab::Lab& lab, const std::string& table_and_name, const std::string& to,
           const std::string& next_hop) {
  const auto [table, name] = split(table_and_name);
  lab::Route& added = lab.route_tables[table].routes[name];
  if (is_prefix(to)) {
    added.address_prefix = prefix(to);
  } else {
    added.service_tag = to;
  }
  for (const auto type : {lab::NextHopType::kVirtualNetworkGateway, lab::NextHopType::kVnetLocal,
                          lab::NextHopType::kInternet, lab::NextHopType::kNone}) {
    if (next_hop != lab::name_of(type)) continue;
    added.next_hop_type = type;
    return;
  }
  added.next_hop_type = lab::NextHopType::kVirtualAppliance;
  added.next_hop_ip_address = ip(next_hop);
}

lab::Host& host(lab::Lab& lab, const std::string& name, const std::string& subnet,
                const std::string& address, const std::vector<std::string>& listen) {
  lab::Host& added = lab.hosts[name];
  added.subnet = subnet_ref(subnet);
  added.ip_address = ip(address);
  added.listen = listens(listen);
  return added;
}

lab::Host& internet_host(lab::Lab& lab, const std::string& name, const std::string& address,
                         const std::vector<std::string>& listen) {
  lab::Host& added = lab.hosts[name];
  added.ip_address = ip(address);
  added.listen = listens(listen);
  return added;
}

lab::Host& appliance(lab::Lab& lab, const std::string& name, const std::string& subnet,
                     const std::string& address) {
  lab::Host& added = host(lab, name, subnet, address);
  added.enable_ip_forwarding = true;
  return added;
}

lab::Site& app(lab::Lab& lab, const std::string& name, const std::string& subnet) {
  lab::Site& site = lab.sites[name];
  site.server_farm = name + "-plan";
  lab.server_farms[site.server_farm] = {};
  if (!subnet.empty()) site.virtual_network_subnet = subnet_ref(subnet);
  return site;
}

void route_all(lab::Site& site) {
  site.outbound_vnet_routing = lab::OutboundVnetRouting{.application_traffic = true};
}

lab::IntegrationAddresses lease_all(const lab::Lab& lab) {
  lab::IntegrationAddresses addresses;
  std::map<lab::SubnetRef, uint32_t> taken;
  for (const lab::Integration& integration : lab::integrations(lab)) {
    const Ipv4Address base = lab.find(integration.subnet)->address_prefixes.front().address;
    addresses[integration] = {base.bits + 4 + taken[integration.subnet]++};
  }
  return addresses;
}

lab::Lab example_lab() {
  lab::Lab lab;
  lab.outbound_ip_addresses = {ip("20.50.1.4"), ip("20.50.1.5")};
  vnet(lab, "hub", {"10.0.0.0/16"});
  subnet(lab, "hub/firewall", "10.0.1.0/24");
  vnet(lab, "spoke", {"10.1.0.0/16"});
  lab::Subnet& integration = subnet(lab, "spoke/integration", "10.1.1.0/26");
  integration.delegations = {"Microsoft.Web/serverFarms"};
  integration.network_security_group = "nsg-integration";
  integration.route_table = "via-firewall";
  subnet(lab, "spoke/data", "10.1.2.0/24");
  peering(lab, "hub", "spoke").allow_forwarded_traffic = true;
  peering(lab, "spoke", "hub").allow_forwarded_traffic = true;
  deny(lab, "nsg-integration/deny-sql", 100, lab::Direction::kOutbound,
       {.protocol = "Tcp", .destination = "10.1.2.0/24", .destination_ports = "1433"});
  route(lab, "via-firewall/default", "0.0.0.0/0", "10.0.1.4");
  route_all(app(lab, "web", "spoke/integration"));
  appliance(lab, "firewall", "hub/firewall", "10.0.1.4").masquerade = ip("20.61.0.10");
  host(lab, "sql", "spoke/data", "10.1.2.4", {"tcp/1433", "tcp/443"});
  internet_host(lab, "website", "93.184.216.34", {"tcp/80", "tcp/443", "udp/9999"}).names = {
      "www.example.com"};
  return lab;
}

Explanation explain(const lab::Lab& lab, const std::string& site, const std::string& url) {
  const lab::FlowUrl parsed = must(lab::parse_flow_url(lab, url));
  const auto network = analyse({.lab = lab, .leases = lease_all(lab)});
  const Flow flow{parsed.protocol, parsed.destination, parsed.port};
  return must(policy::explain(*network, {site, 0}, flow));
}

std::string decision(const Explanation& explanation) {
  return fmt::format("{} by {} {}", lab::name_of(explanation.verdict),
                     name_of(explanation.decided_by.stage), explanation.decided_by.name);
}

std::vector<std::string> stages(const Explanation& explanation) {
  std::vector<std::string> texts;
  for (const Step& step : explanation.steps) {
    texts.push_back(fmt::format("{} {} {}", name_of(step.stage), step.where, step.result));
  }
  return texts;
}

}  // namespace egress::policy::test
