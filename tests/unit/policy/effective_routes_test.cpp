// SPDX-License-Identifier: MIT
#include "policy/effective_routes.hpp"

#include <fmt/format.h>

#include "tests/unit/policy/plain_reading.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string text_of(const EffectiveRoute& route) {
  std::string text = fmt::format("{} {} {} {}", name_of(route.source), name_of(route.state),
                                 route.address_prefix.to_string(), name_of(route.next_hop_type));
  if (route.next_hop_ip_address) text += " " + route.next_hop_ip_address->to_string();
  return text + " " + route.name;
}

std::vector<std::string> rows_of(const lab::Lab& lab, const lab::SubnetRef& subnet) {
  std::vector<std::string> texts;
  for (const EffectiveRoute& route : EffectiveRoutes(lab).of(subnet)) {
    texts.push_back(text_of(route));
  }
  return texts;
}

// azure-facts 5.6 without its gateway.
lab::Lab worked_example() {
  lab::Lab lab = lab_from(R"(
virtualNetworks:
  VNet1:
    addressPrefixes: [10.0.0.0/16]
    subnets:
      Subnet1:
        {addressPrefix: 10.0.0.0/24, routeTable: t, serviceEndpoints: [Microsoft.Storage]}
      Subnet2: {addressPrefix: 10.0.1.0/24}
    virtualNetworkPeerings: {VNet2: {}}
  VNet2:
    addressPrefixes: [10.1.0.0/16, 10.2.0.0/16]
    virtualNetworkPeerings: {VNet1: {}}
routeTables:
  t:
    routes:
      Within-VNet1:
        {addressPrefix: 10.0.0.0/16, nextHopType: VirtualAppliance, nextHopIpAddress: 10.0.100.4}
      Within-Subnet1: {addressPrefix: 10.0.0.0/24, nextHopType: VnetLocal}
      ToVNet2-1-Drop: {addressPrefix: 10.1.0.0/16, nextHopType: None}
      ToVNet2-2-Drop: {addressPrefix: 10.2.0.0/16, nextHopType: None}
      To-On-Prem:
        {addressPrefix: 10.10.0.0/16, nextHopType: VirtualAppliance, nextHopIpAddress: 10.0.100.4}
      Default-NVA:
        {addressPrefix: 0.0.0.0/0, nextHopType: VirtualAppliance, nextHopIpAddress: 10.0.100.4}
)");
  lab.service_tags = service_tags({{"Storage", {"20.60.0.0/16"}},
                                   {"Storage.WestEurope", {"20.60.222.0/23"}},
                                   {"Storage.NorthEurope", {"20.60.40.0/23"}}});
  return lab;
}

TEST(EffectiveRoutes, FollowTheWorkedExample) {
  EXPECT_THAT(rows_of(worked_example(), {"VNet1", "Subnet1"}),
              ElementsAre("User Active 0.0.0.0/0 VirtualAppliance 10.0.100.4 t/Default-NVA",
                          "Default Invalid 0.0.0.0/0 Internet system/0.0.0.0/0",
                          "User Active 10.0.0.0/16 VirtualAppliance 10.0.100.4 t/Within-VNet1",
                          "Default Invalid 10.0.0.0/16 VnetLocal system/10.0.0.0/16",
                          "User Active 10.0.0.0/24 VnetLocal t/Within-Subnet1",
                          "User Active 10.1.0.0/16 None t/ToVNet2-1-Drop",
                          "Default Invalid 10.1.0.0/16 VNetPeering VNet1/VNet2",
                          "User Active 10.2.0.0/16 None t/ToVNet2-2-Drop",
                          "Default Invalid 10.2.0.0/16 VNetPeering VNet1/VNet2",
                          "User Active 10.10.0.0/16 VirtualAppliance 10.0.100.4 t/To-On-Prem",
                          "Default Active 20.60.40.0/23 VirtualNetworkServiceEndpoint "
                          "serviceEndpoints/Microsoft.Storage",
                          "Default Active 20.60.222.0/23 VirtualNetworkServiceEndpoint "
                          "serviceEndpoints/Microsoft.Storage"));
}

TEST(EffectiveRoutes, OfASubnetWithoutTableAreTheSystems) {
  EXPECT_THAT(rows_of(worked_example(), {"VNet1", "Subnet2"}),
              ElementsAre("Default Active 0.0.0.0/0 Internet system/0.0.0.0/0",
                          "Default Active 10.0.0.0/8 None system/10.0.0.0/8",
                          "Default Active 10.0.0.0/16 VnetLocal system/10.0.0.0/16",
                          "Default Active 10.1.0.0/16 VNetPeering VNet1/VNet2",
                          "Default Active 10.2.0.0/16 VNetPeering VNet1/VNet2",
                          "Default Active 100.64.0.0/10 None system/100.64.0.0/10",
                          "Default Active 127.0.0.0/8 None system/127.0.0.0/8",
                          "Default Active 172.16.0.0/12 None system/172.16.0.0/12",
                          "Default Active 192.168.0.0/16 None system/192.168.0.0/16",
                          "Default Active 198.18.0.0/15 None system/198.18.0.0/15"));
}

TEST(EffectiveRoutes, KeepNoneRangesUnlessTheDefaultGoesToAnAppliance) {
  for (const char* next_hop : {"Internet", "None", "VnetLocal", "VirtualNetworkGateway"}) {
    lab::Lab lab = worked_example();
    lab.route_tables.clear();
    route(lab, "t/default", "0.0.0.0/0", next_hop);
    EXPECT_THAT(rows_of(lab, {"VNet1", "Subnet1"}),
                Contains("Default Active 10.0.0.0/8 None system/10.0.0.0/8"))
        << next_hop;
  }
  lab::Lab lab = worked_example();
  lab.route_tables.clear();
  route(lab, "t/half", "0.0.0.0/1", "10.0.100.4");
  EXPECT_THAT(rows_of(lab, {"VNet1", "Subnet1"}), Contains(HasSubstr("system/10.0.0.0/8")));
}

TEST(EffectiveRoutes, NoneRangeGivesWayToWhatHoldsIt) {
  const lab::Lab lab = lab_from(R"(
virtualNetworks:
  exact:
    addressPrefixes: [192.168.0.0/16, 198.16.0.0/13]
    subnets: {a: {addressPrefix: 192.168.1.0/24}}
    virtualNetworkPeerings: {peer: {}}
  peer: {addressPrefixes: [100.64.0.0/10], virtualNetworkPeerings: {exact: {}}}
)");
  const auto routes = rows_of(lab, {"exact", "a"});
  EXPECT_THAT(routes, Contains("Default Active 192.168.0.0/16 VnetLocal system/192.168.0.0/16"));
  EXPECT_THAT(routes, Contains("Default Active 100.64.0.0/10 VNetPeering exact/peer"));
  EXPECT_THAT(routes, Not(Contains(HasSubstr("None system/192.168"))));
  EXPECT_THAT(routes, Not(Contains(HasSubstr("None system/198.18"))));
  EXPECT_THAT(routes, Not(Contains(HasSubstr("None system/100.64"))));
  EXPECT_THAT(routes, Contains(HasSubstr("None system/10.0.0.0/8")));
}

// Two networks, of which the first alone has a peering.
lab::Lab half_peered() {
  return lab_from(R"(
virtualNetworks:
  a:
    addressPrefixes: [10.0.0.0/16]
    subnets: {s: {addressPrefix: 10.0.0.0/24}}
    virtualNetworkPeerings: {b: {}}
  b: {addressPrefixes: [10.1.0.0/16]}
)");
}

TEST(EffectiveRoutes, PeeringOfOneSideCarriesNothing) {
  lab::Lab lab = half_peered();
  EXPECT_FALSE(peering_connected(lab, "a", "b"));
  EXPECT_THAT(rows_of(lab, {"a", "s"}), Not(Contains(HasSubstr("Peering"))));
  peering(lab, "b", "a");
  EXPECT_TRUE(peering_connected(lab, "a", "b"));
  EXPECT_THAT(connected_peers(lab, "a"), ElementsAre("b"));
  EXPECT_THAT(rows_of(lab, {"a", "s"}), Contains(HasSubstr("VNetPeering a/b")));
}

TEST(EffectiveRoutes, PeeringAcrossRegionsIsGlobal) {
  lab::Lab lab = half_peered();
  lab.virtual_networks["b"].location = "eastus";
  peering(lab, "b", "a");
  EXPECT_THAT(rows_of(lab, {"a", "s"}),
              Contains("Default Active 10.1.0.0/16 VNetGlobalPeering a/b"));
}

TEST(EffectiveRoutes, ServiceTagRouteBecomesARowPerPrefix) {
  lab::Lab lab = worked_example();
  lab.route_tables.clear();
  lab.virtual_networks["VNet1"].subnets["Subnet1"].service_endpoints.clear();
  lab.service_tags = service_tags({{"Storage", {"20.60.0.0/16", "20.150.0.0/24"}}});
  route(lab, "t/storage", "Storage", "Internet");
  const auto routes = rows_of(lab, {"VNet1", "Subnet1"});
  EXPECT_THAT(routes, Contains("User Active 20.60.0.0/16 Internet t/storage"));
  EXPECT_THAT(routes, Contains("User Active 20.150.0.0/24 Internet t/storage"));
}

TEST(EffectiveRoutes, ServiceTagRouteTakesTheLabsOwnServices) {
  lab::Lab lab = with(worked_example(), R"(
services: {files: {type: Microsoft.Storage/storageAccounts, ipAddress: 9.9.9.9}}
)");
  lab.route_tables.clear();
  route(lab, "t/storage", "Storage", "None");
  EXPECT_THAT(rows_of(lab, {"VNet1", "Subnet1"}),
              Contains("User Active 9.9.9.9/32 None t/storage"));
}

TEST(EffectiveRoutes, NarrowerTagWinsAmongEqualPrefixes) {
  lab::Lab lab = worked_example();
  lab.route_tables.clear();
  lab.virtual_networks["VNet1"].subnets["Subnet1"].service_endpoints.clear();
  const std::vector<std::string> same{"20.60.0.0/16"};
  lab.service_tags = service_tags({{"Storage", same},
                                   {"Storage.WestEurope", same},
                                   {"AzureCloud", same},
                                   {"AzureCloud.westeurope", same}});
  // Names sort against the expected order, so that they cannot decide it.
  const std::vector<std::pair<std::string, std::string>> best_first{
      {"t/z", "20.60.0.0/16"},
      {"t/y", "Storage.WestEurope"},
      {"t/x", "Storage"},
      {"t/w", "AzureCloud.westeurope"},
      {"t/v", "AzureCloud"}};
  for (size_t count = best_first.size(); count > 0; --count) {
    const auto& [name, to] = best_first[count - 1];
    route(lab, name, to, "Internet");
    std::vector<EffectiveRoute> rows;
    for (const EffectiveRoute& row : EffectiveRoutes(lab).of({"VNet1", "Subnet1"})) {
      if (row.address_prefix == prefix("20.60.0.0/16")) rows.push_back(row);
    }
    ASSERT_EQ(rows.size(), best_first.size() - count + 1);
    EXPECT_EQ(rows.front().name, name);
    EXPECT_EQ(rows.front().state, RouteState::kActive);
    for (size_t at = 1; at < rows.size(); ++at) {
      EXPECT_EQ(rows[at].name, best_first[count - 1 + at].first);
      EXPECT_EQ(rows[at].state, RouteState::kInvalid);
    }
  }
}

TEST(SelectRoute, TakesTheLongestActivePrefix) {
  const lab::Lab lab = worked_example();
  const auto routes = EffectiveRoutes(lab).of({"VNet1", "Subnet1"});
  EXPECT_EQ(select_route(routes, ip("10.0.0.9"))->name, "t/Within-Subnet1");
  EXPECT_EQ(select_route(routes, ip("10.0.1.9"))->name, "t/Within-VNet1");
  EXPECT_EQ(select_route(routes, ip("10.1.0.9"))->name, "t/ToVNet2-1-Drop");
  EXPECT_EQ(select_route(routes, ip("8.8.8.8"))->name, "t/Default-NVA");
  EXPECT_EQ(select_route({}, ip("8.8.8.8")), nullptr);
}

}  // namespace
}  // namespace egress::policy::test
