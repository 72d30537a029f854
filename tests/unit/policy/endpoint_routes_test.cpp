// SPDX-License-Identifier: MIT
#include "policy/endpoint_routes.hpp"

#include <fmt/format.h>

#include <random>

#include "tests/unit/policy/plain_reading.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::PrivateEndpointNetworkPolicies;
using lab::PrivateEndpointVnetPolicies;

// The row that decides for `address` in the subnet, "NAME NEXTHOP", and what is special about it.
std::string deciding(const lab::Lab& lab, const lab::SubnetRef& subnet,
                     const std::string& address) {
  const auto rows = EffectiveRoutes(lab).of(subnet);
  const EffectiveRoute* row = select_route(rows, ip(address));
  return fmt::format("{} {}{}{}", row->name, name_of(row->next_hop_type),
                     row->carries_nothing ? " carries nothing" : "",
                     row->implied ? " implied" : "");
}

// Whether the row called `name` is in force for `text`.
RouteState state_of(const lab::Lab& lab, const lab::SubnetRef& subnet, const std::string& name,
                    const std::string& text) {
  for (const EffectiveRoute& row : EffectiveRoutes(lab).of(subnet)) {
    if (row.name == name && row.address_prefix == prefix(text) && !row.implied) return row.state;
  }
  ADD_FAILURE() << "no row " << name << " for " << text;
  return RouteState::kInvalid;
}

constexpr const char* kStorageRow = "serviceEndpoints/Microsoft.Storage";
constexpr const char* kByEndpoint =
    "serviceEndpoints/Microsoft.Storage VirtualNetworkServiceEndpoint";

// One subnet with the service endpoint of 20.60.222.0/23 and a route table.
lab::Lab with_service_endpoint() {
  lab::Lab lab = lab_from(R"(
virtualNetworks:
  v:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, routeTable: t,
             serviceEndpoints: [{service: Microsoft.Storage, locations: [westeurope]}]}
      data: {addressPrefix: 10.1.2.0/24}
routeTables: {t: {}}
)");
  lab.service_tags =
      service_tags({{"Storage.WestEurope", {"20.60.222.0/23"}}, {"Sql", {"52.0.0.0/8"}}});
  return lab;
}

struct ServiceCase {
  std::string prefix;
  std::string next_hop;
  std::string decides;  // for 20.60.222.200
};

TEST(ServiceEndpointRoutes, GiveWayToRoutesThatCarryElsewhereAndToNoOther) {
  const std::string implied = fmt::format("{} implied", kByEndpoint);
  const std::vector<ServiceCase> cases{
      {"20.60.222.0/23", "10.1.9.4", "t/r VirtualAppliance"},
      {"20.60.222.0/23", "VirtualNetworkGateway", "t/r VirtualNetworkGateway"},
      {"20.60.222.0/23", "None", "t/r None"},
      {"20.60.222.0/23", "Internet", kByEndpoint},
      {"20.60.222.0/23", "VnetLocal", kByEndpoint},
      {"20.60.222.128/25", "10.1.9.4", "t/r VirtualAppliance"},
      {"20.60.222.128/25", "VirtualNetworkGateway", "t/r VirtualNetworkGateway"},
      {"20.60.222.128/25", "None", "t/r None"},
      {"20.60.222.128/25", "Internet", implied},
      {"20.60.222.128/25", "VnetLocal", implied},
      {"20.60.0.0/16", "10.1.9.4", kByEndpoint},
      {"20.60.0.0/16", "VirtualNetworkGateway", kByEndpoint},
      {"20.60.0.0/16", "None", kByEndpoint},
      {"20.60.0.0/16", "Internet", kByEndpoint},
      {"20.60.0.0/16", "VnetLocal", kByEndpoint},
      {"0.0.0.0/0", "10.1.9.4", kByEndpoint},
      {"0.0.0.0/0", "None", kByEndpoint},
  };
  for (const ServiceCase& each : cases) {
    lab::Lab lab = with_service_endpoint();
    route(lab, "t/r", each.prefix, each.next_hop);
    EXPECT_EQ(deciding(lab, {"v", "apps"}, "20.60.222.200"), each.decides)
        << each.prefix << " " << each.next_hop;
  }
}

TEST(ServiceEndpointRoutes, LeaveTheLoserInTheListing) {
  lab::Lab lab = with_service_endpoint();
  route(lab, "t/equal", "20.60.222.0/23", "Internet");
  route(lab, "t/longer", "20.60.222.128/25", "Internet");
  EXPECT_EQ(state_of(lab, {"v", "apps"}, kStorageRow, "20.60.222.0/23"), RouteState::kActive);
  EXPECT_EQ(state_of(lab, {"v", "apps"}, "t/equal", "20.60.222.0/23"), RouteState::kInvalid);
  EXPECT_EQ(state_of(lab, {"v", "apps"}, "t/longer", "20.60.222.128/25"), RouteState::kInvalid);
  lab.route_tables.clear();
  route(lab, "t/equal", "20.60.222.0/23", "None");
  EXPECT_EQ(state_of(lab, {"v", "apps"}, kStorageRow, "20.60.222.0/23"), RouteState::kInvalid);
}

// Contract "Decided" 26.
TEST(ServiceEndpointRoutes, HoldInFrontOfARouteThatWouldBeatThem) {
  lab::Lab lab = with_service_endpoint();
  route(lab, "t/wide", "20.60.222.0/23", "10.1.9.4");
  route(lab, "t/narrow", "20.60.222.128/25", "Internet");
  EXPECT_EQ(deciding(lab, {"v", "apps"}, "20.60.222.1"), "t/wide VirtualAppliance");
  EXPECT_EQ(deciding(lab, {"v", "apps"}, "20.60.222.200"), std::string(kByEndpoint) + " implied");
}

// azure-facts 13.1
TEST(ServiceEndpointRoutes, GiveWayToARouteForTheServicesOwnTag) {
  lab::Lab lab = with_service_endpoint();
  route(lab, "t/storage", "Storage.WestEurope", "10.1.9.4");
  EXPECT_EQ(deciding(lab, {"v", "apps"}, "20.60.222.200"), "t/storage VirtualAppliance");
  lab.route_tables.clear();
  route(lab, "t/storage", "Storage.WestEurope", "Internet");
  EXPECT_EQ(deciding(lab, {"v", "apps"}, "20.60.222.200"), kByEndpoint);
  // The more exact one of two user routes speaks for the user.
  route(lab, "t/exact", "20.60.222.0/23", "None");
  EXPECT_EQ(deciding(lab, {"v", "apps"}, "20.60.222.200"), "t/exact None");
}

TEST(ServiceEndpointRoutes, GiveWayToTheNetworkItself) {
  lab::Lab lab = with_service_endpoint();
  lab.virtual_networks["v"].address_prefixes.push_back(prefix("20.60.222.0/23"));
  EXPECT_EQ(deciding(lab, {"v", "apps"}, "20.60.222.200"), "system/20.60.222.0/23 VnetLocal");
  route(lab, "t/r", "20.60.222.0/23", "Internet");
  EXPECT_EQ(deciding(lab, {"v", "apps"}, "20.60.222.200"), "t/r Internet");
  route(lab, "t/s", "20.60.222.128/25", "Internet");
  EXPECT_EQ(deciding(lab, {"v", "apps"}, "20.60.222.200"), "t/s Internet");
}

TEST(ServiceEndpointRoutes, GiveWayToAPeer) {
  const lab::Lab lab = with(with_service_endpoint(), R"(
virtualNetworks:
  v: {virtualNetworkPeerings: {p: {}}}
  p: {addressPrefixes: [20.60.222.0/23], virtualNetworkPeerings: {v: {}}}
)");
  EXPECT_EQ(deciding(lab, {"v", "apps"}, "20.60.222.200"), "v/p VNetPeering");
}

TEST(ServiceEndpointRoutes, StandInTheirSubnetsAlone) {
  EXPECT_EQ(deciding(with_service_endpoint(), {"v", "data"}, "20.60.222.200"),
            "system/0.0.0.0/0 Internet");
}

// An endpoint 10.1.4.5 in 10.1.0.0/16, the hub that is peered with it, and what is peered with
// that.
lab::Lab with_private_endpoint() {
  return lab_from(R"(
virtualNetworks:
  v:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      endpoints: {addressPrefix: 10.1.4.0/24}
      apps: {addressPrefix: 10.1.1.0/26, routeTable: t}
    virtualNetworkPeerings: {hub: {}}
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets: {apps: {addressPrefix: 10.0.1.0/26, routeTable: t}}
    virtualNetworkPeerings: {v: {}, far: {}}
  far:
    addressPrefixes: [10.2.0.0/16]
    subnets: {apps: {addressPrefix: 10.2.1.0/26}}
    virtualNetworkPeerings: {hub: {}}
routeTables: {t: {}}
services: {sql: {type: Microsoft.Sql/servers, ipAddress: 52.236.184.200}}
privateEndpoints: {pe: {subnet: v/endpoints, ipAddress: 10.1.4.5, privateLinkService: sql}}
)");
}

constexpr const char* kPrivate = "privateEndpoints/pe InterfaceEndpoint";

TEST(PrivateEndpointRoutes, StandInTheirNetworkAndItsPeers) {
  const lab::Lab lab = with_private_endpoint();
  EXPECT_EQ(deciding(lab, {"v", "apps"}, "10.1.4.5"), kPrivate);
  EXPECT_EQ(deciding(lab, {"hub", "apps"}, "10.1.4.5"), kPrivate);
  EXPECT_EQ(deciding(lab, {"far", "apps"}, "10.1.4.5"), "system/10.0.0.0/8 None");
  EXPECT_EQ(deciding(lab, {"v", "apps"}, "10.1.4.6"), "system/10.1.0.0/16 VnetLocal");
}

TEST(PrivateEndpointRoutes, StandWhateverTheirStatus) {
  lab::Lab lab = with_private_endpoint();
  lab.private_endpoints["pe"].status = lab::EndpointStatus::kPending;
  EXPECT_EQ(deciding(lab, {"v", "apps"}, "10.1.4.5"), kPrivate);
}

struct PrivateCase {
  std::string prefix;
  std::string next_hop;
  // What decides for the endpoint, where routes of its subnet do not count and where they do; and
  // where, beside that, local routes carry.
  std::string disabled;
  std::string enabled;
  std::string basic;
};

std::vector<PrivateCase> private_cases() {
  const std::string kept = kPrivate;
  const std::string appliance = "t/r VirtualAppliance";
  const std::string gateway = "t/r VirtualNetworkGateway";
  const std::string local = "t/r VnetLocal";
  const std::string nothing = "t/r VnetLocal carries nothing";
  const std::string implied = "t/r VnetLocal carries nothing implied";
  const std::string internet = "t/r Internet carries nothing";
  return {
      {"10.1.4.5/32", "10.1.9.4", appliance, appliance, appliance},
      {"10.1.4.5/32", "VirtualNetworkGateway", gateway, gateway, gateway},
      {"10.1.4.5/32", "None", "t/r None", "t/r None", "t/r None"},
      {"10.1.4.5/32", "VnetLocal", nothing, nothing, local},
      {"10.1.4.5/32", "Internet", internet, internet, internet},
      // Longer than the network's prefix, and equal to it.
      {"10.1.4.0/24", "10.1.9.4", kept, appliance, appliance},
      {"10.1.4.0/24", "VirtualNetworkGateway", kept, gateway, gateway},
      {"10.1.4.0/24", "None", kept, "t/r None", "t/r None"},
      {"10.1.4.0/24", "VnetLocal", kept, implied, local},
      {"10.1.4.0/24", "Internet", kept, "t/r Internet", "t/r Internet"},
      {"10.1.0.0/16", "10.1.9.4", kept, appliance, appliance},
      {"10.1.0.0/16", "VirtualNetworkGateway", kept, gateway, gateway},
      {"10.1.0.0/16", "None", kept, "t/r None", "t/r None"},
      {"10.1.0.0/16", "VnetLocal", kept, implied, local},
      {"10.1.0.0/16", "Internet", kept, "t/r Internet", "t/r Internet"},
      // Shorter.
      {"10.0.0.0/15", "10.1.9.4", kept, kept, kept},
      {"10.0.0.0/15", "None", kept, kept, kept},
      {"0.0.0.0/0", "10.1.9.4", kept, kept, kept},
      {"0.0.0.0/0", "VnetLocal", kept, kept, kept},
      // Of another address.
      {"10.1.4.6/32", "None", kept, kept, kept},
  };
}

TEST(PrivateEndpointRoutes, AreVoidedByUserRoutesAsThePoliciesSay) {
  using Policies = PrivateEndpointNetworkPolicies;
  for (const PrivateCase& each : private_cases()) {
    const auto decides = [&](Policies policies, PrivateEndpointVnetPolicies of_vnet) {
      lab::Lab lab = with_private_endpoint();
      route(lab, "t/r", each.prefix, each.next_hop);
      lab::VirtualNetwork& vnet = lab.virtual_networks["v"];
      vnet.subnets["endpoints"].private_endpoint_network_policies = policies;
      vnet.private_endpoint_vnet_policies = of_vnet;
      const std::string own = deciding(lab, {"v", "apps"}, "10.1.4.5");
      EXPECT_EQ(deciding(lab, {"hub", "apps"}, "10.1.4.5"), own)
          << each.prefix << " " << each.next_hop;
      return own;
    };
    const std::string what = each.prefix + " " + each.next_hop;
    constexpr auto kPlain = PrivateEndpointVnetPolicies::kDisabled;
    EXPECT_EQ(decides(Policies::kDisabled, kPlain), each.disabled) << what;
    EXPECT_EQ(decides(Policies::kNetworkSecurityGroupEnabled, kPlain), each.disabled) << what;
    EXPECT_EQ(decides(Policies::kRouteTableEnabled, kPlain), each.enabled) << what;
    EXPECT_EQ(decides(Policies::kEnabled, kPlain), each.enabled) << what;
    EXPECT_EQ(decides(Policies::kEnabled, PrivateEndpointVnetPolicies::kBasic), each.basic) << what;
  }
}

TEST(PrivateEndpointRoutes, AreListedInvalidWhereTheyAreVoided) {
  lab::Lab lab = with_private_endpoint();
  EXPECT_EQ(state_of(lab, {"v", "apps"}, "privateEndpoints/pe", "10.1.4.5/32"),
            RouteState::kActive);
  lab.virtual_networks["v"].subnets["endpoints"].private_endpoint_network_policies =
      PrivateEndpointNetworkPolicies::kEnabled;
  for (const char* next_hop : {"10.1.9.4", "VnetLocal"}) {
    route(lab, "t/r", "10.1.0.0/16", next_hop);
    EXPECT_EQ(state_of(lab, {"v", "apps"}, "privateEndpoints/pe", "10.1.4.5/32"),
              RouteState::kInvalid)
        << next_hop;
    EXPECT_EQ(state_of(lab, {"v", "endpoints"}, "privateEndpoints/pe", "10.1.4.5/32"),
              RouteState::kActive);
  }
}

TEST(PrivateEndpointRoutes, AreDecidedByTheLongestUserRoute) {
  lab::Lab lab = with_private_endpoint();
  lab.virtual_networks["v"].subnets["endpoints"].private_endpoint_network_policies =
      PrivateEndpointNetworkPolicies::kEnabled;
  route(lab, "t/wide", "10.1.0.0/16", "VnetLocal");
  route(lab, "t/narrow", "10.1.4.0/28", "10.1.9.4");
  EXPECT_EQ(deciding(lab, {"v", "apps"}, "10.1.4.5"), "t/narrow VirtualAppliance");
}

// The rule in one sentence for each address, without rows: the longest user route decides unless an
// endpoint's route stands in front of it (azure-facts 13.1; contract "Decided" 12 and 26).
std::string plain_decision(const lab::Lab& lab, Ipv4Address address) {
  const EndpointPrefix* endpoint = nullptr;
  ServiceEndpoints endpoints(lab);
  for (const EndpointPrefix& each : endpoints.of({"v", "apps"})) {
    const bool longer = endpoint == nullptr || each.prefix.length > endpoint->prefix.length;
    if (each.prefix.contains(address) && longer) endpoint = &each;
  }
  int network = -1;  // the length of the network's own prefix
  for (const Ipv4Prefix& each : lab.virtual_networks.at("v").address_prefixes) {
    if (each.contains(address)) network = each.length;
  }
  const lab::Route* user = nullptr;
  for (const auto& [name, each] : lab.route_tables.at("t").routes) {
    const bool longer =
        user == nullptr || each.address_prefix->length > user->address_prefix->length;
    if (each.address_prefix->contains(address) && longer) user = &each;
  }
  const int length = user == nullptr ? -1 : user->address_prefix->length;
  const bool by_endpoint = endpoint != nullptr && endpoint->prefix.length > network;
  const bool steers_away = user != nullptr && user->next_hop_type != lab::NextHopType::kInternet &&
                           user->next_hop_type != lab::NextHopType::kVnetLocal;
  if (by_endpoint && (length < endpoint->prefix.length || !steers_away)) {
    return "VirtualNetworkServiceEndpoint";
  }
  if (network > length) return "VnetLocal";
  return user == nullptr ? "Internet" : lab::name_of(user->next_hop_type);
}

TEST(ServiceEndpointRoutes, DecideForEveryAddressAsAPlainReadingDoes) {
  constexpr const char* kNextHops[] = {"10.1.9.4", "VirtualNetworkGateway", "None", "Internet",
                                       "VnetLocal"};
  for (uint32_t seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](uint32_t count) { return static_cast<uint32_t>(random()) % count; };
    const auto some_prefix = [&] {
      Ipv4Prefix drawn{{ip("20.60.0.0").bits + below(64) * 64},
                       static_cast<uint8_t>(20 + below(7))};
      drawn.address.bits &= drawn.mask();
      return drawn.to_string();
    };
    lab::Lab lab = with_service_endpoint();
    lab.service_tags =
        service_tags({{"Storage.WestEurope", {some_prefix(), some_prefix(), some_prefix()}}});
    if (below(2) == 0) {
      lab.virtual_networks["v"].address_prefixes.push_back(prefix(some_prefix()));
    }
    for (uint32_t count = below(6); count > 0; --count) {
      const std::string to = some_prefix();
      route(lab, "t/" + to, to, kNextHops[below(5)]);
    }
    const auto rows = EffectiveRoutes(lab).of({"v", "apps"});
    for (uint32_t at = 0; at < 4096; at += 64) {
      const Ipv4Address address{ip("20.60.0.0").bits + at};
      ASSERT_EQ(name_of(select_route(rows, address)->next_hop_type), plain_decision(lab, address))
          << "seed " << seed << ", " << address.to_string();
    }
  }
}

}  // namespace
}  // namespace egress::policy::test
