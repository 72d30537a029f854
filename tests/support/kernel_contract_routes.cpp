// SPDX-License-Identifier: MIT
// The contract for routes.
#include <gmock/gmock.h>

#include <cerrno>

#include "tests/support/kernel_contract.hpp"
#include "tests/support/kernel_contract_values.hpp"

namespace egress::testing_support {

using state::Address;
using state::LinkSettings;
using state::NetnsObject;
using state::Route;
using state::RouteKind;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST_P(KernelContract, ARouteOverALinkThatIsDownIsRefused) {
  make_two_connected();
  EXPECT_OK(change("eg-a", LinkSettings{connecting_pair().here}));
  EXPECT_EQ(add("eg-a", on_link("10.0.0.0/8")).error().sys_errno, ENETDOWN);
}

TEST_P(KernelContract, AGatewayThatNothingReachesIsRefusedUnlessOnlink) {
  make_two_connected();
  Route route = via("172.16.0.0/16", "192.0.2.1", 100);
  EXPECT_EQ(add("eg-a", route).error().sys_errno, ENETUNREACH);
  route.onlink = true;
  EXPECT_OK(add("eg-a", route));
  EXPECT_THAT(routes_of(observe("eg-a")), UnorderedElementsAre(route));
}

// The kernel takes every address for a broadcast while it has no table of local ones.
TEST_P(KernelContract, AnOnlinkGatewayIsRefusedWhereLoopbackNeverCameUp) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_OK(add("eg-b", NetnsObject{}));
  EXPECT_OK(add("eg-a", connecting_pair()));
  EXPECT_OK(change("eg-a", LinkSettings{up(connecting_pair().here)}));
  Route route = via("172.16.0.0/16", "192.0.2.1", 100);
  route.onlink = true;
  EXPECT_EQ(add("eg-a", route).error().sys_errno, EINVAL);
  EXPECT_OK(change("eg-a", LinkSettings{state::loopback(true)}));
  EXPECT_OK(add("eg-a", route));
}

TEST_P(KernelContract, AGatewayIsReachedByItsOwnTableOrTheMainOne) {
  make_two_connected();
  EXPECT_OK(add("eg-a", Address{"x0", ip("10.0.0.1"), 24}));
  EXPECT_OK(add("eg-a", via("172.16.0.0/16", "10.0.0.9", 100)));
  EXPECT_OK(add("eg-a", on_link("192.0.2.0/24", 100)));
  EXPECT_OK(add("eg-a", via("172.17.0.0/16", "192.0.2.9", 100)));
  EXPECT_EQ(add("eg-a", via("172.17.0.0/16", "192.0.2.9", 101)).error().sys_errno, ENETUNREACH);
}

TEST_P(KernelContract, EveryFieldOfARouteIsObserved) {
  make_two_connected();
  EXPECT_OK(add("eg-a", Address{"x0", ip("10.0.0.1"), 24}));
  const std::vector<Route> routes = {
      {.table = 254, .destination = prefix("0.0.0.0/0"), .link = "x0", .gateway = ip("10.0.0.9")},
      {.table = 254,
       .destination = prefix("172.16.0.0/12"),
       .protocol = state::RouteProtocol::kBoot,
       .link = "x0",
       .gateway = ip("169.254.255.2"),
       .onlink = true,
       .source = ip("10.0.0.1"),
       .mtu = 1400},
      {.table = 70000, .destination = prefix("172.16.3.4/32"), .link = "x0"},
      {.table = 70000, .destination = prefix("0.0.0.0/0"), .kind = RouteKind::kBlackhole},
      {.table = 70000, .destination = prefix("10.0.0.0/16"), .kind = RouteKind::kThrow},
      {.table = 255, .destination = prefix("0.0.0.0/0"), .kind = RouteKind::kLocal, .link = "lo"},
      {.table = 255,
       .destination = prefix("198.51.100.0/24"),
       .kind = RouteKind::kLocal,
       .link = "lo"}};
  for (const Route& route : routes) EXPECT_OK(add("eg-a", route));
  EXPECT_THAT(routes_of(observe("eg-a")), ::testing::UnorderedElementsAreArray(routes));
  for (const Route& route : routes) EXPECT_OK(remove("eg-a", route));
  EXPECT_THAT(routes_of(observe("eg-a")), IsEmpty());
}

TEST_P(KernelContract, ARouteIsReplacedWhateverItsKind) {
  make_two_connected();
  const Route unicast = on_link("172.16.0.0/16", 100);
  Route blackhole{.table = 100, .destination = unicast.destination, .kind = RouteKind::kBlackhole};
  Route thrown = blackhole;
  thrown.kind = RouteKind::kThrow;
  Route onward = unicast;
  onward.gateway = ip("192.0.2.1");
  onward.onlink = true;
  for (const Route& route : {unicast, blackhole, thrown, onward, unicast}) {
    EXPECT_OK(change("eg-a", route));
    EXPECT_THAT(routes_of(observe("eg-a")), UnorderedElementsAre(route));
  }
}

TEST_P(KernelContract, AddingADifferentRouteUnderATakenKeyIsRefusedAsExisting) {
  make_two_connected();
  EXPECT_OK(add("eg-a", on_link("172.16.0.0/16", 100)));
  const Route other{
      .table = 100, .destination = prefix("172.16.0.0/16"), .kind = RouteKind::kBlackhole};
  EXPECT_EQ(code_of(add("eg-a", other)), Errc::kExists);
  EXPECT_THAT(routes_of(observe("eg-a")), UnorderedElementsAre(on_link("172.16.0.0/16", 100)));
}

TEST_P(KernelContract, ASourceThatIsNoAddressOfTheNamespaceIsRefused) {
  make_two_connected();
  Route route = on_link("172.16.0.0/16", 100);
  route.source = ip("10.0.0.1");
  EXPECT_EQ(add("eg-a", route).error().sys_errno, EINVAL);
}

TEST_P(KernelContract, OnlyTheMainTableLosesRoutesWhoseSourceVanished) {
  make_two_connected();
  EXPECT_OK(add("eg-a", Address{"x0", ip("10.0.0.1"), 24}));
  EXPECT_OK(add("eg-a", Address{"x0", ip("10.1.0.1"), 32}));
  Route main = on_link("172.16.0.0/16");
  Route other = on_link("172.16.0.0/16", 100);
  main.source = other.source = ip("10.1.0.1");
  EXPECT_OK(add("eg-a", main));
  EXPECT_OK(add("eg-a", other));
  EXPECT_OK(remove("eg-a", Address{"x0", ip("10.1.0.1"), 32}));
  EXPECT_THAT(routes_of(observe("eg-a")), UnorderedElementsAre(other));
}

}  // namespace egress::testing_support
