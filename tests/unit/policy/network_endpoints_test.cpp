// SPDX-License-Identifier: MIT
// What a network has by services, private endpoints and service endpoints.

#include <algorithm>

#include "policy/network.hpp"
#include "tests/unit/policy/lab_builder.hpp"
#include "tests/unit/policy/network_parts.hpp"

namespace egress::policy::test {
namespace {

using lab::Direction;
using testing::ElementsAre;

lab::Lab three_networks() {
  lab::Lab lab;
  for (const char* name : {"a", "b", "c"}) vnet(lab, name, {});
  lab.virtual_networks["a"].address_prefixes = {prefix("10.0.0.0/16")};
  lab.virtual_networks["b"].address_prefixes = {prefix("10.1.0.0/16")};
  lab.virtual_networks["c"].address_prefixes = {prefix("10.0.0.0/16")};
  peer(lab, "a", "b");
  peer(lab, "b", "c");
  for (const char* name : {"a/s", "a/t", "b/s", "c/s"}) {
    subnet(
        lab, name,
        std::string(name[0] == 'b' ? "10.1." : "10.0.") + (name[2] == 's' ? "0.0/24" : "1.0/24"));
  }
  host(lab, "near", "a/s", "10.0.0.4");
  host(lab, "next", "b/s", "10.1.0.4");
  host(lab, "far", "c/s", "10.0.0.4");
  internet_host(lab, "public", "20.0.0.1");
  return lab;
}

// A service, a site with a front end, one behind an endpoint and one without either.
lab::Lab services_lab() {
  lab::Lab lab = three_networks();
  service(lab, "db", "Microsoft.Sql/servers", "20.0.0.2");
  app(lab, "open", "").inbound_ip_address = ip("20.0.0.3");
  app(lab, "closed", "");
  app(lab, "plain", "");
  private_endpoint(lab, "pe-db", "a/t", "10.0.1.4", "db");
  private_endpoint(lab, "pe-site", "a/t", "10.0.1.5", "closed");
  return lab;
}

TEST(NetworkEndpoints, ServicesFrontEndsAndPrivateEndpointsOwnAddresses) {
  const auto network = network_of(services_lab());
  EXPECT_EQ(owner(*network, "", "20.0.0.2")->kind, InterfaceKind::kService);
  EXPECT_EQ(owner(*network, "", "20.0.0.3")->kind, InterfaceKind::kFrontEnd);
  const Interface* endpoint = owner(*network, "a", "10.0.1.4");
  EXPECT_EQ(endpoint->kind, InterfaceKind::kPrivateEndpoint);
  EXPECT_EQ(&network->interfaces[endpoint->behind], owner(*network, "", "20.0.0.2"));
  EXPECT_EQ(network->interfaces[owner(*network, "a", "10.0.1.5")->behind].name, "closed");
  EXPECT_THAT(endpoint->listen, ElementsAre(Port{Protocol::kTcp, 1433}));
  // Nobody is at the address of a front end that has none.
  EXPECT_EQ(owner(*network, "", "0.0.0.0"), nullptr);
  EXPECT_TRUE(std::none_of(network->interfaces.begin(), network->interfaces.end(),
                           [](const Interface& each) { return each.name == "plain"; }));
}

TEST(NetworkEndpoints, AMachineWithADnsServerListensOnItsPort) {
  lab::Lab lab = three_networks();
  lab.hosts["near"].dns_server = lab::DnsServer{};
  EXPECT_THAT(owner(*network_of(lab), "a", "10.0.0.4")->listen,
              testing::UnorderedElementsAre(Port{Protocol::kUdp, 53}, Port{Protocol::kTcp, 53}));
}

TEST(NetworkEndpoints, PrivateEndpointsGetTheAddressesThatAreLeft) {
  lab::Lab lab = three_networks();
  host(lab, "late", "a/s", "10.0.0.6");
  service(lab, "db", "Microsoft.Sql/servers", "20.0.0.2");
  private_endpoint(lab, "p-given", "a/s", "10.0.0.5", "db");
  for (const char* name : {"p-b", "p-a"}) {
    private_endpoint(lab, name, "a/s", "0.0.0.0", "db").ip_address.reset();
  }
  const auto network = network_of(lab);
  EXPECT_THAT(network->endpoints,
              ElementsAre(std::pair<const std::string, Ipv4Address>{"p-a", ip("10.0.0.7")},
                          std::pair<const std::string, Ipv4Address>{"p-b", ip("10.0.0.8")},
                          std::pair<const std::string, Ipv4Address>{"p-given", ip("10.0.0.5")}));
}

TEST(NetworkEndpoints, APrivateEndpointForWhichNoAddressIsLeftOwnsNone) {
  lab::Lab lab;
  vnet(lab, "v", {"10.0.0.0/16"});
  subnet(lab, "v/small", "10.0.0.0/29");
  host(lab, "machine", "v/small", "10.0.0.5");
  service(lab, "db", "Microsoft.Sql/servers", "20.0.0.2");
  for (const char* name : {"p-a", "p-b", "p-c"}) {
    private_endpoint(lab, name, "v/small", "0.0.0.0", "db").ip_address.reset();
  }
  const auto network = network_of(lab);
  EXPECT_EQ(network->endpoints.at("p-a"), ip("10.0.0.4"));
  EXPECT_EQ(network->endpoints.at("p-b"), ip("10.0.0.6"));
  EXPECT_FALSE(network->endpoints.contains("p-c"));
}

// What a network reaches by service endpoint, "VNET NAME".
std::vector<std::string> ways_of(const lab::Lab& lab) {
  const auto network = network_of(lab);
  std::vector<std::string> texts;
  for (const auto& [vnet, index] : network->ways) {
    texts.push_back(network->vnets[vnet].name + " " + network->interfaces[index].name);
  }
  return texts;
}

TEST(NetworkEndpoints, KnowsWhatEachNetworkReachesByServiceEndpoints) {
  lab::Lab lab = services_lab();
  internet_host(lab, "account", "20.60.0.4");
  tag_file(lab, {{"Storage", {"20.60.0.0/16"}}, {"Sql", {"52.0.0.0/8"}}});
  EXPECT_THAT(ways_of(lab), testing::IsEmpty());
  lab.virtual_networks["a"].subnets["s"].service_endpoints = {
      {.service = "Microsoft.Storage.Global"}, {.service = "Microsoft.Sql"}};
  lab.virtual_networks["b"].subnets["s"].service_endpoints = {{.service = "Microsoft.Sql"}};
  EXPECT_THAT(ways_of(lab), testing::UnorderedElementsAre("a account", "a db", "b db"));
  // Not where a route takes them elsewhere.
  lab.virtual_networks["a"].subnets["s"].route_table = "t";
  route(lab, "t/storage", "Storage", "None");
  EXPECT_THAT(ways_of(lab), testing::UnorderedElementsAre("a db", "b db"));
}

TEST(NetworkEndpoints, SubnetsWithEqualServiceEndpointsShareTheirRoutes) {
  lab::Lab lab = three_networks();
  const auto share = [&] {
    const auto network = network_of(lab);
    return at(*network, "a/s").routing == at(*network, "a/t").routing;
  };
  EXPECT_TRUE(share());
  lab.virtual_networks["a"].subnets["s"].service_endpoints = {{.service = "Microsoft.Sql"}};
  EXPECT_FALSE(share());
  lab.virtual_networks["a"].subnets["t"].service_endpoints = {{.service = "Microsoft.Sql"}};
  EXPECT_TRUE(share());
}

TEST(NetworkEndpoints, AListForEndpointsIsTheSubnetsOwnUnlessItNamesSourcePorts) {
  lab::Lab lab = services_lab();
  lab::Subnet& subnet = lab.virtual_networks["a"].subnets["t"];
  subnet.network_security_group = "nsg";
  deny(lab, "nsg/web", 100, Direction::kInbound, {.destination_ports = "80"});
  EXPECT_EQ(at(*network_of(lab), "a/t").endpoints_inbound, nullptr);
  subnet.private_endpoint_network_policies = lab::PrivateEndpointNetworkPolicies::kEnabled;
  const auto plain = network_of(lab);
  EXPECT_EQ(at(*plain, "a/t").endpoints_inbound, at(*plain, "a/t").inbound);
  deny(lab, "nsg/low", 110, Direction::kInbound, {.source_ports = "1000"});
  const auto ported = network_of(lab);
  EXPECT_NE(at(*ported, "a/t").endpoints_inbound, at(*ported, "a/t").inbound);
  const auto next = analyse({.lab = lab, .leases = lease_all(lab)}, ported.get());
  EXPECT_EQ(at(*next, "a/t").endpoints_inbound, at(*ported, "a/t").endpoints_inbound);
  // Nothing in a subnet without endpoints needs one.
  lab.private_endpoints.clear();
  EXPECT_EQ(at(*network_of(lab), "a/t").endpoints_inbound, nullptr);
}

TEST(NetworkEndpoints, TakesOverNoGateWhoseTagsHoldOtherServices) {
  lab::Lab lab = services_lab();
  lab.virtual_networks["a"].subnets["t"].network_security_group = "nsg";
  deny(lab, "nsg/sql", 100, Direction::kOutbound, {.destination = "Sql"});
  const auto before = network_of(lab);
  lab.services["db"].ip_address = ip("20.0.0.9");
  const auto after = analyse({.lab = lab, .leases = lease_all(lab)}, before.get());
  EXPECT_NE(at(*after, "a/t").outbound, at(*before, "a/t").outbound);
}

TEST(NetworkEndpoints, TakesOverNamesThatStayAsTheyWere) {
  lab::Lab lab = three_networks();
  const auto before = network_of(lab);
  deny(lab, "one/a", 100, Direction::kOutbound, {});
  EXPECT_EQ(analyse({.lab = lab, .leases = lease_all(lab)}, before.get())->names, before->names);
  lab.public_dns.record_sets["example.com"].a = {ip("203.0.113.1")};
  EXPECT_NE(analyse({.lab = lab, .leases = lease_all(lab)}, before.get())->names, before->names);
}

}  // namespace
}  // namespace egress::policy::test
