// SPDX-License-Identifier: MIT
// Flows to private endpoints, and the way of their answers.
#include "policy/walk.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Access;
using lab::Direction;
using lab::EndpointStatus;
using lab::PrivateEndpointNetworkPolicies;
using lab::Verdict;
using testing::HasSubstr;

// An app in the spoke, an endpoint of a closed server in the hub, an appliance between them that
// only routes lead to.
lab::Lab endpoint_lab() {
  return lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets: {endpoints: {addressPrefix: 10.0.4.0/24}, firewall: {addressPrefix: 10.0.1.0/24}}
    virtualNetworkPeerings: {spoke: {}}
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms], routeTable: t}
    virtualNetworkPeerings: {hub: {}}
routeTables: {t: {}}
serverFarms: {plan: {}, other: {}}
sites: {web: {serverFarm: plan, virtualNetworkSubnet: spoke/apps}}
hosts: {firewall: {subnet: hub/firewall, ipAddress: 10.0.1.4, enableIPForwarding: true}}
services:
  sql: {type: Microsoft.Sql/servers, ipAddress: 52.236.184.200, publicNetworkAccess: Disabled}
privateEndpoints: {pe: {subnet: hub/endpoints, ipAddress: 10.0.4.5, privateLinkService: sql}}
)");
}

Explanation connect(const lab::Lab& lab) {
  return explain(lab, "web", "tcp://10.0.4.5:1433");
}

TEST(PrivateEndpointWalk, LeadsToTheServicePastItsFirewall) {
  const Explanation got = connect(endpoint_lab());
  EXPECT_EQ(decision(got), "Allow by route privateEndpoints/pe");
  EXPECT_EQ(got.source, ip("10.1.1.4"));
  EXPECT_EQ(got.host, "sql");
  EXPECT_EQ(got.next_hop->type, "InterfaceEndpoint");
  EXPECT_EQ(got.service->access, Access::kAllow);
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow);
  EXPECT_EQ(explain(endpoint_lab(), "web", "tcp://52.236.184.200:1433").service->access,
            Access::kDeny);
}

TEST(PrivateEndpointWalk, EndsAtOneThatIsNotApproved) {
  for (const EndpointStatus status :
       {EndpointStatus::kPending, EndpointStatus::kRejected, EndpointStatus::kDisconnected}) {
    lab::Lab lab = endpoint_lab();
    lab.private_endpoints["pe"].status = status;
    EXPECT_EQ(decision(connect(lab)), "Drop by privateEndpoint privateEndpoints/pe");
  }
}

TEST(PrivateEndpointWalk, AnswersNoPing) {
  EXPECT_EQ(decision(explain(endpoint_lab(), "web", "icmp://10.0.4.5")),
            "Drop by privateEndpoint privateEndpoints/pe");
}

TEST(PrivateEndpointWalk, ReachesThePortsOfItsGroupsAlone) {
  const lab::Lab lab = with(endpoint_lab(), R"(
services: {files: {type: Microsoft.Storage/storageAccounts, ipAddress: 20.60.40.4}}
privateEndpoints:
  pe-blob: {subnet: hub/endpoints, ipAddress: 10.0.4.6, privateLinkService: files, groupIds: [blob]}
  pe-file: {subnet: hub/endpoints, ipAddress: 10.0.4.7, privateLinkService: files, groupIds: [file]}
)");
  EXPECT_FALSE(explain(lab, "web", "tcp://10.0.4.6:443").refused);
  EXPECT_TRUE(explain(lab, "web", "tcp://10.0.4.6:445").refused);
  EXPECT_FALSE(explain(lab, "web", "tcp://10.0.4.7:445").refused);
}

TEST(PrivateEndpointWalk, MeetsTheListOfItsSubnetWhereThePoliciesSaySo) {
  using Policies = PrivateEndpointNetworkPolicies;
  lab::Lab lab = endpoint_lab();
  lab::Subnet& endpoints = subnet(lab, "hub/endpoints");
  endpoints.network_security_group = "nsg";
  deny(lab, "nsg/no-sql", 100, Direction::kInbound, {.destination = "10.0.4.5/32"});
  for (const Policies policies : {Policies::kDisabled, Policies::kRouteTableEnabled}) {
    endpoints.private_endpoint_network_policies = policies;
    EXPECT_EQ(decision(connect(lab)), "Allow by route privateEndpoints/pe");
  }
  for (const Policies policies : {Policies::kNetworkSecurityGroupEnabled, Policies::kEnabled}) {
    endpoints.private_endpoint_network_policies = policies;
    EXPECT_EQ(decision(connect(lab)), "Deny by networkSecurityGroup nsg/no-sql");
  }
}

// azure-facts 4.1.9
TEST(PrivateEndpointWalk, ItsListLooksAtNoSourcePort) {
  lab::Lab lab = endpoint_lab();
  lab::Subnet& endpoints = subnet(lab, "hub/endpoints");
  endpoints.network_security_group = "nsg";
  endpoints.private_endpoint_network_policies = PrivateEndpointNetworkPolicies::kEnabled;
  deny(lab, "nsg/low-ports", 100, Direction::kInbound, {.source_ports = "1000"});
  EXPECT_EQ(decision(connect(lab)), "Deny by networkSecurityGroup nsg/low-ports");
}

TEST(PrivateEndpointWalk, GoesThroughAnApplianceWhereARouteSaysSo) {
  lab::Lab lab = endpoint_lab();
  route(lab, "t/endpoint", "10.0.4.5/32", "10.0.1.4");
  const Explanation got = connect(lab);
  EXPECT_EQ(decision(got), "Allow by route t/endpoint");
  EXPECT_EQ(got.source, ip("10.1.1.4"));
  EXPECT_EQ(got.host, "sql");
  // Straight to the peer: the endpoint knows nothing of the appliance.
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow);
}

TEST(PrivateEndpointWalk, IsNoApplianceForRoutes) {
  lab::Lab lab = endpoint_lab();
  route(lab, "t/self", "10.0.4.5/32", "10.0.4.5");
  EXPECT_EQ(decision(connect(lab)), "Drop by route t/self");
  route(lab, "t/other", "10.0.4.9/32", "10.0.4.5");
  EXPECT_EQ(decision(explain(lab, "web", "tcp://10.0.4.9:80")), "Drop by route t/other");
}

TEST(PrivateEndpointWalk, IsNotReachedByRoutesThatVoidItAndCarryNothing) {
  for (const char* next_hop : {"VnetLocal", "Internet", "None"}) {
    lab::Lab lab = endpoint_lab();
    route(lab, "t/r", "10.0.4.5/32", next_hop);
    EXPECT_EQ(decision(connect(lab)), "Drop by route t/r") << next_hop;
  }
}

TEST(PrivateEndpointWalk, ABroaderRouteToTheInternetDropsIt) {
  lab::Lab lab = endpoint_lab();
  subnet(lab, "hub/endpoints").private_endpoint_network_policies =
      PrivateEndpointNetworkPolicies::kEnabled;
  route(lab, "t/r", "10.0.0.0/16", "Internet");
  EXPECT_EQ(decision(connect(lab)), "Drop by route t/r");
}

// azure-docs#119645, #105920: with policies on, a local route as long as the endpoint's subnet
// voids its route without carrying the traffic, and one to an appliance takes it.
TEST(PrivateEndpointWalk, ABroaderLocalRouteDropsItAndAnApplianceTakesIt) {
  lab::Lab lab = endpoint_lab();
  subnet(lab, "hub/endpoints").private_endpoint_network_policies =
      PrivateEndpointNetworkPolicies::kRouteTableEnabled;
  route(lab, "t/endpoints", "10.0.4.0/24", "VnetLocal");
  EXPECT_EQ(decision(connect(lab)), "Drop by route t/endpoints");
  lab.route_tables.clear();
  route(lab, "t/endpoints", "10.0.4.0/24", "10.0.1.4");
  const Explanation got = connect(lab);
  EXPECT_EQ(decision(got), "Allow by route t/endpoints");
  EXPECT_EQ(got.host, "sql");
}

TEST(PrivateEndpointWalk, LocalRoutesCarryInANetworkWithBasicPolicies) {
  lab::Lab lab = with(endpoint_lab(), R"(
virtualNetworks: {hub: {subnets: {apps: {
  addressPrefix: 10.0.9.0/26, delegations: [Microsoft.Web/serverFarms], routeTable: t}}}}
sites: {near: {serverFarm: other, virtualNetworkSubnet: hub/apps}}
)");
  route(lab, "t/r", "10.0.4.5/32", "VnetLocal");
  EXPECT_EQ(decision(explain(lab, "near", "tcp://10.0.4.5:1433")), "Drop by route t/r");
  lab.virtual_networks["hub"].private_endpoint_vnet_policies =
      lab::PrivateEndpointVnetPolicies::kBasic;
  EXPECT_EQ(decision(explain(lab, "near", "tcp://10.0.4.5:1433")), "Allow by route t/r");
  // The endpoint is not local to the spoke.
  EXPECT_EQ(decision(connect(lab)), "Drop by route t/r");
}

TEST(PrivateEndpointWalk, LeadsToAnAppsFrontEnd) {
  const lab::Lab lab = with(endpoint_lab(), R"(
sites: {api: {serverFarm: other}}
privateEndpoints: {pe-api: {subnet: hub/endpoints, ipAddress: 10.0.4.8, privateLinkService: api}}
)");
  const Explanation got = explain(lab, "web", "tcp://10.0.4.8:443");
  EXPECT_EQ(got.host, "api");
  EXPECT_TRUE(got.answer_unknown);
  EXPECT_EQ(got.service->access, Access::kAllow);
}

TEST(PrivateEndpointWalk, IsOutOfReachForAnAppWithoutIntegration) {
  const lab::Lab lab = with(endpoint_lab(), "sites: {lone: {serverFarm: other}}");
  EXPECT_EQ(decision(explain(lab, "lone", "tcp://10.0.4.5:1433")),
            "Drop by applicationRouting applicationRouting");
}

// Contract "Decided" 26. The source is that of an app two peerings away, as the appliance only
// routes.
TEST(PrivateEndpointReply, FindsNoWayBeyondThePeersOfItsNetwork) {
  const lab::Lab lab = with(endpoint_lab(), R"(
virtualNetworks:
  hub: {virtualNetworkPeerings: {spoke: {allowForwardedTraffic: true}}}
  spoke:
    subnets: {nva: {addressPrefix: 10.1.9.0/24}}
    virtualNetworkPeerings: {far: {}}
  far:
    addressPrefixes: [10.2.0.0/16]
    subnets:
      apps: {addressPrefix: 10.2.1.0/26, delegations: [Microsoft.Web/serverFarms], routeTable: far}
    virtualNetworkPeerings: {spoke: {}}
routeTables:
  far: {routes: {hub: {addressPrefix: 10.0.0.0/16, nextHopType: VirtualAppliance,
                       nextHopIpAddress: 10.1.9.4}}}
sites: {distant: {serverFarm: other, virtualNetworkSubnet: far/apps}}
hosts: {nva: {subnet: spoke/nva, ipAddress: 10.1.9.4, enableIPForwarding: true}}
)");
  const Explanation got = explain(lab, "distant", "tcp://10.0.4.5:1433");
  EXPECT_EQ(got.verdict, Verdict::kAllow);
  EXPECT_EQ(got.reply->verdict, Verdict::kDrop);
  EXPECT_THAT(got.reply->reason, HasSubstr("no network that is peered with hub"));
}

TEST(PrivateEndpointReply, FollowsNoRouteOfItsSubnet) {
  lab::Lab lab = endpoint_lab();
  subnet(lab, "hub/endpoints").route_table = "back";
  route(lab, "back/off", "10.1.0.0/16", "None");
  EXPECT_EQ(connect(lab).reply->verdict, Verdict::kAllow);
}

// The spoke's side of the peering decides on forwarded traffic for answers, too, and an answer is
// the endpoint's own.
TEST(PrivateEndpointReply, PassesAPeeringThatTakesNoForwardedTraffic) {
  lab::Lab lab = endpoint_lab();
  peering(lab, "spoke", "hub").allow_forwarded_traffic = false;
  EXPECT_EQ(connect(lab).reply->verdict, Verdict::kAllow);
}

}  // namespace
}  // namespace egress::policy::test
