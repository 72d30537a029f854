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

std::vector<Port> listens(const std::vector<std::string>& texts) {
  std::vector<Port> result;
  for (const std::string& text : texts) result.push_back(must(Port::parse(text)));
  return result;
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

lab::Service& service(lab::Lab& lab, const std::string& name, const std::string& type,
                      const std::string& address) {
  lab::Service& added = lab.services[name];
  added.type = type;
  added.location = lab.location;
  added.ip_address = ip(address);
  return added;
}

lab::PrivateEndpoint& private_endpoint(lab::Lab& lab, const std::string& name,
                                       const std::string& subnet, const std::string& address,
                                       const std::string& target) {
  lab::PrivateEndpoint& added = lab.private_endpoints[name];
  added.subnet = subnet_ref(subnet);
  added.ip_address = ip(address);
  added.private_link_service = target;
  return added;
}

void tag_file(lab::Lab& lab, const std::map<std::string, std::vector<std::string>>& tags) {
  lab::ServiceTags file;
  for (const auto& [name, texts] : tags) {
    std::vector<Ipv4Prefix> prefixes;
    for (const std::string& text : texts) prefixes.push_back(prefix(text));
    const size_t dot = name.find('.');
    file[name] = {dot == std::string::npos ? "" : name.substr(dot + 1), address_set(prefixes)};
  }
  lab.service_tags = std::make_shared<const lab::ServiceTags>(std::move(file));
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

}  // namespace egress::policy::test
