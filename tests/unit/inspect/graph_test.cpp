// SPDX-License-Identifier: MIT
#include "inspect/graph.hpp"

#include <gmock/gmock.h>

#include <set>

#include "tests/support/lab_from.hpp"

namespace egress::inspect {
namespace {

using namespace testing_support;
using ::testing::Contains;
using ::testing::FieldsAre;

// One of everything that names and services have, too.
lab::Lab lab_with_names() {
  return with(contract_lab(), R"(
sites: {web: {inboundIpAddress: 20.50.2.4}}
natGateways: {nat: {publicIpPrefixes: [20.61.7.2/31]}}
virtualNetworks: {spoke: {subnets: {integration: {natGateway: nat}}}}
services: {store: {type: Microsoft.Storage/storageAccounts, ipAddress: 20.60.222.10}}
privateEndpoints:
  pe: {subnet: spoke/data, privateLinkService: store, groupIds: [blob], privateDnsZones: [zone]}
  pe-site: {subnet: spoke/data, privateLinkService: web, groupIds: [sites]}
loadBalancers:
  lb:
    frontendIPConfigurations: {front: {subnet: spoke/data, privateIPAddress: 10.1.2.10}}
    backendAddressPools: {pool: {backendIPConfigurations: [sql]}}
    loadBalancingRules:
      sql: {frontendIPConfiguration: front, backendAddressPool: pool, protocol: Tcp, frontendPort: 1434, backendPort: 1433}
routeTables:
  via-firewall:
    routes: {lb: {addressPrefix: 10.9.0.0/16, nextHopType: VirtualAppliance, nextHopIpAddress: 10.1.2.10}}
privateDnsZones:
  zone:
    zoneName: privatelink.blob.core.windows.net
    virtualNetworkLinks: {spoke: {registrationEnabled: true}, hub: {}}
)");
}

TEST(Graph, ConnectsNodesThatExist) {
  const Graph graph = graph_of(lab_with_names());
  std::set<std::string> ids;
  for (const Node& node : graph.nodes) EXPECT_TRUE(ids.insert(node.id).second) << node.id;
  for (const Node& node : graph.nodes) {
    EXPECT_TRUE(node.parent.empty() || ids.count(node.parent) == 1) << node.parent;
  }
  for (const Edge& edge : graph.edges) {
    EXPECT_EQ(ids.count(edge.from), 1U) << edge.from;
    EXPECT_EQ(ids.count(edge.to), 1U) << edge.to;
  }
}

TEST(Graph, ShowsIntegrationRulesRoutesAndNextHops) {
  const auto edges = graph_of(contract_lab()).edges;
  EXPECT_THAT(edges,
              Contains(FieldsAre("site/web", "subnet/spoke/integration", "integration", "")));
  EXPECT_THAT(edges,
              Contains(FieldsAre("subnet/spoke/integration", "networkSecurityGroup/nsg-integration",
                                 "networkSecurityGroup", "")));
  EXPECT_THAT(edges, Contains(FieldsAre("routeTable/via-firewall", "host/firewall", "nextHop",
                                        "0.0.0.0/0")));
}

TEST(Graph, ShowsListsAndPublicAddressesOfMachines) {
  const auto edges = graph_of(with(contract_lab(), R"(
hosts: {sql: {networkSecurityGroup: nsg-integration, publicIPAddress: 20.61.7.9}}
)"))
                         .edges;
  EXPECT_THAT(edges, Contains(FieldsAre("host/sql", "networkSecurityGroup/nsg-integration",
                                        "networkSecurityGroup", "")));
  EXPECT_THAT(edges, Contains(FieldsAre("internet", "host/sql", "publicIPAddress", "20.61.7.9")));
}

TEST(Graph, ShowsNatGatewaysAndTheirSubnets) {
  const Graph graph = graph_of(lab_with_names());
  EXPECT_THAT(graph.nodes, Contains(FieldsAre("natGateway/nat", "natGateway", "nat", "",
                                              "20.61.7.2, 20.61.7.3")));
  EXPECT_THAT(graph.edges,
              Contains(FieldsAre("subnet/spoke/integration", "natGateway/nat", "natGateway", "")));
}

TEST(Graph, ShowsFrontendsTheirMachinesAndWhatLeadsThere) {
  const Graph graph = graph_of(lab_with_names());
  EXPECT_THAT(graph.nodes, Contains(FieldsAre("frontend/lb/front", "frontend", "lb/front",
                                              "subnet/spoke/data", "10.1.2.10")));
  EXPECT_THAT(graph.edges, Contains(FieldsAre("frontend/lb/front", "host/sql", "loadBalancingRule",
                                              "Tcp 1434 to 1433")));
  EXPECT_THAT(graph.edges, Contains(FieldsAre("routeTable/via-firewall", "frontend/lb/front",
                                              "nextHop", "10.9.0.0/16")));
}

TEST(Graph, TellsAPeeringOfOneSideFromAConnectedOne) {
  lab::Lab lab = contract_lab();
  EXPECT_THAT(graph_of(lab).edges, Contains(FieldsAre("virtualNetwork/hub", "virtualNetwork/spoke",
                                                      "virtualNetworkPeering", "Connected")));
  lab.virtual_networks["spoke"].virtual_network_peerings.clear();
  EXPECT_THAT(graph_of(lab).edges, Contains(FieldsAre("virtualNetwork/hub", "virtualNetwork/spoke",
                                                      "virtualNetworkPeering", "Initiated")));
}

TEST(Graph, ShowsServicesEndpointsAndZones) {
  const Graph graph = graph_of(lab_with_names());
  EXPECT_THAT(graph.nodes,
              Contains(FieldsAre("service/store", "service", "store", "internet", "20.60.222.10")));
  EXPECT_THAT(graph.nodes, Contains(FieldsAre("privateEndpoint/pe", "privateEndpoint", "pe",
                                              "subnet/spoke/data", "")));
  EXPECT_THAT(graph.nodes, Contains(FieldsAre("privateDnsZone/zone", "privateDnsZone", "zone", "",
                                              "privatelink.blob.core.windows.net")));
  for (const auto& [from, to, kind, detail] :
       {Edge{"privateEndpoint/pe", "service/store", "privateLinkService", "blob"},
        Edge{"privateEndpoint/pe", "privateDnsZone/zone", "privateDnsZone", ""},
        Edge{"privateEndpoint/pe-site", "site/web", "privateLinkService", "sites"},
        Edge{"internet", "site/web", "inbound", "20.50.2.4"},
        Edge{"privateDnsZone/zone", "virtualNetwork/spoke", "virtualNetworkLink", "registration"},
        Edge{"privateDnsZone/zone", "virtualNetwork/hub", "virtualNetworkLink", ""}}) {
    EXPECT_THAT(graph.edges, Contains(FieldsAre(from, to, kind, detail)));
  }
}

}  // namespace
}  // namespace egress::inspect
