// SPDX-License-Identifier: MIT
// The suite's fixture, and the contract for namespaces, rules, settings and firewalls.
#include "tests/support/kernel_contract.hpp"

#include <gmock/gmock.h>

#include "tests/support/kernel_contract_values.hpp"
#include "tests/support/random_state.hpp"

namespace egress::testing_support {

using state::Address;
using state::LinkSettings;
using state::Neighbour;
using state::NetnsObject;
using state::NetnsState;
using state::Object;
using state::Op;
using state::Rule;
using state::Verb;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

namespace {

// Phases order a change set; a single op means the same in any.
constexpr state::Phase kAnyPhase = state::Phase::kAddNetns;

}  // namespace

void PrintTo(const KernelFactory&, std::ostream* out) {
  *out << "kernel";
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
  return *found->second;
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
  for (const char* netns : {"eg-a", "eg-b"}) {
    EXPECT_OK(change(netns, LinkSettings{state::loopback(true)}));
  }
  EXPECT_OK(add("eg-a", connecting_pair()));
  EXPECT_OK(change("eg-a", LinkSettings{up(connecting_pair().here)}));
  EXPECT_OK(change("eg-b", LinkSettings{up(connecting_pair().there)}));
}

void KernelContract::converge(const state::KernelState& desired, const state::Renames& renames) {
  const state::ChangeSet ops = state::diff(desired, observe(), renames).value();
  for (const Op& op : ops) EXPECT_OK(kernel().apply(op));
  const state::ChangeSet left = state::diff(desired, observe(), renames).value();
  for (const Op& op : left) {
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
  EXPECT_THAT(fresh.processes, IsEmpty());
  EXPECT_THAT(fresh.attachments, IsEmpty());
  ASSERT_EQ(fresh.links.size(), 1U);
  EXPECT_EQ(fresh.links.begin()->first, "lo");
  EXPECT_FALSE(fresh.links.at("lo").up);
  EXPECT_EQ(fresh.links.at("lo").mtu, 65536U);
}

TEST_P(KernelContract, ObjectsInAMissingNamespaceAreRefusedAsNotFound) {
  EXPECT_EQ(code_of(add("eg-none", on_link("10.0.0.0/8"))), Errc::kNotFound);
  EXPECT_EQ(code_of(add("eg-none", Rule{.priority = 7, .table = 7})), Errc::kNotFound);
  EXPECT_EQ(code_of(add("eg-none", state::Process{"one", "/bin/true"})), Errc::kNotFound);
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_EQ(code_of(add("eg-a", connecting_pair())), Errc::kNotFound)
      << "the other end's namespace is missing";
  EXPECT_EQ(observe("eg-a").links.size(), 1U);
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
  EXPECT_OK(remove("eg-a", connecting_pair()));
  EXPECT_OK(remove("eg-a", Address{"x0", ip("10.0.0.1"), 24}));
  EXPECT_OK(remove("eg-a", Neighbour{"x0", ip("10.0.0.1"), {}}));
  EXPECT_OK(remove("eg-a", on_link("10.0.0.0/8")));
  EXPECT_OK(remove("eg-a", Rule{.priority = 100, .table = 100}));
}

TEST_P(KernelContract, WhatOthersMadeUnderANameLikeOursIsToldAndNotObserved) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  make_foreign("eg-b");
  EXPECT_THAT(observe(), ElementsAre(Key("eg-a")));
  EXPECT_THAT(kernel().foreign(), ElementsAre(Pair("eg-b", state::ForeignNetns{})));
  remove_foreign("eg-b");
  observe();
  EXPECT_THAT(kernel().foreign(), IsEmpty());
}

TEST_P(KernelContract, WhatOthersMadeIsNeitherChangedNorRemoved) {
  make_foreign("eg-b");
  EXPECT_EQ(code_of(add("eg-b", NetnsObject{})), Errc::kExists);
  EXPECT_EQ(code_of(add("eg-b", Rule{.priority = 7, .table = 7})), Errc::kNotFound);
  EXPECT_EQ(code_of(change("eg-b", state::Sysctl{"net.ipv4.conf.all.rp_filter", "1"})),
            Errc::kNotFound);
  EXPECT_FALSE(kernel().counters("eg-b").ok());
  EXPECT_OK(remove("eg-b", Rule{.priority = 32766, .table = 254}));
  EXPECT_OK(remove("eg-b", NetnsObject{}));  // ours is not there
  observe();
  EXPECT_THAT(kernel().foreign(), ElementsAre(Key("eg-b")));
  remove_foreign("eg-b");
  EXPECT_OK(add("eg-b", NetnsObject{}));
  EXPECT_THAT(observe(), ElementsAre(Key("eg-b")));
}

TEST_P(KernelContract, ANamespaceOfOursThatLostItsNameToAnotherIsGone) {
  make_two_connected();
  make_foreign("eg-b");
  const state::KernelState seen = observe();
  EXPECT_THAT(seen, ElementsAre(Key("eg-a")));
  // The links that led there go along; the kernel takes its time.
  for (const auto& [name, link] : seen.at("eg-a")->links) EXPECT_NE(link.peer.netns, "eg-b");
  EXPECT_OK(remove("eg-b", NetnsObject{}));
  observe();
  EXPECT_THAT(kernel().foreign(), ElementsAre(Key("eg-b")));
  remove_foreign("eg-b");
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
      {.priority = 1000, .table = 100, .iif = "x0", .source = Ipv4Address{0x0a000001}},
      {.priority = 1000, .table = 100, .source = Ipv4Address{0x0a000001}},
      {.priority = 1000, .table = 100, .source = Ipv4Address{0x0a000002}},
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

TEST_P(KernelContract, TakesTheLongestChainNamesAndNoneThatLinuxCannotHold) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  const auto firewall = [](size_t length) {
    state::NftTable table;
    table.chains[std::string(length, 'c')] = {.rules = {{"counter"}}};
    return state::make_firewall(table);
  };
  const state::Firewall longest = firewall(state::kNftLongestName);
  EXPECT_OK(add("eg-a", state::FirewallChange{longest, {}}));
  EXPECT_FALSE(change("eg-a", state::FirewallChange{firewall(256), longest}).ok());
}

TEST_P(KernelContract, AFirewallIsObservedByItsDigest) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  const auto firewall = [](const std::string& verdict) {
    state::NftTable table;
    table.maps["peers"] = state::make_map({.key = {state::NftField::kSaddr}, .interval = true},
                                          {{{Ipv4Prefix{{0x0a000000}, 8}}}});
    table.chains["forward"] = {.hook = state::NftHook{"filter", "forward", 0, true},
                               .rules = {{"ip saddr @peers goto out/spoke.data/allow-x"}}};
    table.chains["out/spoke.data/allow-x"] = {.rules = {{verdict, "nsg/allow-x"}}};
    return state::make_firewall(table);
  };
  const state::Firewall accepting = firewall("counter accept");
  const state::Firewall dropping = firewall(state::log_and_drop(std::string(300, 'p')));
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
    const state::KernelState desired = random_state(random);
    converge(desired);
    if (HasFailure()) return;
  }
}

}  // namespace egress::testing_support
