// SPDX-License-Identifier: MIT
#include "inspect/graph.hpp"

#include <gmock/gmock.h>

#include <set>

#include "tests/support/spoke_lab.hpp"

namespace egress::inspect {
namespace {

using namespace testing_support;
using ::testing::Contains;
using ::testing::FieldsAre;

TEST(Graph, ConnectsNodesThatExist) {
  const Graph graph = graph_of(spoke_lab());
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
  const auto edges = graph_of(spoke_lab()).edges;
  EXPECT_THAT(edges,
              Contains(FieldsAre("site/web", "subnet/spoke/integration", "integration", "")));
  EXPECT_THAT(edges, Contains(FieldsAre("subnet/spoke/integration", "networkSecurityGroup/nsg",
                                        "networkSecurityGroup", "")));
  EXPECT_THAT(edges, Contains(FieldsAre("routeTable/via-firewall", "host/firewall", "nextHop",
                                        "0.0.0.0/0")));
}

TEST(Graph, TellsAPeeringOfOneSideFromAConnectedOne) {
  lab::Lab lab = spoke_lab();
  EXPECT_THAT(graph_of(lab).edges, Contains(FieldsAre("virtualNetwork/hub", "virtualNetwork/spoke",
                                                      "virtualNetworkPeering", "Connected")));
  lab.virtual_networks["spoke"].virtual_network_peerings.clear();
  EXPECT_THAT(graph_of(lab).edges, Contains(FieldsAre("virtualNetwork/hub", "virtualNetwork/spoke",
                                                      "virtualNetworkPeering", "Initiated")));
}

}  // namespace
}  // namespace egress::inspect
