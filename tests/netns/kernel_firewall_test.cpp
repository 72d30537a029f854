// SPDX-License-Identifier: MIT
// Firewalls on the real kernel: recognised, replaced in place, and any change by others noticed.

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <thread>

#include "tests/netns/linux_fixture.hpp"
#include "tests/support/process.hpp"

namespace egress::kernel_tests {
namespace {

using namespace testing_support;

using state::Firewall;
using state::KernelState;
using state::NftData;
using state::NftField;
using state::NftTable;

NftTable small_table() {
  NftTable table;
  table.maps["ways"] =
      state::make_map({.key = {NftField::kIifname, NftField::kOifname}}, {{{"a", "b"}}});
  table.maps["never"] = state::make_map({.key = {NftField::kSaddr}, .interval = true},
                                        {{{Ipv4Prefix{ip("10.0.0.0"), 8}}}, {{ip("192.0.2.1")}}});
  table.maps["gate"] = {.key = {NftField::kMark, NftField::kProtocol, NftField::kDport},
                        .data = NftData::kVerdict,
                        .interval = true,
                        .chains = {"out/spoke-1/deny_web.x"},
                        .rows = {{{1, kTcp, 80}, {1, kTcp, 90}}}};
  table.chains["input"] = {.hook = state::NftHook{"filter", "input", 0, true},
                           .rules = {{"ct state established,related accept", "answers"},
                                     {"ip saddr @never counter drop", "never"},
                                     {"accept", "rest"}}};
  table.chains["out/spoke-1/deny_web.x"] = {.rules = {{"counter drop", "nsg/deny"}}};
  table.chains["forwarding"] = {
      .hook = state::NftHook{"filter", "forward", 0, true},
      .rules = {
          {"iifname . oifname @ways accept", "ways"},
          {"meta l4proto { tcp, udp } meta mark . meta l4proto . th dport vmap @gate", "gate"}}};
  return table;
}

class KernelFirewall : public LinuxFixture, public testing::WithParamInterface<const char*> {
 protected:
  KernelState lab(const NftTable& table = small_table()) {
    KernelState state;
    state["eg-a"] = state["eg-b"] = plain_netns();
    join(state, "eg-a", "x0", "eg-b", "y0");
    state["eg-a"]->addresses = {{"x0", ip("10.1.0.1"), 24}};
    state["eg-b"]->addresses = {{"y0", ip("10.1.0.2"), 24}};
    state["eg-a"]->firewall = state::make_firewall(table);
    return state;
  }
  // Without what tells only when something was made: the numbers of copies, the generation, the
  // order of sets and chains.
  static std::string listing() {
    return run_script(
               "ip netns exec eg-a nft list ruleset | sort | "
               "sed -E 's|//[0-9]+||g; s/(comment \"[0-9a-f]{32}) [0-9]+\"/\\1/'")
        .out;
  }
  std::string digest() {
    const auto firewall = observe("eg-a").firewall;
    return firewall ? firewall->digest : "none";
  }
};

using ChangedByHand = KernelFirewall;

TEST_P(ChangedByHand, IsSeenAndUndoneInOnePass) {
  const KernelState desired = lab();
  converge(desired);
  by_hand(GetParam());
  EXPECT_EQ(digest(), state::kFirewallChanged);
  restart();
  EXPECT_EQ(digest(), state::kFirewallChanged) << "a restarted daemon must see it too";
  EXPECT_EQ(converge(desired), 1U);
  EXPECT_EQ(observe(), desired);
  const std::string listed = listing();
  converge({});
  converge(desired);
  EXPECT_EQ(listed, listing());
}

INSTANTIATE_TEST_SUITE_P(
    Nft, ChangedByHand,
    testing::Values(
        "ip netns exec eg-a nft add rule ip egressd input counter",
        "ip netns exec eg-a nft delete rule ip egressd input handle "
        "$(ip netns exec eg-a nft -a list chain ip egressd input | sed -n 's/.*rest.*handle //p')",
        "ip netns exec eg-a nft flush chain ip egressd input",
        "ip netns exec eg-a nft flush set ip egressd never",
        "ip netns exec eg-a nft add element ip egressd never '{ 192.0.2.9 }'",
        "ip netns exec eg-a nft flush set ip egressd never; "
        "ip netns exec eg-a nft delete rule ip egressd input handle $(ip netns exec eg-a nft -a "
        "list chain ip egressd input | sed -n 's/.*\"never\".*handle //p'); "
        "ip netns exec eg-a nft 'delete set ip egressd never'; "
        "ip netns exec eg-a nft 'add set ip egressd never { type inet_service; }'",
        "ip netns exec eg-a nft add chain ip egressd stray",
        "ip netns exec eg-a nft 'add chain ip egressd stray; add rule ip egressd stray tcp dport "
        "22 "
        "jump { counter accept; }; add rule ip egressd input tcp dport 80 jump { counter; }'",
        "ip netns exec eg-a nft 'add chain ip egressd stray { type filter hook input priority 5; "
        "policy drop; }'",
        "ip netns exec eg-a nft 'add chain ip egressd input { policy accept; }'",
        "ip netns exec eg-a nft 'add set ip egressd stray { type ipv4_addr; }'",
        "ip netns exec eg-a nft 'add map ip egressd stray { type ipv4_addr : verdict; }'; "
        "ip netns exec eg-a nft add chain ip egressd stray; "
        "ip netns exec eg-a nft 'add element ip egressd stray { 10.0.0.1 : goto stray }'",
        "ip netns exec eg-a nft add table ip6 other",
        "ip netns exec eg-a nft add table inet egressd",
        "ip netns exec eg-a nft 'table ip other { chain input { type filter hook input priority 0; "
        "policy drop; }; }'",
        "ip netns exec eg-a nft delete set ip egressd meta_generation",
        "ip netns exec eg-a nft 'delete table ip egressd; add table ip egressd; add chain ip "
        "egressd "
        "input { type filter hook output priority 7; }'"));

TEST_F(KernelFirewall, StaysRecognisedOverARestart) {
  const KernelState desired = lab();
  converge(desired);
  restart();
  EXPECT_EQ(observe(), desired);
  EXPECT_EQ(converge(desired), 0U);
}

TEST_F(KernelFirewall, IsSeenAsRemovedWhenSomebodyFlushes) {
  const KernelState desired = lab();
  converge(desired);
  by_hand("ip netns exec eg-a nft flush ruleset");
  EXPECT_EQ(digest(), "none");
  converge(desired);
  EXPECT_EQ(observe(), desired);
}

TEST_F(KernelFirewall, OfOthersIsRemovedWhereNoneIsWanted) {
  KernelState desired = lab();
  desired["eg-a"]->firewall.reset();
  converge(desired);
  by_hand("ip netns exec eg-a nft add table inet other");
  EXPECT_EQ(digest(), state::kFirewallChanged);
  converge(desired);
  EXPECT_EQ(digest(), "none");
}

TEST_F(KernelFirewall, ChangesOverARestartKeepNothingOfTheOldContents) {
  converge(lab());
  restart();
  NftTable other;
  other.maps["ways"] = state::make_map({.key = {NftField::kSaddr}}, {{{ip("10.0.0.1")}}});
  other.chains["input"] = {.hook = state::NftHook{"filter", "input", 0, false},
                           .rules = {{"ip saddr @ways accept", "other"}}};
  const KernelState desired = lab(other);
  converge(desired);
  EXPECT_EQ(observe(), desired);
  const std::string listed = run({"ip", "netns", "exec", "eg-a", "nft", "list", "ruleset"}).out;
  EXPECT_THAT(listed, testing::Not(testing::HasSubstr("forwarding")));
  EXPECT_THAT(listed, testing::Not(testing::HasSubstr("gate")));
  EXPECT_THAT(listed, testing::HasSubstr("10.0.0.1"));
}

// A class leads to a chain of its own, so that elements name chains which come and go.
NftTable table_of_classes(uint32_t first, uint32_t count) {
  NftTable table = small_table();
  auto& addresses = table.maps["out/data/daddr"];
  auto& ports = table.maps["out/data/dport"];
  addresses = {.key = {NftField::kDaddr}, .data = NftData::kMark, .interval = true};
  ports = {.key = {NftField::kMark, NftField::kProtocol, NftField::kDport},
           .data = NftData::kVerdict,
           .interval = true};
  std::vector<state::NftRow> address_rows;
  std::vector<state::NftRow> port_rows;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t number = first + i;
    address_rows.push_back({{number * 512}, {number * 512 + 255}, number});
    port_rows.push_back({{number, kTcp, 80 + number % 7}, {number, kTcp, 90 + number % 11}, i});
    ports.chains.push_back(fmt::format("out/data/deny/{}", number));
    table.chains[ports.chains.back()].rules = {{"counter drop"}};
  }
  addresses.rows = std::move(address_rows);
  ports.rows = std::move(port_rows);
  table.chains["out/data"].rules = {
      {"meta mark set ip daddr map @out/data/daddr"},
      {"meta l4proto tcp meta mark . meta l4proto . th dport vmap @out/data/dport"}};
  table.chains["forwarding"].rules.push_back({"goto out/data"});
  return table;
}

TEST_F(KernelFirewall, ChangesFromWhatAProcessThatIsGonePutThere) {
  uint32_t random = 1;
  for (int change = 0; change < 12; ++change) {
    random = random * 1664525U + 1013904223U;
    const KernelState desired = lab(table_of_classes(1 + random % 300, 1 + (random >> 8U) % 400));
    converge(desired);
    const std::string listed = listing();
    EXPECT_EQ(observe(), desired);
    if (change % 2 == 0) restart();
    if (change % 3 == 0) by_hand("ip netns exec eg-a nft add chain ip egressd out/data//9");
    if (change % 4 == 3) {
      converge({});
      converge(desired);
      EXPECT_EQ(listed, listing());
    }
  }
}

TEST_F(KernelFirewall, ThatNftRefusesLeavesTheOldOneInForceAndSaysWhy) {
  converge(lab());
  NftTable bad = small_table();
  bad.chains["input"].rules.push_back({"ip saddr @nowhere accept", "x"});
  const Status status =
      apply(state::Verb::kChange, "eg-a", state::FirewallChange{state::make_firewall(bad), {}});
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().kernel_text, testing::HasSubstr("nowhere"));
  EXPECT_THAT(status.error().message, testing::HasSubstr("eg-a"));
  EXPECT_EQ(observe(), lab());
}

TEST_F(KernelFirewall, ThatKeepsFailingLeavesNoCopiesOfItselfBehind) {
  converge(lab(table_of_classes(1, 500)));
  const auto chains_and_sets = [] {
    return run_script("ip netns exec eg-a nft list ruleset | grep -E '^\\s(chain|set|map) '").out;
  };
  const std::string before = chains_and_sets();
  for (const uint32_t first : {1U, 5000U}) {
    NftTable bad = table_of_classes(first, 500);
    bad.chains["input"].rules.push_back({"ip saddr @nowhere accept", "x"});
    restart();
    for (int pass = 0; pass < 3; ++pass) {
      const state::FirewallChange change{state::make_firewall(bad), {}};
      EXPECT_FALSE(apply(state::Verb::kChange, "eg-a", change).ok());
      EXPECT_EQ(chains_and_sets(), before);
    }
  }
  converge(lab());
}

TEST_F(KernelFirewall, NftTakesEveryCommentAndNamesOfTheLongestKindAndTheirCopies) {
  std::string anything;
  for (int letter = 1; letter < 256; ++letter) anything += static_cast<char>(letter);
  const std::string chain(state::kNftLongestName, 'c');
  const std::string map(state::kNftLongestName, 'm');
  NftTable table;
  table.chains[chain] = {.rules = {{"counter", anything},
                                   {"counter", std::string(state::kNftLongestComment, '\\')},
                                   {"counter", std::string(1000, '*')},
                                   {"counter", "#; $x @y {}"}}};
  table.maps[map] = {
      .key = {NftField::kMark}, .data = NftData::kVerdict, .chains = {chain}, .rows = {{{1}, {1}}}};
  table.chains["input"] = {.hook = state::NftHook{"filter", "input", 0, true},
                           .rules = {{"meta mark vmap @" + map, map}}};
  converge(lab(table));
  restart();
  EXPECT_EQ(observe(), lab(table));
  table.chains[chain].rules.pop_back();
  converge(lab(table));
  EXPECT_EQ(observe(), lab(table));
}

TEST_F(KernelFirewall, CountsPacketsByChainWithOneCountingRule) {
  NftTable table;
  table.chains["in/data/allow.ping"] = {.rules = {{"counter accept", "nsg/allow"}}};
  table.chains["two"] = {.rules = {{"counter", "a"}, {"counter", "b"}}};
  table.chains["quiet"] = {.rules = {{"accept", "c"}}};
  table.chains["input"] = {.hook = state::NftHook{"filter", "input", 0, true},
                           .rules = {{"ip protocol icmp goto in/data/allow.ping", "d"}}};
  converge(lab(table));
  by_hand("ip netns exec eg-b ping -q -c 3 -i 0.01 10.1.0.1");
  const auto counted = kernel().counters("eg-a");
  ASSERT_TRUE(counted.ok()) << counted.error().to_string();
  EXPECT_EQ(*counted, (std::map<std::string, uint64_t>{{"in/data/allow.ping", 3}}));
  const auto none = kernel().counters("eg-b");
  ASSERT_TRUE(none.ok()) << none.error().to_string();
  EXPECT_TRUE(none->empty());
  EXPECT_EQ(kernel().counters("eg-none").error().code, Errc::kNotFound);
}

TEST_F(KernelFirewall, GoesOnCountingThroughAChangeBehindARestart) {
  NftTable table;
  table.chains["in/data/allow.ping"] = {.rules = {{"counter accept", "nsg/allow"}}};
  table.chains["input"] = {.hook = state::NftHook{"filter", "input", 0, true},
                           .rules = {{"ip protocol icmp goto in/data/allow.ping", "d"}}};
  converge(lab(table));
  by_hand("ip netns exec eg-b ping -q -c 3 -i 0.01 10.1.0.1");
  restart();
  table.chains["more"] = {.rules = {{"counter drop", "e"}}};
  converge(lab(table));
  EXPECT_EQ(observe(), lab(table));
  by_hand("ip netns exec eg-b ping -q -c 2 -i 0.01 10.1.0.1");
  const auto counted = kernel().counters("eg-a");
  ASSERT_TRUE(counted.ok()) << counted.error().to_string();
  EXPECT_EQ(counted->at("in/data/allow.ping"), 5U);
}

UniqueFd udp_socket_in(const char* netns, const char* address, uint16_t port) {
  const UniqueFd home(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  const UniqueFd there(open((std::string("/run/netns/") + netns).c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(setns(there.get(), CLONE_NEWNET), 0);
  UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_port = htons(port);
  inet_pton(AF_INET, address, &local.sin_addr);
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local), 0);
  EXPECT_EQ(setns(home.get(), CLONE_NEWNET), 0);
  return fd;
}

// Sends datagrams to an allowed and a denied port, one pair after the other, until told to stop.
struct Traffic {
  UniqueFd sender = udp_socket_in("eg-b", "10.1.0.2", 0);
  UniqueFd allowed = udp_socket_in("eg-a", "10.1.0.1", 1000);
  UniqueFd denied = udp_socket_in("eg-a", "10.1.0.1", 1001);
  std::atomic<bool> stop{false};
  int exchanged = 0;
  int lost = 0;

  void run() {
    while (!stop) {
      send_to(1001);
      send_to(1000);
      ++exchanged;
      if (!arrives(allowed, 2000)) ++lost;
    }
  }
  static bool arrives(const UniqueFd& fd, int milliseconds) {
    pollfd waited{.fd = fd.get(), .events = POLLIN, .revents = 0};
    std::array<char, 8> buffer{};
    return poll(&waited, 1, milliseconds) == 1 &&
           recv(fd.get(), buffer.data(), buffer.size(), 0) == 1;
  }

 private:
  void send_to(uint16_t port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    inet_pton(AF_INET, "10.1.0.1", &to.sin_addr);
    sendto(sender.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
};

// The send buffer of those who are not root on the machine holds 200 KiB.
TEST_F(KernelFirewall, ThatIsLargeChangesInParts) {
  for (const uint32_t first : {1U, 5000U}) {
    converge(lab(table_of_classes(first, 2000)));
    restart();
  }
}

TEST_F(KernelFirewall, ReplacedUnderTrafficLosesNothingAndLeaksNothing) {
  NftTable table = small_table();
  table.chains["input"].rules = {{"udp dport 1000 counter accept", "allowed"}};
  converge(lab(table));
  Traffic traffic;
  std::thread sending([&] { traffic.run(); });
  constexpr int kReplacements = 50;
  for (int i = 0; i < kReplacements; ++i) {
    table.maps["never"] = state::make_map({.key = {NftField::kSaddr}, .interval = true},
                                          {{{ip(("198.51.100." + std::to_string(i)).c_str())}}});
    table.chains["input"].rules.resize(1);
    table.chains["input"].rules.push_back({"counter", std::to_string(i)});
    EXPECT_EQ(converge(lab(table)), 1U);
  }
  traffic.stop = true;
  sending.join();
  EXPECT_GT(traffic.exchanged, kReplacements);
  EXPECT_EQ(traffic.lost, 0);
  EXPECT_FALSE(Traffic::arrives(traffic.denied, 0)) << "a datagram to the denied port came through";
}

}  // namespace
}  // namespace egress::kernel_tests
