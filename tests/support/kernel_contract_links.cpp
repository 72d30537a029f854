// SPDX-License-Identifier: MIT
// The contract for links and what sits on them.
#include <gmock/gmock.h>

#include "tests/support/kernel_contract.hpp"
#include "tests/support/kernel_contract_values.hpp"

namespace egress::testing_support {

using state::Address;
using state::Link;
using state::LinkPair;
using state::LinkSettings;
using state::Neighbour;
using state::NetnsObject;
using state::NetnsState;
using state::Route;
using state::RouteKind;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST_P(KernelContract, LoopbackComesUpWithoutShowingItsOwnAddressesAndRoutes) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_OK(change("eg-a", LinkSettings{state::loopback(true)}));
  const NetnsState seen = observe("eg-a");
  EXPECT_EQ(seen.links.at("lo"), state::loopback(true));
  EXPECT_THAT(seen.addresses, IsEmpty());
  EXPECT_THAT(seen.routes, IsEmpty());
}

TEST_P(KernelContract, AVethPairIsMadeWithAllItsSettings) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_OK(add("eg-b", NetnsObject{}));
  LinkPair pair = connecting_pair();
  pair.here.mtu = 1400;
  pair.here.forwarding = true;
  pair.here.alias = "spoke/integration";
  pair.there.rp_filter = 2;
  pair.there.ipv6 = true;
  pair.there.arp = false;
  EXPECT_OK(add("eg-a", pair));
  EXPECT_EQ(observe("eg-a").links.at("x0"), pair.here);
  EXPECT_EQ(observe("eg-b").links.at("y0"), pair.there);
}

TEST_P(KernelContract, TakesNamesOfFifteenBytesAndAliasesOf255AndNoLongerOnes) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_OK(add("eg-b", NetnsObject{}));
  LinkPair pair = pair_of({"eg-a", std::string(15, 'x')}, {"eg-b", std::string(15, 'y')});
  pair.here.alias = std::string(255, 'a');
  EXPECT_OK(add("eg-a", pair));
  EXPECT_EQ(observe("eg-a").links.at(pair.here.name), pair.here);
  EXPECT_FALSE(add("eg-a", pair_of({"eg-a", std::string(16, 'z')}, {"eg-b", "y1"})).ok());
  LinkPair named = pair_of({"eg-a", "x2"}, {"eg-b", "y2"});
  named.here.alias = std::string(256, 'a');
  EXPECT_FALSE(add("eg-a", named).ok());
}

TEST_P(KernelContract, EachLinkSettingCanBeChangedAndChangedBack) {
  make_two_connected();
  Link wanted = up(connecting_pair().here);
  const auto applied = [&](auto&& alter) {
    alter(wanted);
    EXPECT_OK(change("eg-a", LinkSettings{wanted}));
    EXPECT_EQ(to_text(observe("eg-a").links.at("x0")), to_text(wanted));
  };
  applied([](Link& link) { link.mtu = 1300; });
  applied([](Link& link) { link.forwarding = true; });
  applied([](Link& link) { link.rp_filter = 1; });
  applied([](Link& link) { link.accept_local = true; });
  applied([](Link& link) { link.arp_filter = false; });
  applied([](Link& link) { link.arp = false; });
  applied([](Link& link) { link.ipv6 = true; });
  applied([](Link& link) { link.alias = "web/0"; });
  applied([](Link& link) { link.up = false; });
  applied([](Link& link) { link = connecting_pair().here; });
  EXPECT_EQ(observe("eg-b").links.at("y0"), up(connecting_pair().there));
}

TEST_P(KernelContract, PortsAreGivenTheFlowCacheAndLoseIt) {
  if (const auto why_not = kernel().flow_cache().why_not) GTEST_SKIP() << *why_not;
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_OK(add("eg-b", NetnsObject{}));
  std::vector<LinkPair> pairs = {pair_of({"eg-a", "x0"}, {"eg-b", "y0"}),
                                 pair_of({"eg-a", "x1"}, {"eg-b", "y1"})};
  for (LinkPair& pair : pairs) {
    pair.here.flow_cache = state::FlowCache::kTracked;
    pair.there.flow_cache = state::FlowCache::kAll;
    EXPECT_OK(add("eg-a", pair));
    EXPECT_EQ(observe("eg-a").links.at(pair.here.name), pair.here);
    EXPECT_EQ(observe("eg-b").links.at(pair.there.name), pair.there);
  }
  // One after the other, as a pass does it.
  for (const state::FlowCache wanted :
       {state::FlowCache::kAll, state::FlowCache::kNone, state::FlowCache::kTracked}) {
    for (LinkPair& pair : pairs) {
      pair.here.flow_cache = wanted;
      EXPECT_OK(change("eg-a", LinkSettings{pair.here}));
      EXPECT_OK(change("eg-a", LinkSettings{pair.here}));
    }
    for (const LinkPair& pair : pairs) {
      EXPECT_EQ(observe("eg-a").links.at(pair.here.name), pair.here);
      EXPECT_EQ(observe("eg-b").links.at(pair.there.name), pair.there);
    }
  }
  EXPECT_OK(remove("eg-a", pairs[0]));
  EXPECT_EQ(observe("eg-a").links.at("x1"), pairs[1].here);
}

TEST_P(KernelContract, APairWhoseNameIsTakenByAnotherIsRefusedAsExisting) {
  make_two_connected();
  EXPECT_OK(add("eg-c", NetnsObject{}));
  EXPECT_EQ(code_of(add("eg-a", pair_of({"eg-a", "x0"}, {"eg-c", "z0"}))), Errc::kExists);
  EXPECT_EQ(observe("eg-c").links.size(), 1U);
  EXPECT_EQ(observe("eg-a").links.at("x0").peer, (state::LinkPeer{"eg-b", "y0"}));
}

TEST_P(KernelContract, RemovingALinkTakesItsOtherEndAndAllThatHangsOnIt) {
  make_two_connected();
  EXPECT_OK(add("eg-b", Address{"y0", ip("10.0.0.1"), 24}));
  EXPECT_OK(add("eg-a", Address{"x0", ip("10.0.0.2"), 24}));
  EXPECT_OK(add("eg-a", Neighbour{"x0", ip("10.0.0.9"), {{2, 0, 0, 0, 0, 9}}}));
  EXPECT_OK(add("eg-a", via("172.16.0.0/16", "10.0.0.1", 100)));
  EXPECT_OK(add("eg-a", Route{.table = 100, .kind = RouteKind::kBlackhole}));
  EXPECT_OK(remove("eg-b", LinkPair{up(connecting_pair().there), up(connecting_pair().here)}));
  for (const char* netns : {"eg-a", "eg-b"}) {
    const NetnsState seen = observe(netns);
    EXPECT_EQ(seen.links.size(), 1U);
    EXPECT_THAT(seen.addresses, IsEmpty());
    EXPECT_THAT(seen.neighbours, IsEmpty());
  }
  EXPECT_THAT(routes_of(observe("eg-a")),
              UnorderedElementsAre(Route{.table = 100, .kind = RouteKind::kBlackhole}));
}

// At once: the kernel itself would do it later, and not while a process lives in the namespace.
TEST_P(KernelContract, RemovingANamespaceTakesItsLinksOutOfOthersAtOnce) {
  make_two_connected();
  EXPECT_OK(remove("eg-b", NetnsObject{}));
  EXPECT_EQ(observe("eg-a").links.size(), 1U);
  EXPECT_EQ(observe().count("eg-b"), 0U);
  EXPECT_OK(add("eg-b", NetnsObject{}));
  EXPECT_OK(add("eg-a", connecting_pair()));
}

TEST_P(KernelContract, ObjectsOnAMissingLinkAreRefusedAsNotFound) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_EQ(code_of(add("eg-a", Address{"x0", ip("10.0.0.1"), 24})), Errc::kNotFound);
  EXPECT_EQ(code_of(add("eg-a", Neighbour{"x0", ip("10.0.0.1"), {}})), Errc::kNotFound);
  EXPECT_EQ(code_of(add("eg-a", on_link("10.0.0.0/8"))), Errc::kNotFound);
  EXPECT_EQ(code_of(change("eg-a", LinkSettings{connecting_pair().here})), Errc::kNotFound);
}

TEST_P(KernelContract, AddressesAndNeighboursSitOnLinksThatAreDown) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_OK(add("eg-b", NetnsObject{}));
  EXPECT_OK(add("eg-a", connecting_pair()));
  const Address address{"x0", ip("10.0.0.1"), 24};
  const Neighbour neighbour{"x0", ip("10.0.0.9"), {{2, 0, 0, 0, 0, 9}}};
  EXPECT_OK(add("eg-a", address));
  EXPECT_OK(add("eg-a", neighbour));
  EXPECT_OK(change("eg-a", LinkSettings{up(connecting_pair().here)}));
  EXPECT_THAT(observe("eg-a").addresses, UnorderedElementsAre(address));
  EXPECT_THAT(observe("eg-a").neighbours, UnorderedElementsAre(neighbour));
}

TEST_P(KernelContract, ALinkThatGoesDownKeepsItsAddressesAndLosesRoutesAndNeighbours) {
  make_two_connected();
  const Address address{"x0", ip("10.0.0.1"), 24};
  EXPECT_OK(add("eg-a", address));
  EXPECT_OK(add("eg-a", Neighbour{"x0", ip("10.0.0.9"), {{2, 0, 0, 0, 0, 9}}}));
  EXPECT_OK(add("eg-a", on_link("172.16.0.0/16", 100)));
  EXPECT_OK(change("eg-a", LinkSettings{connecting_pair().here}));
  EXPECT_THAT(observe("eg-a").addresses, UnorderedElementsAre(address));
  EXPECT_THAT(observe("eg-a").neighbours, IsEmpty());
  EXPECT_THAT(observe("eg-a").routes, IsEmpty());
}

TEST_P(KernelContract, TheLastAddressOfALinkTakesItsRoutesAndNeighboursAlong) {
  make_two_connected();
  const Address first{"x0", ip("10.0.0.1"), 24};
  const Address second{"x0", ip("10.1.0.1"), 32};
  EXPECT_OK(add("eg-a", first));
  EXPECT_OK(add("eg-a", second));
  EXPECT_OK(add("eg-a", Neighbour{"x0", ip("10.0.0.9"), {{2, 0, 0, 0, 0, 9}}}));
  EXPECT_OK(add("eg-a", on_link("172.16.0.0/16", 100)));
  EXPECT_OK(remove("eg-a", first));
  EXPECT_EQ(observe("eg-a").routes.size(), 1U);
  EXPECT_EQ(observe("eg-a").neighbours.size(), 1U);
  EXPECT_OK(remove("eg-a", second));
  EXPECT_THAT(observe("eg-a").routes, IsEmpty());
  EXPECT_THAT(observe("eg-a").neighbours, IsEmpty());
}

TEST_P(KernelContract, ANeighbourIsKeyedByLinkAndAddress) {
  make_two_connected();
  const Neighbour first{"x0", ip("10.0.0.9"), {{2, 0, 0, 0, 0, 9}}};
  const Neighbour second{"x0", ip("10.0.0.9"), {{2, 0, 0, 0, 0, 10}}};
  EXPECT_OK(add("eg-a", first));
  EXPECT_OK(change("eg-a", second));
  EXPECT_THAT(observe("eg-a").neighbours, UnorderedElementsAre(second));
  EXPECT_OK(remove("eg-a", second));
  EXPECT_THAT(observe("eg-a").neighbours, IsEmpty());
}

}  // namespace egress::testing_support
