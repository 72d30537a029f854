// SPDX-License-Identifier: MIT
#include "state/kernel_state.hpp"

#include <gtest/gtest.h>

#include "tests/support/values.hpp"

namespace egress::state {
namespace {

using testing_support::ip;
using testing_support::prefix;

TEST(Text, OfAMacAddressHasTwoDigitsAnOctet) {
  EXPECT_EQ((MacAddress{{0x12, 0x34, 0x56, 0x78, 0x9a, 0x0b}}.to_string()), "12:34:56:78:9a:0b");
}

TEST(Text, OfALinkNamesItsPeerAndWhatIsSet) {
  Link link{.name = "eth0", .peer = {"eg-worker-plan-0", "e-web"}, .mac = {{2, 0, 0, 0, 0, 1}}};
  EXPECT_EQ(to_text(link),
            "link eth0 peer e-web in eg-worker-plan-0 mac 02:00:00:00:00:01 mtu 1500 up");
  link.up = false;
  link.forwarding = true;
  link.rp_filter = 2;
  link.ipv6 = true;
  link.alias = "web/0";
  EXPECT_EQ(to_text(link),
            "link eth0 peer e-web in eg-worker-plan-0 mac 02:00:00:00:00:01 mtu 1500 down "
            "forwarding rp_filter 2 ipv6 alias \"web/0\"");
  EXPECT_EQ(to_text(loopback(true)), "link lo mtu 65536 up");
}

TEST(Text, OfARouteReadsLikeIpRoute) {
  EXPECT_EQ(to_text(Route{.destination = prefix("10.0.0.0/8"), .link = "vnet0"}),
            "route 10.0.0.0/8 dev vnet0 proto static table main");
  EXPECT_EQ(to_text(Route{.table = 101,
                          .protocol = RouteProtocol::kBoot,
                          .link = "integ0",
                          .gateway = ip("10.1.1.1"),
                          .onlink = true,
                          .source = ip("10.1.1.4"),
                          .mtu = 1400}),
            "route default via 10.1.1.1 dev integ0 onlink proto boot table 101 src 10.1.1.4 "
            "mtu 1400");
  EXPECT_EQ(to_text(Route{.table = 2, .kind = RouteKind::kBlackhole}),
            "route blackhole default proto static table 2");
  EXPECT_EQ(
      to_text(Route{.table = 9, .destination = prefix("10.1.0.0/16"), .kind = RouteKind::kThrow}),
      "route throw 10.1.0.0/16 proto static table 9");
  EXPECT_EQ(to_text(Route{.table = 255, .kind = RouteKind::kLocal, .link = "lo"}),
            "route local default dev lo proto static table local");
}

TEST(Text, OfARuleReadsLikeIpRule) {
  EXPECT_EQ(to_text(Rule{.priority = 32766, .table = 254}), "rule 32766: from all lookup main");
  EXPECT_EQ(to_text(Rule{.priority = 1, .table = 101, .fwmark = 17, .fwmask = 0xffffffff}),
            "rule 1: from all fwmark 0x11 lookup 101");
  EXPECT_EQ(
      to_text(Rule{.priority = 1, .table = 255, .fwmark = 1, .fwmask = 0xffff, .iif = "eth0"}),
      "rule 1: from all fwmark 0x1/0xffff iif eth0 lookup local");
}

TEST(Text, OfAStateIsSortedAndShowsAKnownFirewallsTable) {
  KernelState state;
  NetnsState& netns = state["eg-vnet-hub"].change();
  netns.rules = kernel_rules();
  netns.links["lo"] = loopback(true);
  netns.addresses = {{"lo", ip("10.0.0.2"), 32}, {"lo", ip("10.0.0.1"), 32}};
  netns.neighbours = {{"h-sql", ip("10.0.0.4"), {{2, 0, 0, 0, 0, 4}}}};
  netns.sysctls["a"] = {"a", "1"};
  netns.processes["responder"] = {"responder", "egress-host", {"--host", "sql", "tcp/443"}};
  netns.processes["names"] = {"names", "/usr/sbin/unbound", {"-d"}, {{"unbound.conf", "server:"}}};
  netns.firewall = Firewall{.digest = "d1"};
  netns.attachments["dns"] = {"dns", {"eg-stamp", "resolver"}, true, "d2"};
  state["eg-app"]->processes["plain"] = {"plain", "/bin/true"};
  const std::string rest =
      "  link lo mtu 65536 up\n"
      "  address 10.0.0.1/32 dev lo\n"
      "  address 10.0.0.2/32 dev lo\n"
      "  neighbour 10.0.0.4 lladdr 02:00:00:00:00:04 dev h-sql\n"
      "  rule 0: from all lookup local\n"
      "  rule 32766: from all lookup main\n"
      "  rule 32767: from all lookup default\n"
      "  process names /usr/sbin/unbound -d file unbound.conf 38cb720f1233971f\n"
      "  process responder egress-host --host sql tcp/443\n"
      "  attachment dns of resolver in eg-stamp home settings d2\n";
  const std::string head =
      "netns eg-app\n"
      "  process plain /bin/true\n"
      "netns eg-vnet-hub\n"
      "  sysctl a = 1\n"
      "  firewall d1\n";
  EXPECT_EQ(to_text(state), head + rest);
  netns.firewall->table =
      std::make_shared<const NftTable>(NftTable{.chains = {{"out/data", {.rules = {{"accept"}}}}}});
  EXPECT_EQ(to_text(state), head + "    chain out/data\n      accept\n" + rest);
  netns.attachments["dns"].settings = std::make_shared<const std::string>("one\ntwo");
  EXPECT_EQ(to_text(state),
            head + "    chain out/data\n      accept\n" + rest + "    one\n    two\n");
}

TEST(Attachment, IsEqualWhereTheDigestIsWhoeverKnowsTheSettings) {
  const ProcessRef process{"eg-stamp", "resolver"};
  const Attachment wanted = make_attachment("dns", process, "settings");
  Attachment observed = wanted;
  observed.settings = nullptr;
  EXPECT_EQ(observed, wanted);
  EXPECT_FALSE(wanted == make_attachment("dns", process, "other settings"));
  EXPECT_FALSE(wanted == make_attachment("other", process, "settings"));
  EXPECT_FALSE(wanted == make_attachment("dns", {"eg-stamp", "other"}, "settings"));
  observed.home = true;
  EXPECT_FALSE(observed == wanted);
}

TEST(Firewall, EqualContentsHaveEqualDigestsAndOthersDoNot) {
  const NftTable table{
      .maps = {{"marks",
                {.key = {NftField::kMark}, .data = NftData::kMark, .rows = {{{1}, {1}, 2}}}}},
      .chains = {
          {"steer", {.hook = NftHook{"filter", "prerouting", -150, true}, .rules = {{"r"}}}}}};
  const std::string digest = make_firewall(table).digest;
  EXPECT_EQ(digest.size(), 32U);
  EXPECT_EQ(make_firewall(table).digest, digest);
  std::set<std::string> digests{digest, make_firewall({}).digest};
  const auto altered = [&](auto&& alter) {
    NftTable other = table;
    alter(other);
    EXPECT_TRUE(digests.insert(make_firewall(other).digest).second) << to_text(other);
  };
  altered([](NftTable& other) { other.maps["marks"].data = NftData::kNone; });
  altered([](NftTable& other) { other.maps["marks"].data = NftData::kVerdict; });
  altered([](NftTable& other) { other.maps["marks"].interval = true; });
  altered([](NftTable& other) { other.maps["marks"].timeout_seconds = 1; });
  altered([](NftTable& other) { other.maps["marks"].size = 1; });
  altered([](NftTable& other) { other.maps["marks"].key = {NftField::kSaddr}; });
  altered([](NftTable& other) { other.maps["marks"].rows = {}; });
  altered([](NftTable& other) { other.maps["marks"].chains = {"steer"}; });
  altered([](NftTable& other) { other.maps["marks"].marks = {1, 2}; });
  altered([](NftTable& other) { other.maps["marks"].interfaces = {"steer"}; });
  altered([](NftTable& other) { other.maps["more"] = {}; });
  altered([](NftTable& other) { other.chains["steer"].rules = {{"s"}}; });
  altered([](NftTable& other) { other.chains["steer"].hook.reset(); });
  altered([](NftTable& other) { other.chains["steer"].hook->priority = -149; });
  altered([](NftTable& other) { other.chains["steer"].hook->policy_drop = false; });
  altered([](NftTable& other) { other.chains["steer"].hook->hook = "forward"; });
  altered([](NftTable& other) { other.chains["steer"].hook->type = "route"; });
}

// The published FNV-1a offset basis: the hash of nothing.
TEST(Firewall, DigestTellsEveryNumberOfARowApart) {
  const auto digest = [](const NftRow& row) {
    NftTable table;
    table.maps["m"] = {.key = {NftField::kMark, NftField::kDport},
                       .data = NftData::kMark,
                       .interval = true,
                       .rows = {row}};
    return make_firewall(std::move(table)).digest;
  };
  const NftRow row{{1, 80}, {1, 90}, 2};
  EXPECT_EQ(digest(row), digest(row));
  for (const NftRow& other : {NftRow{{3, 80}, {1, 90}, 2}, NftRow{{1, 81}, {1, 90}, 2},
                              NftRow{{1, 80}, {1, 91}, 2}, NftRow{{1, 80}, {1, 90}, 3}}) {
    EXPECT_NE(digest(row), digest(other));
  }
}

}  // namespace
}  // namespace egress::state
