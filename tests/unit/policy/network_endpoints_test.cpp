// SPDX-License-Identifier: MIT
// What a network has by services, private endpoints and service endpoints.

#include <algorithm>

#include "policy/network.hpp"
#include "policy/numbers.hpp"
#include "tests/unit/policy/network_parts.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Direction;
using testing::ElementsAre;

lab::Lab two_networks() {
  return lab_from(R"(
virtualNetworks:
  a:
    addressPrefixes: [10.0.0.0/16]
    subnets: {s: {addressPrefix: 10.0.0.0/24}, t: {addressPrefix: 10.0.1.0/24}}
    virtualNetworkPeerings: {b: {}}
  b:
    addressPrefixes: [10.1.0.0/16]
    subnets: {s: {addressPrefix: 10.1.0.0/24}}
    virtualNetworkPeerings: {a: {}}
hosts:
  near: {subnet: a/s, ipAddress: 10.0.0.4}
  next: {subnet: b/s, ipAddress: 10.1.0.4}
)");
}

// A service, a site with a front end, one behind an endpoint and one without either.
lab::Lab services_lab() {
  return with(two_networks(), R"(
outboundIpAddresses: [20.50.1.4]
serverFarms: {plan: {}}
sites:
  open: {serverFarm: plan, inboundIpAddress: 20.0.0.3}
  closed: {serverFarm: plan}
  plain: {serverFarm: plan}
services: {db: {type: Microsoft.Sql/servers, ipAddress: 20.0.0.2}}
privateEndpoints:
  pe-db: {subnet: a/t, ipAddress: 10.0.1.4, privateLinkService: db}
  pe-site: {subnet: a/t, ipAddress: 10.0.1.5, privateLinkService: closed}
)");
}

// In the order of their names they would have the lowest.
TEST(NetworkEndpoints, KeepTheAddressesThatTheyHave) {
  lab::Lab lab = with(services_lab(), R"(
privateEndpoints: {pe-db: {ipAddress: null}, pe-site: {ipAddress: null}}
)");
  Situation situation{.lab = lab};
  situation.numbers = numbers(situation);
  const EndpointAddresses first{{"pe-db", ip("10.0.1.4")}, {"pe-site", ip("10.0.1.5")}};
  EXPECT_EQ(analyse(situation)->endpoints, first);
  situation.lab = with(lab, "privateEndpoints: {a: {subnet: a/t, privateLinkService: db}}");
  EXPECT_NE(analyse({.lab = situation.lab})->endpoints.at("pe-db"), first.at("pe-db"));
  situation.numbers = numbers(situation);
  const auto network = analyse(situation);
  EXPECT_EQ(network->endpoints.at("pe-db"), first.at("pe-db"));
  EXPECT_EQ(network->endpoints.at("a"), ip("10.0.1.6"));
  const auto& routes = network->subnets.at(0).routing->routes;
  EXPECT_TRUE(std::any_of(routes.begin(), routes.end(), [](const EffectiveRoute& route) {
    return route.name == "privateEndpoints/a" && route.address_prefix == prefix("10.0.1.6/32");
  }));
  situation.lab.private_endpoints.erase("pe-db");
  EXPECT_EQ(analyse(situation)->endpoints.at("pe-site"), first.at("pe-site"));
}

TEST(NetworkEndpoints, LeaveAnAddressThatIsDeclaredOrOfAnotherSubnet) {
  lab::Lab lab = with(services_lab(), "privateEndpoints: {pe-db: {ipAddress: null}}");
  Situation situation{.lab = lab, .numbers = {{"private endpoints/a", {{"pe-db", 0x0a000105}}}}};
  EXPECT_EQ(analyse(situation)->endpoints.at("pe-db"), ip("10.0.1.4")) << "pe-site says it has it";
  situation.numbers.at("private endpoints/a").at("pe-db") = 0x0a000009;
  EXPECT_EQ(analyse(situation)->endpoints.at("pe-db"), ip("10.0.1.4")) << "of a/s";
  situation.numbers.at("private endpoints/a").at("pe-db") = 0x0a000109;
  EXPECT_EQ(analyse(situation)->endpoints.at("pe-db"), ip("10.0.1.9"));
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
  lab::Lab lab = two_networks();
  lab.hosts["near"].dns_server = lab::DnsServer{};
  EXPECT_THAT(owner(*network_of(lab), "a", "10.0.0.4")->listen,
              testing::UnorderedElementsAre(Port{Protocol::kUdp, 53}, Port{Protocol::kTcp, 53}));
}

TEST(NetworkEndpoints, PrivateEndpointsGetTheAddressesThatAreLeft) {
  const auto network = network_of(with(two_networks(), R"(
hosts: {late: {subnet: a/s, ipAddress: 10.0.0.6}}
services: {db: {type: Microsoft.Sql/servers, ipAddress: 20.0.0.2}}
privateEndpoints:
  p-b: {subnet: a/s, privateLinkService: db}
  p-a: {subnet: a/s, privateLinkService: db}
  p-given: {subnet: a/s, ipAddress: 10.0.0.5, privateLinkService: db}
)"));
  EXPECT_THAT(network->endpoints,
              ElementsAre(std::pair<const std::string, Ipv4Address>{"p-a", ip("10.0.0.7")},
                          std::pair<const std::string, Ipv4Address>{"p-b", ip("10.0.0.8")},
                          std::pair<const std::string, Ipv4Address>{"p-given", ip("10.0.0.5")}));
}

TEST(NetworkEndpoints, APrivateEndpointForWhichNoAddressIsLeftOwnsNone) {
  lab::Lab lab = lab_from(R"(
virtualNetworks:
  v: {addressPrefixes: [10.0.0.0/16], subnets: {small: {addressPrefix: 10.0.0.0/29}}}
hosts: {machine: {subnet: v/small, ipAddress: 10.0.0.5}}
services: {db: {type: Microsoft.Sql/servers, ipAddress: 20.0.0.2}}
privateEndpoints:
  p-a: {subnet: v/small, privateLinkService: db}
  p-b: {subnet: v/small, privateLinkService: db}
)");
  lab.private_endpoints["p-c"] = lab.private_endpoints["p-b"];
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
  lab::Lab lab = with(services_lab(), "hosts: {account: {internet: true, ipAddress: 20.60.0.4}}");
  lab.service_tags = service_tags({{"Storage", {"20.60.0.0/16"}}, {"Sql", {"52.0.0.0/8"}}});
  EXPECT_THAT(ways_of(lab), testing::IsEmpty());
  subnet(lab, "a/s").service_endpoints = {{.service = "Microsoft.Storage.Global"},
                                          {.service = "Microsoft.Sql"}};
  subnet(lab, "b/s").service_endpoints = {{.service = "Microsoft.Sql"}};
  EXPECT_THAT(ways_of(lab), testing::UnorderedElementsAre("a account", "a db", "b db"));
  // Not where a route takes them elsewhere.
  subnet(lab, "a/s").route_table = "t";
  route(lab, "t/storage", "Storage", "None");
  EXPECT_THAT(ways_of(lab), testing::UnorderedElementsAre("a db", "b db"));
}

TEST(NetworkEndpoints, SubnetsWithEqualServiceEndpointsShareTheirRoutes) {
  lab::Lab lab = two_networks();
  const auto share = [&] {
    const auto network = network_of(lab);
    return at(*network, "a/s").routing == at(*network, "a/t").routing;
  };
  EXPECT_TRUE(share());
  subnet(lab, "a/s").service_endpoints = {{.service = "Microsoft.Sql"}};
  EXPECT_FALSE(share());
  subnet(lab, "a/t").service_endpoints = {{.service = "Microsoft.Sql"}};
  EXPECT_TRUE(share());
}

TEST(NetworkEndpoints, AListForEndpointsIsTheSubnetsOwnUnlessItNamesSourcePorts) {
  lab::Lab lab = services_lab();
  lab::Subnet& endpoints = subnet(lab, "a/t");
  endpoints.network_security_group = "nsg";
  deny(lab, "nsg/web", 100, Direction::kInbound, {.destination_ports = "80"});
  EXPECT_EQ(at(*network_of(lab), "a/t").endpoints_inbound, nullptr);
  endpoints.private_endpoint_network_policies = lab::PrivateEndpointNetworkPolicies::kEnabled;
  const auto plain = network_of(lab);
  EXPECT_EQ(at(*plain, "a/t").endpoints_inbound, at(*plain, "a/t").inbound);
  deny(lab, "nsg/low", 110, Direction::kInbound, {.source_ports = "1000"});
  const auto ported = network_of(lab);
  EXPECT_NE(at(*ported, "a/t").endpoints_inbound, at(*ported, "a/t").inbound);
  const auto next = network_of(lab, ported.get());
  EXPECT_EQ(at(*next, "a/t").endpoints_inbound, at(*ported, "a/t").endpoints_inbound);
  // Nothing in a subnet without endpoints needs one.
  lab.private_endpoints.clear();
  EXPECT_EQ(at(*network_of(lab), "a/t").endpoints_inbound, nullptr);
}

TEST(NetworkEndpoints, TakesOverNoGateWhoseTagsHoldOtherServices) {
  lab::Lab lab = services_lab();
  subnet(lab, "a/t").network_security_group = "nsg";
  deny(lab, "nsg/sql", 100, Direction::kOutbound, {.destination = "Sql"});
  const auto before = network_of(lab);
  lab.services["db"].ip_address = ip("20.0.0.9");
  const auto after = network_of(lab, before.get());
  EXPECT_NE(at(*after, "a/t").outbound, at(*before, "a/t").outbound);
}

TEST(NetworkEndpoints, TakesOverNamesThatStayAsTheyWere) {
  lab::Lab lab = two_networks();
  const auto before = network_of(lab);
  deny(lab, "one/a", 100, Direction::kOutbound, {});
  EXPECT_EQ(network_of(lab, before.get())->names, before->names);
  lab.public_dns.record_sets["example.com"].a = {ip("203.0.113.1")};
  EXPECT_NE(network_of(lab, before.get())->names, before->names);
}

}  // namespace
}  // namespace egress::policy::test
