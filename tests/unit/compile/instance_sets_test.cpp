// SPDX-License-Identifier: MIT
// Two sets of a plan's instances beside each other.
#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "compile/compile.hpp"
#include "compile/inside_addresses.hpp"
#include "compile/instances.hpp"
#include "compile/names.hpp"
#include "compile/numbers.hpp"
#include "compile/senders.hpp"
#include "compile/size.hpp"
#include "ipam/leases.hpp"
#include "settings/identity_text.hpp"
#include "state/ops.hpp"
#include "tests/support/lab_from.hpp"

namespace egress::compile {
namespace {

using lab::OutgoingInstances;
using lab::TrafficClass;
using policy::WorkerKey;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;

// Something of everything that an instance has: an integration, a front end, an identity and lanes.
constexpr const char* kLab = R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets: {apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms]}}
serverFarms: {plan: {}, other: {}}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: spoke/apps, vnetPrivatePortsCount: 1,
        inboundIpAddress: 20.50.2.4, identity: {type: SystemAssigned}}
  api: {serverFarm: plan}
  alone: {serverFarm: other, virtualNetworkSubnet: spoke/apps}
hosts: {login: {internet: true, ipAddress: 20.190.1.1, names: [login.microsoftonline.com]}}
)";

lab::Instances scaled(int incarnation, std::optional<OutgoingInstances> outgoing) {
  return {{"plan", {incarnation, std::move(outgoing)}}};
}
const lab::Instances kFirst{};
const lab::Instances kStarting = scaled(1, OutgoingInstances{1, true});
const lab::Instances kDraining = scaled(1, OutgoingInstances{1, false});
const lab::Instances kAlone = scaled(1, {});

// One stage after the other: what stands keeps its addresses and numbers.
struct Stages {
  std::string text = kLab;
  ipam::Leases leases{};
  NumberBook numbers{};
  std::shared_ptr<const policy::Network> network{};

  state::KernelState next(const lab::Instances& instances) {
    const lab::Lab lab = testing_support::lab_from(text);
    leases.commit(leases.plan(lab, instances, {}).value());
    policy::Situation situation{
        .lab = lab,
        .leases = leases.addresses(),
        .instances = instances,
        .traffic = {{"web", {TrafficClass::kKeyVault, TrafficClass::kImagePull}}},
        .numbers = numbers};
    numbers = compile::numbers(situation).value();
    situation.numbers = numbers;
    network = policy::analyse(std::move(situation));
    return compile(*network).value();
  }
};

std::string with_tun() {
  std::string text = kLab;
  return text.replace(text.find("plan: {}"), 8, "plan: {interface: tun}");
}

std::set<std::string> names_of(const state::KernelState& state) {
  std::set<std::string> names;
  for (const auto& [name, netns] : state) names.insert(name);
  return names;
}

const std::vector<std::string> kOfAnInstance = {"eg-app-api-0",
                                                "eg-app-web-0",
                                                "eg-app-web-0-image-pull",
                                                "eg-app-web-0-key-vault",
                                                "eg-app-web-0-key-vault-public",
                                                "eg-app-web-0-managed-identity",
                                                "eg-worker-plan-0"};

std::string next_of(const std::string& name) {
  return std::string(name).insert(name.find("-0") + 2, "-next");
}

// Those that are not the same in both.
std::set<std::string> differing(const state::KernelState& a, const state::KernelState& b) {
  std::set<std::string> names;
  for (const auto& [name, netns] : a) {
    const auto other = b.find(name);
    if (other == b.end() || *netns != *other->second) names.insert(name);
  }
  for (const auto& [name, netns] : b) {
    if (a.find(name) == a.end()) names.insert(name);
  }
  return names;
}

std::string firewall_of(const state::KernelState& state, const std::string& netns) {
  return to_text(*state.at(netns)->firewall->table);
}

TEST(InstanceSets, HaveNamespacesOfTheirOwnAndTheOldOnesStayAsTheyAre) {
  for (const std::string& text : {std::string(kLab), with_tun()}) {
    Stages stages{.text = text};
    const state::KernelState before = stages.next(kFirst);
    const state::KernelState both = stages.next(kStarting);
    std::set<std::string> expected = names_of(before);
    for (const std::string& name : kOfAnInstance) {
      ASSERT_TRUE(before.contains(name)) << name;
      EXPECT_EQ(*before.at(name), *both.at(name)) << name;
      expected.insert(next_of(name));
    }
    EXPECT_EQ(names_of(both), expected);
    EXPECT_EQ(*before.at("eg-worker-other-0"), *both.at("eg-worker-other-0"));
  }
}

TEST(InstanceSets, TakeTurnsInTheFrontEndAlone) {
  Stages stages;
  const state::KernelState starting = stages.next(kStarting);
  const state::KernelState draining = stages.next(kDraining);
  EXPECT_THAT(differing(starting, draining), ElementsAre("eg-front-web"));
  state::NetnsState front = *starting.at("eg-front-web");
  front.firewall = draining.at("eg-front-web")->firewall;
  EXPECT_EQ(front, *draining.at("eg-front-web"));
  EXPECT_THAT(starting.at("eg-front-web")->links, Contains(testing::Key("i-0")));
  EXPECT_THAT(starting.at("eg-front-web")->links, Contains(testing::Key("i-0.1")));
  EXPECT_THAT(firewall_of(starting, "eg-front-web"), HasSubstr("numgen inc mod 1 "));
  EXPECT_NE(firewall_of(starting, "eg-front-web"), firewall_of(draining, "eg-front-web"));
}

// With the names of namespaces as they are after the renames.
state::NetnsState renamed(state::NetnsState netns, const state::Renames& renames) {
  for (auto& [name, link] : netns.links) {
    const auto to = renames.find(link.peer.netns);
    if (to != renames.end()) link.peer.netns = to->second;
  }
  return netns;
}

TEST(InstanceSets, KeepAllTheyHaveWhenTheirNamespacesAreRenamed) {
  for (const std::string& text : {std::string(kLab), with_tun()}) {
    Stages stages{.text = text};
    stages.next(kFirst);
    stages.next(kStarting);
    const state::KernelState draining = stages.next(kDraining);
    const state::KernelState alone = stages.next(kAlone);
    const state::Renames names = renames(*stages.network, "eg");
    EXPECT_THAT(names, SizeIs(kOfAnInstance.size()));
    EXPECT_EQ(names_of(alone), names_of(Stages{.text = text}.next(kFirst)));
    for (const std::string& name : kOfAnInstance) {
      ASSERT_THAT(names, Contains(Pair(next_of(name), name)));
      state::NetnsState is = renamed(*draining.at(next_of(name)), names);
      // It says from which namespaces tokens are asked for.
      const state::NetnsState& wanted = *alone.at(name);
      if (name == "eg-worker-plan-0") {
        is.attachments.at("identity") = wanted.attachments.at("identity");
      }
      EXPECT_EQ(is, wanted) << name;
    }
  }
}

TEST(Renames, AreOfSetsThatMayHaveStoodBesideAnother) {
  Stages stages;
  stages.next(kFirst);
  EXPECT_THAT(renames(*stages.network, "eg"), IsEmpty());
  stages.next(kStarting);
  EXPECT_THAT(renames(*stages.network, "eg"), IsEmpty());
  stages.next(kDraining);
  EXPECT_THAT(renames(*stages.network, "eg"), IsEmpty());
  stages.next(kAlone);
  EXPECT_THAT(renames(*stages.network, "eg"), Contains(Pair("eg-app-web-0-next-key-vault-public",
                                                            "eg-app-web-0-key-vault-public")));
  stages.next(scaled(2, OutgoingInstances{1, true}));
  EXPECT_THAT(renames(*stages.network, "eg"),
              Contains(Pair("eg-worker-plan-0-next", "eg-worker-plan-0")))
      << "the old ones may not have been renamed yet";
}

TEST(InstanceSets, AreToldApartByTheirKeysInEverythingThatTheyShare) {
  Stages stages;
  const state::KernelState before = stages.next(kFirst);
  const state::KernelState both = stages.next(kStarting);
  for (const char* link : {"d-plan-0", "d-plan-0.1"}) {
    EXPECT_THAT(both.at("eg-stamp")->links, Contains(testing::Key(link)));
  }
  for (const char* link : {"w-plan-0-0", "w-plan-0.1-0"}) {
    EXPECT_THAT(both.at("eg-vnet-spoke")->links, Contains(testing::Key(link)));
  }
  for (const char* chain : {"instance/plan/0", "instance/plan/0.1", "key-vault/plan/0.1"}) {
    EXPECT_THAT(both.at("eg-stamp")->firewall->table->chains, Contains(testing::Key(chain)));
  }
  for (const char* kind : {"port blocks/20.50.1.4", "port blocks/198.51.100.3"}) {
    EXPECT_NE(stages.numbers.at(kind).at("plan/0"), stages.numbers.at(kind).at("plan/0.1"));
  }
  EXPECT_THAT(stages.numbers.at("inside addresses"),
              testing::AllOf(Contains(testing::Key("worker/plan/0.1")),
                             Contains(testing::Key("key-vault/plan/0.1")),
                             Contains(testing::Key("lease/plan/0.1/spoke/apps")),
                             Contains(testing::Key("front/web/0.1"))));
  for (const auto& [name, netns] : before) {
    for (const auto& [link, is] : netns->links) EXPECT_EQ(link.find('.'), std::string::npos);
  }
}

TEST(InstanceSets, AreKnownByTheAddressesThatTheySendFrom) {
  Stages stages;
  stages.next(kStarting);
  const auto inside = inside_addresses(*stages.network).value();
  std::set<WorkerKey> known;
  for (const auto& [address, worker] : inside) known.insert(worker);
  EXPECT_THAT(known, UnorderedElementsAre(WorkerKey{"plan", 0, 0}, WorkerKey{"plan", 0, 1},
                                          WorkerKey{"other", 0, 0}));
  for (const auto& [address, at] : senders_of(*stages.network, {"plan", 0, 1}).value()) {
    EXPECT_EQ(at.sender.incarnation, 1);
    EXPECT_TRUE(stages.network->find(at.sender).has_value());
  }
}

TEST(InstanceSets, AskForTokensFromNamespacesOfTheirOwn) {
  Stages stages;
  const state::KernelState both = stages.next(kStarting);
  for (const std::string suffix : {"", "-next"}) {
    const auto& attachment =
        both.at("eg-worker-plan-0" + suffix)->attachments.at(settings::kIdentityAttachment);
    const auto endpoint = std::get<settings::IdentityEndpoint>(
        settings::parse_identity_role(*attachment.settings).value());
    ASSERT_THAT(endpoint.apps, SizeIs(1));
    EXPECT_EQ(endpoint.apps[0].lane, "eg-app-web-0" + suffix + "-managed-identity");
  }
}

TEST(InstanceSets, CountTwiceAgainstTheLimits) {
  const lab::Lab lab = testing_support::lab_from(kLab);
  Stages stages;
  const auto made = [&](const lab::Instances& instances) { return stages.next(instances).size(); };
  const policy::TrafficInUse traffic{{"web", {TrafficClass::kKeyVault, TrafficClass::kImagePull}}};
  const auto counted = [&](const lab::Instances& instances) {
    return size_of(lab, {}, traffic, instances).namespaces.total;
  };
  EXPECT_EQ(counted(kFirst), made(kFirst));
  EXPECT_EQ(counted(kStarting), made(kStarting));
  EXPECT_EQ(counted(kAlone), made(kFirst));
  const uint64_t limit = counted(kFirst);
  EXPECT_THAT(check_size(lab, {.namespaces = limit}, "", traffic), IsEmpty());
  EXPECT_THAT(check_size(lab, {.namespaces = limit}, "", traffic, kStarting), SizeIs(1));
}

TEST(InstanceSets, ShareAnAddressThatHasRoomForBoth) {
  lab::Lab lab = testing_support::lab_from(kLab);
  lab.server_farms["plan"].capacity = 300;  // an address has room for 504
  EXPECT_THAT(check_size(lab, {}, ""), IsEmpty());
  EXPECT_THAT(check_size(lab, {}, "", {}, scaled(1, OutgoingInstances{203})), IsEmpty());
  const auto excess = check_size(lab, {}, "", {}, scaled(1, OutgoingInstances{204}));
  ASSERT_THAT(excess, SizeIs(1));
  EXPECT_EQ(excess[0].code, "snat-ports");
  EXPECT_THAT(excess[0].message, HasSubstr("505 instances share"));
}

}  // namespace
}  // namespace egress::compile
