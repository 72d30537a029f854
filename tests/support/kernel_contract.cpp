// SPDX-License-Identifier: MIT
#include "tests/support/kernel_contract.hpp"

#include <gmock/gmock.h>

#include <cerrno>

#include "tests/support/random_state.hpp"

namespace egress::testing_support {

using state::Address;
using state::Link;
using state::LinkPair;
using state::LinkSettings;
using state::Neighbour;
using state::NetnsObject;
using state::NetnsState;
using state::Object;
using state::Op;
using state::Route;
using state::RouteKind;
using state::Rule;
using state::Verb;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

namespace {

// Phases order a change set; a single op means the same in any.
constexpr state::Phase kAnyPhase = state::Phase::kAddNetns;

Ipv4Address ip(const char* text) {
  return Ipv4Address::parse(text).value();
}
Ipv4Prefix prefix(const char* text) {
  return Ipv4Prefix::parse(text).value();
}

LinkPair pair_of(const std::string& here, const std::string& there_netns,
                 const std::string& here_netns, const std::string& there) {
  return {{.name = here, .peer = {there_netns, there}, .mac = {{2, 0, 0, 0, 0, 1}}, .up = false},
          {.name = there, .peer = {here_netns, here}, .mac = {{2, 0, 0, 0, 0, 2}}, .up = false}};
}
const LinkPair kPair = pair_of("x0", "eg-b", "eg-a", "y0");

Link up(Link link) {
  link.up = true;
  return link;
}
Link down(Link link) {
  link.up = false;
  return link;
}

Route on_link(const char* destination, uint32_t table = 254) {
  return {.table = table, .destination = prefix(destination), .link = "x0"};
}
Route via(const char* destination, const char* gateway, uint32_t table = 254) {
  Route route = on_link(destination, table);
  route.gateway = ip(gateway);
  return route;
}

std::vector<Route> routes_of(const NetnsState& netns) {
  std::vector<Route> routes;
  for (const auto& [key, route] : netns.routes) routes.push_back(route);
  return routes;
}

Errc code_of(const Status& status) {
  return status.ok() ? Errc::kBug : status.error().code;
}

}  // namespace

void PrintTo(const KernelFactory&, std::ostream* out) {
  *out << "kernel";
}

#define EXPECT_OK(expression)                               \
  do {                                                      \
    const Status eg_got = (expression);                     \
    EXPECT_TRUE(eg_got.ok()) << eg_got.error().to_string(); \
  } while (false)

std::vector<KernelFactory> kernel_contract(
    std::function<std::unique_ptr<kernel::Kernel>()> factory) {
  return {KernelFactory{std::move(factory)}};
}

void KernelContract::SetUp() {
  kernel_ = GetParam().make();
  ASSERT_THAT(observe(), IsEmpty()) << "the factory's kernel must start without our namespaces";
}

void KernelContract::TearDown() {
  converge({});
}

state::KernelState KernelContract::observe() {
  Result<state::KernelState> observed = kernel().observe();
  if (!observed.ok()) {
    ADD_FAILURE() << observed.error().to_string();
    return {};
  }
  return *observed;
}

NetnsState KernelContract::observe(const state::NetnsName& netns) {
  const state::KernelState observed = observe();
  const auto found = observed.find(netns);
  if (found == observed.end()) {
    ADD_FAILURE() << netns << " is not there";
    return {};
  }
  return found->second;
}

Status KernelContract::add(const state::NetnsName& netns, Object object) {
  return kernel().apply({kAnyPhase, Verb::kAdd, netns, std::move(object)});
}
Status KernelContract::change(const state::NetnsName& netns, Object object) {
  return kernel().apply({kAnyPhase, Verb::kChange, netns, std::move(object)});
}
Status KernelContract::remove(const state::NetnsName& netns, Object object) {
  return kernel().apply({kAnyPhase, Verb::kRemove, netns, std::move(object)});
}

void KernelContract::make_two_connected() {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_OK(add("eg-b", NetnsObject{}));
  EXPECT_OK(add("eg-a", kPair));
  EXPECT_OK(change("eg-a", LinkSettings{up(kPair.here)}));
  EXPECT_OK(change("eg-b", LinkSettings{up(kPair.there)}));
}

void KernelContract::converge(const state::KernelState& desired) {
  for (const Op& op : state::diff(desired, observe())) EXPECT_OK(kernel().apply(op));
  for (const Op& op : state::diff(desired, observe())) {
    ADD_FAILURE() << "still wanted after a pass: " << to_text(op);
  }
}

TEST_P(KernelContract, AFreshNamespaceHoldsTheKernelsRulesAndLoopbackOnly) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  const NetnsState fresh = observe("eg-a");
  EXPECT_EQ(fresh.rules, state::kernel_rules());
  EXPECT_THAT(fresh.addresses, IsEmpty());
  EXPECT_THAT(fresh.neighbours, IsEmpty());
  EXPECT_THAT(fresh.routes, IsEmpty());
  EXPECT_FALSE(fresh.firewall.has_value());
  EXPECT_FALSE(fresh.responder.has_value());
  ASSERT_EQ(fresh.links.size(), 1U);
  EXPECT_EQ(fresh.links.begin()->first, "lo");
  EXPECT_FALSE(fresh.links.at("lo").up);
  EXPECT_EQ(fresh.links.at("lo").mtu, 65536U);
}

TEST_P(KernelContract, LoopbackComesUpWithoutShowingItsOwnAddressesAndRoutes) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_OK(change("eg-a", LinkSettings{{.name = "lo", .mtu = 65536}}));
  const NetnsState seen = observe("eg-a");
  EXPECT_EQ(seen.links.at("lo"), (Link{.name = "lo", .mtu = 65536}));
  EXPECT_THAT(seen.addresses, IsEmpty());
  EXPECT_THAT(seen.routes, IsEmpty());
}

TEST_P(KernelContract, ObjectsInAMissingNamespaceAreRefusedAsNotFound) {
  EXPECT_EQ(code_of(add("eg-none", on_link("10.0.0.0/8"))), Errc::kNotFound);
  EXPECT_EQ(code_of(add("eg-none", Rule{.priority = 7, .table = 7})), Errc::kNotFound);
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_EQ(code_of(add("eg-a", kPair)), Errc::kNotFound) << "the other end's namespace is missing";
  EXPECT_EQ(observe("eg-a").links.size(), 1U);
}

TEST_P(KernelContract, AVethPairIsMadeWithAllItsSettings) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_OK(add("eg-b", NetnsObject{}));
  LinkPair pair = kPair;
  pair.here.mtu = 1400;
  pair.here.forwarding = true;
  pair.here.alias = "spoke/integration";
  pair.there.rp_filter = 2;
  pair.there.ipv6 = true;
  EXPECT_OK(add("eg-a", pair));
  EXPECT_EQ(observe("eg-a").links.at("x0"), pair.here);
  EXPECT_EQ(observe("eg-b").links.at("y0"), pair.there);
}

TEST_P(KernelContract, EachLinkSettingCanBeChangedAndChangedBack) {
  make_two_connected();
  Link wanted = up(kPair.here);
  const auto applied = [&](auto&& alter) {
    alter(wanted);
    EXPECT_OK(change("eg-a", LinkSettings{wanted}));
    EXPECT_EQ(to_text(observe("eg-a").links.at("x0")), to_text(wanted));
  };
  applied([](Link& link) { link.mtu = 1300; });
  applied([](Link& link) { link.forwarding = true; });
  applied([](Link& link) { link.rp_filter = 1; });
  applied([](Link& link) { link.ipv6 = true; });
  applied([](Link& link) { link.alias = "web/0"; });
  applied([](Link& link) { link.up = false; });
  applied([](Link& link) { link = kPair.here; });
  EXPECT_EQ(observe("eg-b").links.at("y0"), up(kPair.there));
}

TEST_P(KernelContract, AddingWhatExistsEqualIsSuccess) {
  make_two_connected();
  const Address address{"x0", ip("10.0.0.1"), 24};
  const Neighbour neighbour{"x0", ip("10.0.0.9"), {{2, 0, 0, 0, 0, 9}}};
  const Rule rule{.priority = 100, .table = 100, .fwmark = 1, .fwmask = 0xffffffff};
  for (int round = 0; round < 2; ++round) {
    EXPECT_OK(add("eg-a", NetnsObject{}));
    EXPECT_OK(add("eg-a", address));
    EXPECT_OK(add("eg-a", neighbour));
    EXPECT_OK(add("eg-a", on_link("172.16.0.0/16")));
    EXPECT_OK(add("eg-a", rule));
  }
  const NetnsState seen = observe("eg-a");
  EXPECT_THAT(seen.addresses, UnorderedElementsAre(address));
  EXPECT_THAT(seen.neighbours, UnorderedElementsAre(neighbour));
  EXPECT_THAT(routes_of(seen), UnorderedElementsAre(on_link("172.16.0.0/16")));
  EXPECT_EQ(seen.rules.count(rule), 1U);
}

TEST_P(KernelContract, RemovingWhatIsGoneIsSuccess) {
  EXPECT_OK(remove("eg-a", NetnsObject{}));
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_OK(remove("eg-a", kPair));
  EXPECT_OK(remove("eg-a", Address{"x0", ip("10.0.0.1"), 24}));
  EXPECT_OK(remove("eg-a", Neighbour{"x0", ip("10.0.0.1"), {}}));
  EXPECT_OK(remove("eg-a", on_link("10.0.0.0/8")));
  EXPECT_OK(remove("eg-a", Rule{.priority = 100, .table = 100}));
}

TEST_P(KernelContract, APairWhoseNameIsTakenByAnotherIsRefusedAsExisting) {
  make_two_connected();
  EXPECT_OK(add("eg-c", NetnsObject{}));
  EXPECT_EQ(code_of(add("eg-a", pair_of("x0", "eg-c", "eg-a", "z0"))), Errc::kExists);
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
  EXPECT_OK(remove("eg-b", LinkPair{up(kPair.there), up(kPair.here)}));
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
  EXPECT_OK(add("eg-a", kPair));
}

TEST_P(KernelContract, ObjectsOnAMissingLinkAreRefusedAsNotFound) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_EQ(code_of(add("eg-a", Address{"x0", ip("10.0.0.1"), 24})), Errc::kNotFound);
  EXPECT_EQ(code_of(add("eg-a", Neighbour{"x0", ip("10.0.0.1"), {}})), Errc::kNotFound);
  EXPECT_EQ(code_of(add("eg-a", on_link("10.0.0.0/8"))), Errc::kNotFound);
  EXPECT_EQ(code_of(change("eg-a", LinkSettings{kPair.here})), Errc::kNotFound);
}

TEST_P(KernelContract, AddressesAndNeighboursSitOnLinksThatAreDown) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_OK(add("eg-b", NetnsObject{}));
  EXPECT_OK(add("eg-a", kPair));
  const Address address{"x0", ip("10.0.0.1"), 24};
  const Neighbour neighbour{"x0", ip("10.0.0.9"), {{2, 0, 0, 0, 0, 9}}};
  EXPECT_OK(add("eg-a", address));
  EXPECT_OK(add("eg-a", neighbour));
  EXPECT_OK(change("eg-a", LinkSettings{up(kPair.here)}));
  EXPECT_THAT(observe("eg-a").addresses, UnorderedElementsAre(address));
  EXPECT_THAT(observe("eg-a").neighbours, UnorderedElementsAre(neighbour));
}

TEST_P(KernelContract, ARouteOverALinkThatIsDownIsRefused) {
  make_two_connected();
  EXPECT_OK(change("eg-a", LinkSettings{kPair.here}));
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
      {.table = 70000, .destination = prefix("10.0.0.0/16"), .kind = RouteKind::kThrow}};
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

TEST_P(KernelContract, ALinkThatGoesDownKeepsItsAddressesAndLosesRoutesAndNeighbours) {
  make_two_connected();
  const Address address{"x0", ip("10.0.0.1"), 24};
  EXPECT_OK(add("eg-a", address));
  EXPECT_OK(add("eg-a", Neighbour{"x0", ip("10.0.0.9"), {{2, 0, 0, 0, 0, 9}}}));
  EXPECT_OK(add("eg-a", on_link("172.16.0.0/16", 100)));
  EXPECT_OK(change("eg-a", LinkSettings{down(kPair.here)}));
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

TEST_P(KernelContract, EveryFieldOfARuleIsPartOfItsIdentity) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  const std::multiset<Rule> rules = {
      {.priority = 1000, .table = 100},
      {.priority = 1000, .table = 101},
      {.priority = 1001, .table = 100},
      {.priority = 1000, .table = 100, .fwmark = 1, .fwmask = 0xffffffff},
      {.priority = 1000, .table = 100, .fwmark = 1, .fwmask = 0xffff},
      {.priority = 1000, .table = 100, .fwmark = 2, .fwmask = 0xffffffff},
      {.priority = 1000, .table = 100, .iif = "x0"},
      {.priority = 1000, .table = 70000, .fwmark = 1, .fwmask = 0xff, .iif = "x0"}};
  for (const Rule& rule : rules) EXPECT_OK(add("eg-a", rule));
  std::multiset<Rule> left = rules;
  left.merge(state::kernel_rules());
  EXPECT_EQ(observe("eg-a").rules, left);
  while (!left.empty()) {
    EXPECT_OK(remove("eg-a", *left.begin()));
    left.erase(left.begin());
    EXPECT_EQ(observe("eg-a").rules, left);
  }
}

TEST_P(KernelContract, ASysctlIsObservedAsWritten) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  const std::string name = "net.ipv4.conf.all.rp_filter";
  for (const char* value : {"1", "2", "0"}) {
    EXPECT_OK(change("eg-a", state::Sysctl{name, value}));
    EXPECT_EQ(observe("eg-a").sysctls.at(name).value, value);
  }
}

TEST_P(KernelContract, AFirewallIsObservedByItsDigest) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  const auto firewall = [](const std::string& rule) {
    state::NftTable table;
    table.sets["peers"] = {.type = "type ipv4_addr", .interval = true, .elements = {"10.0.0.0/8"}};
    table.chains["forward"] = {.hook = state::NftHook{"filter", "forward", 0, true},
                               .rules = {"ip saddr @peers goto out/spoke.data/allow-x"}};
    table.chains["out/spoke.data/allow-x"] = {.rules = {rule}};
    return state::make_firewall(table);
  };
  const state::Firewall accepting = firewall("counter accept comment \"nsg/allow-x\"");
  const state::Firewall dropping = firewall("counter drop comment \"nsg/allow-x\"");
  EXPECT_OK(add("eg-a", state::FirewallChange{accepting, {}}));
  EXPECT_EQ(observe("eg-a").firewall, accepting);
  EXPECT_OK(change("eg-a", state::FirewallChange{dropping, accepting}));
  EXPECT_EQ(observe("eg-a").firewall, dropping);
  const auto counters = kernel().counters("eg-a");
  EXPECT_TRUE(counters.ok()) << counters.error().to_string();
  EXPECT_OK(remove("eg-a", state::FirewallChange{{}, dropping}));
  EXPECT_FALSE(observe("eg-a").firewall.has_value());
}

TEST_P(KernelContract, EveryRandomChangeConvergesInOnePass) {
  constexpr int kChanges = 12;
  for (uint32_t seed = 1; seed <= kChanges; ++seed) {
    SCOPED_TRACE(testing::Message() << "change " << seed);
    std::mt19937 random(seed);
    const state::KernelState desired = random_state(random, Responders::kWithout);
    converge(desired);
    if (HasFailure()) return;
  }
}

}  // namespace egress::testing_support
