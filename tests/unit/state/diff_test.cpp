// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <random>

#include "tests/support/fake_kernel.hpp"
#include "tests/support/random_state.hpp"
#include "tests/support/values.hpp"
#include "tests/unit/state/diff_texts.hpp"

namespace egress::state {
namespace {

using testing_support::ip;
using testing_support::prefix;

using testing::ElementsAre;
using testing::IsEmpty;

NetnsState up_netns() {
  NetnsState netns = fresh_netns();
  netns.links["lo"].up = true;
  return netns;
}

void connect(KernelState& state, const LinkPeer& a, const LinkPeer& b) {
  state[a.netns]->links[a.name] = {.name = a.name, .peer = b, .mac = {{2, 0, 0, 0, 0, 1}}};
  state[b.netns]->links[b.name] = {.name = b.name, .peer = a, .mac = {{2, 0, 0, 0, 0, 2}}};
}

// An app's namespace and its router, with everything a namespace can hold.
KernelState sample() {
  KernelState state{{"eg-app", up_netns()}, {"eg-router", up_netns()}};
  connect(state, {"eg-app", "eth0"}, {"eg-router", "e-app"});
  NetnsState& app = state["eg-app"].change();
  app.addresses = {{"eth0", ip("169.254.129.2"), 24}};
  Route gateway{.destination = prefix("0.0.0.0/0"), .link = "eth0", .gateway = ip("192.0.2.1")};
  Route way{.destination = prefix("192.0.2.0/24"), .link = "eth0"};
  app.routes = {{key_of(gateway), gateway}, {key_of(way), way}};
  app.processes["responder"] = {"responder", "egress-host", {"--host", "app", "tcp/80"}};
  NetnsState& router = state["eg-router"].change();
  router.sysctls["net.ipv4.conf.all.rp_filter"] = {"net.ipv4.conf.all.rp_filter", "0"};
  router.firewall = make_firewall({.chains = {{"steer", {.rules = {{"accept"}}}}}});
  router.neighbours = {{"e-app", ip("169.254.129.2"), {{2, 0, 0, 0, 0, 1}}}};
  router.rules.insert({.priority = 1000, .table = 100, .fwmark = 1, .fwmask = 0xffffffff});
  Route blackhole{.table = 100, .kind = RouteKind::kBlackhole};
  router.routes = {{key_of(blackhole), blackhole}};
  return state;
}

// The ops that concern objects of one type, as text.
template <typename Wanted>
std::vector<std::string> texts_of(const ChangeSet& ops) {
  std::vector<std::string> lines;
  for (const Op& op : ops) {
    if (std::holds_alternative<Wanted>(op.object)) lines.push_back(to_text(op));
  }
  return lines;
}

TEST(Diff, OfEqualStatesIsEmpty) {
  EXPECT_THAT(texts(changes(sample(), sample())), IsEmpty());
  EXPECT_THAT(texts(changes({}, {})), IsEmpty());
}

TEST(Diff, BuildsFromNothingRootFirstAndSteersLast) {
  const std::string digest = sample()["eg-router"]->firewall->digest;
  EXPECT_THAT(
      texts(changes(sample(), {})),
      ElementsAre("add netns eg-app", "add netns eg-router",
                  "add firewall " + digest + " in eg-router",
                  "change sysctl net.ipv4.conf.all.rp_filter = 0 in eg-router",
                  "add link eth0 peer e-app in eg-router mac 02:00:00:00:00:01 mtu 1500 down - "
                  "link e-app peer eth0 in eg-app mac 02:00:00:00:00:02 mtu 1500 down in eg-app",
                  "add address 169.254.129.2/24 dev eth0 in eg-app",
                  "add neighbour 169.254.129.2 lladdr 02:00:00:00:00:01 dev e-app in eg-router",
                  "change link eth0 peer e-app in eg-router mac 02:00:00:00:00:01 mtu 1500 up in "
                  "eg-app",
                  "change link lo mtu 65536 up in eg-app",
                  "change link e-app peer eth0 in eg-app mac 02:00:00:00:00:02 mtu 1500 up in "
                  "eg-router",
                  "change link lo mtu 65536 up in eg-router",
                  "add route blackhole default proto static table 100 in eg-router",
                  "add route 192.0.2.0/24 dev eth0 proto static table main in eg-app",
                  "add route default via 192.0.2.1 dev eth0 proto static table main in eg-app",
                  "add rule 1000: from all fwmark 0x1 lookup 100 in eg-router",
                  "add process responder egress-host --host app tcp/80 in eg-app"));
}

TEST(Diff, RemovesANamespaceAsAWholeAfterItsProcesses) {
  KernelState desired = sample();
  desired.erase("eg-app");
  desired["eg-router"]->links.erase("e-app");
  desired["eg-router"]->neighbours.clear();
  EXPECT_THAT(texts(changes(desired, sample())),
              ElementsAre("remove process responder egress-host --host app tcp/80 in eg-app",
                          "remove netns eg-app"));
}

TEST(Diff, RemovesALinkOnceAndNothingThatGoesWithIt) {
  KernelState desired = sample();
  desired["eg-app"]->links.erase("eth0");
  desired["eg-app"]->addresses.clear();
  desired["eg-app"]->routes.clear();
  desired["eg-router"]->links.erase("e-app");
  desired["eg-router"]->neighbours.clear();
  const ChangeSet ops = changes(desired, sample());
  ASSERT_EQ(ops.size(), 1U);
  EXPECT_EQ(ops[0].phase, Phase::kRetireLinks);
  EXPECT_EQ(ops[0].netns, "eg-app");
  EXPECT_EQ(std::get<LinkPair>(ops[0].object).there, sample()["eg-router"]->links["e-app"]);
}

TEST(Diff, LeadsRoutesAwayFromALinkBeforeItGoes) {
  KernelState observed = sample();
  Link link = observed["eg-router"]->links["e-app"];
  link.name = "old";
  link.peer = {"eg-app", "old"};
  observed["eg-router"]->links["old"] = link;
  Link other = observed["eg-app"]->links["eth0"];
  other.name = "old";
  other.peer = {"eg-router", "old"};
  observed["eg-app"]->links["old"] = other;
  const Route route{.table = 1000, .link = "old"};
  observed["eg-router"]->routes[key_of(route)] = route;
  KernelState desired = sample();
  const Route blackhole{.table = 1000, .kind = RouteKind::kBlackhole};
  desired["eg-router"]->routes[key_of(blackhole)] = blackhole;
  const ChangeSet ops = changes(desired, observed);
  ASSERT_EQ(ops.size(), 2U);
  EXPECT_EQ(ops[0].verb, Verb::kChange);
  EXPECT_EQ(ops[0].phase, Phase::kBlackholes);
  EXPECT_EQ(ops[1].phase, Phase::kRetireLinks);
}

TEST(Diff, MakesAPairAnewWhenEitherEndsMacDiffersAndRestoresWhatHungOnIt) {
  KernelState desired = sample();
  desired["eg-router"]->links["e-app"].mac = {{2, 0, 0, 0, 0, 7}};
  const ChangeSet ops = changes(desired, sample());
  EXPECT_THAT(texts_of<LinkPair>(ops), ElementsAre(testing::StartsWith("remove link eth0"),
                                                   testing::StartsWith("add link eth0")));
  EXPECT_THAT(texts_of<Address>(ops),
              ElementsAre("add address 169.254.129.2/24 dev eth0 in eg-app"));
  EXPECT_THAT(texts_of<Neighbour>(ops), ElementsAre(testing::StartsWith("add neighbour")));
  EXPECT_EQ(texts_of<Route>(ops).size(), 2U) << "the blackhole route does not go with a link";
}

TEST(Diff, MakesAPairAnewWhenItLeadsElsewhere) {
  KernelState desired = sample();
  desired["eg-router"]->links.erase("e-app");
  desired["eg-router"]->neighbours.clear();
  desired["eg-other"] = up_netns();
  connect(desired, {"eg-app", "eth0"}, {"eg-other", "e-app"});
  EXPECT_THAT(texts_of<LinkPair>(changes(desired, sample())),
              ElementsAre(testing::StartsWith("remove link eth0 peer e-app in eg-router"),
                          testing::StartsWith("add link eth0 peer e-app in eg-other")));
}

TEST(Diff, RemovesForeignLinksButNeverLoopback) {
  KernelState observed = sample();
  observed["eg-app"]->links["tun0"] = {.name = "tun0", .kind = LinkKind::kOther};
  observed["eg-app"]->links["v0"] = {.name = "v0", .peer = {"elsewhere", "v1"}};
  KernelState desired = sample();
  desired["eg-app"]->links.erase("lo");
  EXPECT_THAT(texts(changes(desired, observed)),
              ElementsAre("remove link tun0 of another kind mtu 1500 up in eg-app",
                          testing::StartsWith("remove link v0 peer v1 in elsewhere")));
}

TEST(Diff, MakesALinkAnewWhoseNameALinkOfAnotherKindHas) {
  KernelState observed = sample();
  observed["eg-app"]->links["eth0"].kind = LinkKind::kOther;
  EXPECT_THAT(texts(changes(sample(), observed)),
              testing::IsSupersetOf(
                  {testing::StartsWith("remove link eth0 of another kind peer e-app in eg-router"),
                   testing::StartsWith("add link eth0 peer e-app in eg-router")}));
}

TEST(Diff, ChangesSettingsInPlaceAndBringsUpOnlyInItsPhase) {
  KernelState observed = sample();
  observed["eg-app"]->links["eth0"].up = false;
  observed["eg-app"]->links["eth0"].mtu = 1300;
  observed["eg-app"]->routes.clear();
  const ChangeSet ops = changes(sample(), observed);
  ASSERT_EQ(ops.size(), 4U);
  EXPECT_EQ(ops[0].phase, Phase::kLinkSettings);
  EXPECT_EQ(std::get<LinkSettings>(ops[0].object).link.mtu, 1500U);
  EXPECT_FALSE(std::get<LinkSettings>(ops[0].object).link.up);
  EXPECT_EQ(ops[1].phase, Phase::kLinksUp);
  EXPECT_TRUE(std::get<LinkSettings>(ops[1].object).link.up);
}

TEST(Diff, DoesNotRemoveRoutesAndNeighboursOfALinkThatGoesDown) {
  KernelState desired = sample();
  desired["eg-app"]->links["eth0"].up = false;
  desired["eg-app"]->routes.clear();
  const ChangeSet ops = changes(desired, sample());
  ASSERT_EQ(ops.size(), 1U);
  EXPECT_EQ(ops[0].phase, Phase::kLinkSettings);
}

TEST(Diff, MakesALinkAnewThatWouldLoseRoutesWithItsLastAddress) {
  KernelState desired = sample();
  desired["eg-app"]->addresses.clear();
  const ChangeSet ops = changes(desired, sample());
  EXPECT_EQ(texts_of<LinkPair>(ops).size(), 2U);
  EXPECT_EQ(texts_of<Route>(ops).size(), 2U);
  EXPECT_THAT(texts_of<Address>(ops), IsEmpty());
}

TEST(Diff, ReplacesARouteRatherThanRemovingIt) {
  KernelState desired = sample();
  Route route{.table = 100, .kind = RouteKind::kThrow};
  desired["eg-router"]->routes[key_of(route)] = route;
  EXPECT_THAT(texts(changes(desired, sample())),
              ElementsAre("change route throw default proto static table 100 in eg-router"));
}

TEST(Diff, ChangesANeighbourUnderTheSameAddress) {
  KernelState desired = sample();
  desired["eg-router"]->neighbours = {{"e-app", ip("169.254.129.2"), {{2, 0, 0, 0, 0, 9}}}};
  EXPECT_THAT(
      texts(changes(desired, sample())),
      ElementsAre(
          "change neighbour 169.254.129.2 lladdr 02:00:00:00:00:09 dev e-app in eg-router"));
}

TEST(Diff, AddsAnAddressBeforeItRemovesAnother) {
  KernelState desired = sample();
  desired["eg-app"]->addresses = {{"eth0", ip("169.254.129.9"), 24}};
  EXPECT_THAT(texts(changes(desired, sample())),
              ElementsAre("add address 169.254.129.9/24 dev eth0 in eg-app",
                          "remove address 169.254.129.2/24 dev eth0 in eg-app"));
}

TEST(Diff, CountsEqualRules) {
  KernelState observed = sample();
  const Rule rule{.priority = 1000, .table = 100, .fwmark = 1, .fwmask = 0xffffffff};
  observed["eg-router"]->rules.insert(rule);
  observed["eg-router"]->rules.insert(rule);
  EXPECT_EQ(
      texts(changes(sample(), observed)),
      std::vector<std::string>(2, "remove rule 1000: from all fwmark 0x1 lookup 100 in eg-router"));
}

TEST(Diff, RemovesTheKernelsOwnRulesWhereTheyAreNotWanted) {
  KernelState desired{{"eg-app", up_netns()}};
  desired["eg-app"]->rules.clear();
  EXPECT_EQ(texts_of<Rule>(changes(desired, {})).size(), 3U);
}

TEST(Diff, CarriesBothFirewallsAndRepairsAnAlteredOne) {
  KernelState observed = sample();
  observed["eg-router"]->firewall = Firewall{.digest = kFirewallChanged};
  const ChangeSet ops = changes(sample(), observed);
  ASSERT_EQ(ops.size(), 1U);
  EXPECT_EQ(ops[0].verb, Verb::kChange);
  const auto& change = std::get<FirewallChange>(ops[0].object);
  EXPECT_EQ(change.observed.digest, kFirewallChanged);
  EXPECT_EQ(change.desired, sample()["eg-router"]->firewall);
  EXPECT_NE(change.desired.table, nullptr);
}

TEST(Diff, RemovesAFirewallThatIsNotWanted) {
  KernelState desired = sample();
  desired["eg-router"]->firewall.reset();
  const ChangeSet ops = changes(desired, sample());
  ASSERT_EQ(ops.size(), 1U);
  EXPECT_EQ(ops[0].verb, Verb::kRemove);
  EXPECT_EQ(ops[0].phase, Phase::kFirewall);
}

TEST(Diff, RestartsAProcessWhoseSpecChangedAndNoOtherOfItsNamespace) {
  KernelState observed = sample();
  observed["eg-app"]->processes["names"] = {"names", "/usr/sbin/unbound", {"-d"}};
  KernelState desired = observed;
  desired["eg-app"]->processes.at("responder").arguments.back() = "tcp/443";
  EXPECT_THAT(texts(changes(desired, observed)),
              ElementsAre("remove process responder egress-host --host app tcp/80 in eg-app",
                          "add process responder egress-host --host app tcp/443 in eg-app"));
  desired = observed;
  desired["eg-app"]->processes.at("names").files["unbound.conf"] = "server:";
  const ChangeSet ops = changes(desired, observed);
  ASSERT_EQ(ops.size(), 2U);
  EXPECT_EQ(std::get<Process>(ops[0].object), observed["eg-app"]->processes.at("names"));
  EXPECT_EQ(ops[0].phase, Phase::kStopProcesses);
  EXPECT_EQ(std::get<Process>(ops[1].object), desired["eg-app"]->processes.at("names"));
  EXPECT_EQ(ops[1].phase, Phase::kStartProcesses);
}

TEST(Diff, ChangesTheFilesOfAProcessThatRereadsThem) {
  KernelState observed = sample();
  Process& running = observed["eg-app"]->processes["bgp"];
  running = {.name = "bgp",
             .program = "/usr/sbin/bird",
             .files = {{"bird.conf", "router id 10.0.0.1;"}},
             .rereads_files = true};
  KernelState desired = observed;
  Process& wanted = desired["eg-app"]->processes.at("bgp");
  wanted.files["bird.conf"] = "router id 10.0.0.2;";
  const ChangeSet ops = changes(desired, observed);
  ASSERT_EQ(ops.size(), 1U);
  EXPECT_EQ(ops[0].verb, Verb::kChange);
  EXPECT_EQ(ops[0].phase, Phase::kStartProcesses);
  EXPECT_EQ(std::get<Process>(ops[0].object), wanted);
  wanted.arguments = {"-d"};
  EXPECT_EQ(changes(desired, observed).size(), 2U) << "which files do not say";
  wanted.arguments.clear();
  wanted.files["more.conf"] = "";
  EXPECT_EQ(changes(desired, observed).size(), 2U);
}

TEST(Diff, LeavesSysctlsAloneThatNobodyAskedFor) {
  KernelState observed = sample();
  observed["eg-app"]->sysctls["net.ipv4.ip_forward"] = {"net.ipv4.ip_forward", "1"};
  EXPECT_THAT(texts(changes(sample(), observed)), IsEmpty());
}

TEST(Diff, RefusesALinkEndWithoutItsOtherEnd) {
  KernelState desired = sample();
  desired["eg-router"]->links.erase("e-app");
  const auto ops = diff(desired, sample());
  ASSERT_FALSE(ops.ok());
  EXPECT_EQ(ops.error().code, Errc::kInvalid);
  EXPECT_EQ(ops.error().message,
            "link eth0 in eg-app is to end at e-app in eg-router, which is not there");
}

TEST(Diff, RefusesTwoLinksThatWantTheSameEnd) {
  KernelState desired = sample();
  connect(desired, {"eg-other", "eth0"}, {"eg-router", "e-app"});
  const auto ops = diff(desired, {});
  ASSERT_FALSE(ops.ok());
  EXPECT_EQ(ops.error().message,
            "link eth0 in eg-app is to end at e-app in eg-router, which is another link's end");
}

// As a pass finds them after somebody has been at the links, or in the middle of a removal.
TEST(Diff, CopesWithObservedEndsThatHaveNoOtherEndOrAnothers) {
  for (const LinkPeer& elsewhere :
       {LinkPeer{}, LinkPeer{"", "x"}, LinkPeer{"eg-none", "x"}, LinkPeer{"eg-router", "x"},
        LinkPeer{"eg-app", "eth0"}, LinkPeer{"eg-router", "lo"}}) {
    KernelState observed = sample();
    observed["eg-app"]->links["eth0"].peer = elsewhere;
    observed["eg-app"]->links["stray"] = {.name = "stray", .peer = elsewhere};
    observed["eg-router"]->links.erase("lo");
    EXPECT_TRUE(diff(sample(), observed).ok());
    EXPECT_TRUE(diff({}, observed).ok());
  }
}

TEST(Diff, IsOrderedByPhaseThenNamespace) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    const ChangeSet ops =
        changes(testing_support::random_state(random), testing_support::random_state(random));
    EXPECT_TRUE(std::is_sorted(ops.begin(), ops.end(), [](const Op& a, const Op& b) {
      return std::tie(a.phase, a.netns) < std::tie(b.phase, b.netns);
    }));
  }
}

// Sysctls that nobody asks for any more stay as they are.
KernelState without_sysctls(KernelState state) {
  for (auto& [name, netns] : state) netns->sysctls.clear();
  return state;
}

// From any state to any other in one go, no op refused, and as good as built from nothing.
TEST(Diff, LeadsFromAnyStateToAnyOther) {
  for (uint32_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    testing_support::FakeKernel kernel;
    for (int step = 0; step < 3; ++step) {
      const KernelState desired = testing_support::random_state(random);
      for (const Op& op : changes(desired, kernel.state())) {
        const Status status = kernel.apply(op);
        ASSERT_TRUE(status.ok()) << "step " << step << ": " << status.error().to_string();
      }
      ASSERT_THAT(texts(changes(desired, kernel.state())), IsEmpty()) << "step " << step;
      ASSERT_EQ(to_text(without_sysctls(kernel.state())), to_text(without_sysctls(desired)));
    }
  }
}

}  // namespace
}  // namespace egress::state
