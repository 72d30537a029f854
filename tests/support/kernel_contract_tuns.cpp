// SPDX-License-Identifier: MIT
// The contract for TUN devices, which have no other end.
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
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST_P(KernelContract, ATunIsMadeAloneWithAllItsSettings) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  LinkPair tun = tun_of("x0");
  tun.here.mtu = 1400;
  tun.here.forwarding = true;
  tun.here.rp_filter = 2;
  tun.here.accept_local = true;
  tun.here.ipv6 = true;
  tun.here.alias = "spoke/integration";
  EXPECT_OK(add("eg-a", tun));
  EXPECT_EQ(to_text(observe("eg-a").links.at("x0")), to_text(tun.here));
  EXPECT_EQ(observe("eg-a").links.at("x0"), tun.here);
}

TEST_P(KernelContract, AddingATunThatIsThereEqualIsSuccessAndADifferentOneIsRefused) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_OK(add("eg-a", tun_of("x0")));
  EXPECT_OK(add("eg-a", tun_of("x0")));
  LinkPair other = tun_of("x0");
  other.here.mtu = 1400;
  EXPECT_EQ(code_of(add("eg-a", other)), Errc::kExists);
  EXPECT_EQ(observe("eg-a").links.at("x0"), tun_of("x0").here);
}

TEST_P(KernelContract, ATunAndAPairDoNotTakeEachOthersName) {
  make_two_connected();
  EXPECT_EQ(code_of(add("eg-a", tun_of("x0"))), Errc::kExists);
  EXPECT_OK(add("eg-a", tun_of("x1")));
  EXPECT_EQ(code_of(add("eg-a", pair_of({"eg-a", "x1"}, {"eg-b", "y1"}))), Errc::kExists);
  EXPECT_EQ(observe("eg-a").links.at("x1"), tun_of("x1").here);
  EXPECT_EQ(observe("eg-b").links.size(), 2U);
}

TEST_P(KernelContract, ATunTakesNamesOfFifteenBytesAndNoLongerOnes) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  const std::string longest(15, 'x');
  EXPECT_OK(add("eg-a", tun_of(longest)));
  EXPECT_EQ(observe("eg-a").links.at(longest), tun_of(longest).here);
  EXPECT_FALSE(add("eg-a", tun_of(std::string(16, 'y'))).ok());
  EXPECT_EQ(observe("eg-a").links.size(), 2U);
}

TEST_P(KernelContract, EachSettingOfATunCanBeChangedAndChangedBack) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_OK(add("eg-a", tun_of("x0")));
  Link wanted = tun_of("x0").here;
  const auto applied = [&](auto&& alter) {
    alter(wanted);
    EXPECT_OK(change("eg-a", LinkSettings{wanted}));
    EXPECT_EQ(to_text(observe("eg-a").links.at("x0")), to_text(wanted));
  };
  applied([](Link& link) { link.up = true; });
  applied([](Link& link) { link.mtu = 1300; });
  applied([](Link& link) { link.tx_queue_length = 500; });
  applied([](Link& link) { link.forwarding = true; });
  applied([](Link& link) { link.rp_filter = 1; });
  applied([](Link& link) { link.accept_local = true; });
  applied([](Link& link) { link.ipv6 = true; });
  applied([](Link& link) { link.alias = "web/0"; });
  applied([](Link& link) { link = tun_of("x0").here; });
}

// Until somebody opens it, such a link has no carrier.
TEST_P(KernelContract, ATunThatIsUpTakesAddressesAndRoutesWithNobodyAtItsQueue) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_OK(add("eg-a", tun_of("x0")));
  EXPECT_OK(add("eg-a", Address{"x0", ip("10.0.0.2"), 32}));
  EXPECT_OK(change("eg-a", LinkSettings{up(tun_of("x0").here)}));
  Route gateway = via("0.0.0.0/0", "10.0.0.1", 101);
  gateway.onlink = true;
  EXPECT_OK(add("eg-a", gateway));
  EXPECT_OK(add("eg-a", on_link("10.9.0.0/16", 100)));
  const NetnsState seen = observe("eg-a");
  EXPECT_THAT(seen.addresses, UnorderedElementsAre(Address{"x0", ip("10.0.0.2"), 32}));
  EXPECT_THAT(routes_of(seen), UnorderedElementsAre(gateway, on_link("10.9.0.0/16", 100)));
}

TEST_P(KernelContract, RemovingATunTakesAllThatHangsOnIt) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_OK(add("eg-a", tun_of("x0")));
  EXPECT_OK(add("eg-a", Address{"x0", ip("10.0.0.2"), 32}));
  EXPECT_OK(change("eg-a", LinkSettings{up(tun_of("x0").here)}));
  EXPECT_OK(add("eg-a", on_link("10.9.0.0/16", 100)));
  EXPECT_OK(remove("eg-a", LinkPair{.here = up(tun_of("x0").here)}));
  EXPECT_OK(remove("eg-a", LinkPair{.here = up(tun_of("x0").here)}));
  const NetnsState seen = observe("eg-a");
  EXPECT_EQ(seen.links.size(), 1U);
  EXPECT_THAT(seen.addresses, IsEmpty());
  EXPECT_THAT(seen.routes, IsEmpty());
}

TEST_P(KernelContract, ATunGivesItsNameToAPairAndTakesItBack) {
  make_two_connected();
  EXPECT_OK(remove("eg-a", LinkPair{up(connecting_pair().here), up(connecting_pair().there)}));
  for (const char* netns : {"eg-a", "eg-b"}) {
    EXPECT_OK(add(netns, tun_of(netns == std::string("eg-a") ? "x0" : "y0")));
  }
  EXPECT_EQ(observe("eg-a").links.at("x0"), tun_of("x0").here);
  EXPECT_OK(remove("eg-a", tun_of("x0")));
  EXPECT_OK(remove("eg-b", tun_of("y0")));
  EXPECT_OK(add("eg-a", connecting_pair()));
  EXPECT_EQ(observe("eg-b").links.at("y0"), connecting_pair().there);
}

TEST_P(KernelContract, ATunHasNoNeighbours) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_OK(add("eg-a", tun_of("x0")));
  const Neighbour neighbour{"x0", ip("10.0.0.9"), {{2, 0, 0, 0, 0, 9}}};
  (void)add("eg-a", neighbour);
  EXPECT_EQ(observe("eg-a").neighbours.count(neighbour), 0U);
}

TEST_P(KernelContract, ANamespaceTakesItsTunsAlong) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_OK(add("eg-a", tun_of("x0")));
  EXPECT_OK(remove("eg-a", NetnsObject{}));
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_EQ(observe("eg-a").links.size(), 1U);
  EXPECT_OK(add("eg-a", tun_of("x0")));
}

}  // namespace egress::testing_support
