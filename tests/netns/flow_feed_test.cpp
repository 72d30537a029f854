// SPDX-License-Identifier: MIT
// What a router tells of as it happens: flows that begin, and packets that its rules drop.

#include <poll.h>
#include <sys/socket.h>

#include <optional>

#include "kernel/conntrack/events.hpp"
#include "kernel/drop_log/log.hpp"
#include "kernel/netns.hpp"
#include "tests/netns/linux_fixture.hpp"
#include "tests/support/udp_socket.hpp"

namespace egress::kernel_tests {
namespace {

using namespace testing_support;

using kernel::FlowFeed;
using state::DroppedPacket;
using state::TrackedFlow;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint16_t kOpen = 7000;
constexpr uint16_t kDenied = 7001;
const std::string kPrefix(state::kNftLongestPrefix, 'p');

class FlowFeedTest : public LinuxFixture {
 protected:
  void SetUp() override {
    LinuxFixture::SetUp();
    converge(topology());
    client_.emplace("eg-client");
    server_.emplace("eg-server", kOpen);
  }
  // A client, and a server that sees the router's address.
  static state::KernelState topology() {
    state::KernelState state{{"eg-router", plain_netns()}};
    state::NftTable table;
    table.chains["forwarding"] = {
        .hook = state::NftHook{"filter", "forward", 0},
        .rules = {{"udp dport 7001 " + state::log_and_drop(kPrefix), "nsg/deny"},
                  {"icmp type echo-request " + state::log_and_drop("no echo"), "no echo"}}};
    table.chains["translation"] = {
        .hook = state::NftHook{"nat", "postrouting", 100},
        .rules = {
            {"oifname \"server\" meta l4proto udp snat to 10.9.2.1:40000-40999", "translation"}}};
    state["eg-router"]->firewall = state::make_firewall(std::move(table));
    for (const std::string end : {"client", "server"}) {
      const std::string netns = "eg-" + end;
      const std::string network = end == "server" ? "10.9.2." : "10.9.1.";
      const state::Route route{.link = "eth0", .gateway = ip(network + "1")};
      state[netns] = plain_netns();
      join(state, netns, "eth0", "eg-router", end);
      state["eg-router"]->links[end].forwarding = true;
      state["eg-router"]->addresses.insert({end, ip(network + "1"), 24});
      state[netns]->addresses.insert({"eth0", ip(network + "2"), 24});
      state[netns]->routes[key_of(route)] = route;
    }
    return state;
  }
  std::shared_ptr<FlowFeed> feed(const std::set<std::string>& flows_of,
                                 const std::set<std::string>& drops_of) {
    auto opened = kernel().feed(flows_of, drops_of);
    EXPECT_TRUE(opened.ok()) << opened.error().to_string();
    return opened.ok() ? *opened : nullptr;
  }
  static bool is_readable(const FlowFeed& feed, int milliseconds = 0) {
    pollfd looked{.fd = feed.fd(), .events = POLLIN, .revents = 0};
    return ::poll(&looked, 1, milliseconds) > 0;
  }
  // The next `count` events.
  static std::vector<FlowFeed::Event> read(FlowFeed& feed, size_t count) {
    std::vector<FlowFeed::Event> events;
    while (events.size() < count && is_readable(feed, 10'000)) {
      const auto batch = feed.read(count - events.size());
      if (!batch.ok()) {
        ADD_FAILURE() << batch.error().to_string();
        break;
      }
      EXPECT_EQ(batch->lost, 0U);
      events.insert(events.end(), batch->events.begin(), batch->events.end());
    }
    return events;
  }
  // One datagram, which has arrived.
  void send(const std::string& text) {
    client_->send(text, kServer, kOpen);
    EXPECT_EQ(server_->receive(), text);
  }
  UniqueFd router() const { return *kernel::open_netns("eg-router"); }

  const Ipv4Address kClient = ip("10.9.1.2");
  const Ipv4Address kServer = ip("10.9.2.2");
  std::optional<UdpSocket> client_{};
  std::optional<UdpSocket> server_{};
};

TEST_F(FlowFeedTest, TellsOfAFlowOnceAndUnderWhichAddressItGoesOn) {
  const auto flows = feed({"eg-router"}, {});
  send("one");
  send("two");
  const auto events = read(*flows, 1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].netns, "eg-router");
  const auto& flow = std::get<TrackedFlow>(events[0].what);
  EXPECT_EQ(flow.protocol, IPPROTO_UDP);
  EXPECT_EQ(flow.source, kClient);
  EXPECT_EQ(flow.destination, kServer);
  EXPECT_EQ(flow.destination_port, kOpen);
  EXPECT_EQ(flow.reply_destination, ip("10.9.2.1"));
  EXPECT_GE(flow.reply_destination_port, 40000);
  EXPECT_LE(flow.reply_destination_port, 40999);
  EXPECT_FALSE(is_readable(*flows));
  EXPECT_THAT(flows->read(10).value().events, IsEmpty());
}

TEST_F(FlowFeedTest, ADroppedPacketIsNoFlowAndTellsWhichRuleItWas) {
  const auto all = feed({"eg-router", "eg-server"}, {"eg-router"});
  client_->send("no", kServer, kDenied);
  const auto events = read(*all, 1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].netns, "eg-router");
  const auto& packet = std::get<DroppedPacket>(events[0].what);
  EXPECT_EQ(packet.prefix, kPrefix);
  EXPECT_EQ(packet.protocol, IPPROTO_UDP);
  EXPECT_EQ(packet.source, kClient);
  EXPECT_EQ(packet.destination, kServer);
  EXPECT_NE(packet.source_port, 0);
  EXPECT_EQ(packet.destination_port, kDenied);
  EXPECT_FALSE(is_readable(*all));
}

TEST_F(FlowFeedTest, AnEchoRequestHasItsIdentifierForASourcePort) {
  const auto drops = feed({}, {"eg-router"});
  run({"ip", "netns", "exec", "eg-client", "ping", "-c1", "-W1", "-e", "77", "10.9.2.2"});
  const auto events = read(*drops, 1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(std::get<DroppedPacket>(events[0].what), (DroppedPacket{.prefix = "no echo",
                                                                    .protocol = IPPROTO_ICMP,
                                                                    .source = kClient,
                                                                    .destination = kServer,
                                                                    .source_port = 77,
                                                                    .destination_port = 8 * 256}));
}

TEST_F(FlowFeedTest, GivesNoMoreAtOnceThanWasAskedFor) {
  const auto drops = feed({}, {"eg-router"});
  for (int i = 0; i < 5; ++i) client_->send("no", kServer, kDenied);
  ASSERT_TRUE(is_readable(*drops, 10'000));
  EXPECT_EQ(drops->read(2).value().events.size(), 2U);
  EXPECT_EQ(read(*drops, 3).size(), 3U);
}

TEST_F(FlowFeedTest, OfANamespaceThatIsNotThereTellsNothing) {
  const auto none = feed({"eg-none"}, {"eg-none"});
  send("one");
  EXPECT_FALSE(is_readable(*none));
  EXPECT_FALSE(none->is_whole());
  EXPECT_TRUE(feed({"eg-router"}, {"eg-router"})->is_whole());
}

TEST_F(FlowFeedTest, TheLogOfANamespaceHasOneReader) {
  {
    const auto drops = feed({}, {"eg-router"});
    const auto second = kernel().feed({}, {"eg-router"});
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, Errc::kBusy);
    EXPECT_THAT(second.error().to_string(), testing::HasSubstr("eg-router"));
  }
  EXPECT_TRUE(kernel().feed({}, {"eg-router"}).ok());
}

TEST_F(FlowFeedTest, WhatFindsNoRoomIsCounted) {
  constexpr size_t kFlows = 200;
  constexpr size_t kLittle = 4096;
  const UniqueFd netns = router();
  auto events = kernel::FlowEvents::open(netns.get(), kLittle);
  auto log = kernel::DropLog::open(netns.get(), state::kDropLogGroup, kLittle);
  ASSERT_TRUE(events.ok() && log.ok());
  for (size_t i = 0; i < kFlows; ++i) {
    const UdpSocket one("eg-client", static_cast<uint16_t>(20'000 + i));  // each a new flow
    one.send("one", kServer, kOpen);
    EXPECT_EQ(server_->receive(), "one");
    one.send("no", kServer, kDenied);
  }
  size_t flows = 0;
  size_t drops = 0;
  EXPECT_FALSE(events->drain(2 * kFlows, [&](const TrackedFlow&) { ++flows; }).value());
  EXPECT_FALSE(log->drain(2 * kFlows, [&](const DroppedPacket&) { ++drops; }).value());
  EXPECT_EQ(flows + events->lost(), kFlows);
  EXPECT_EQ(drops + log->lost(), kFlows);
  send("another");
  EXPECT_TRUE(events->drain(10, [&](const TrackedFlow&) { ++flows; }).value());
}

}  // namespace
}  // namespace egress::kernel_tests
