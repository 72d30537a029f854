// SPDX-License-Identifier: MIT
// Entries of connection tracking in a router that translates, as the kernel layer lists, ages and
// ends them.

#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "tests/netns/linux_fixture.hpp"
#include "tests/support/live_flows.hpp"
#include "tests/support/udp_socket.hpp"

namespace egress::kernel_tests {
namespace {

using namespace testing_support;

using kernel::FlowTable;
using state::TrackedFlow;
using testing::IsEmpty;
using testing::SizeIs;

constexpr uint16_t kPort = 7000;

class ConntrackTest : public LinuxFixture {
 protected:
  void SetUp() override {
    LinuxFixture::SetUp();
    converge(topology());
    auto table = kernel().flows("eg-router");
    ASSERT_TRUE(table.ok()) << table.error().to_string();
    table_ = *std::move(table);
    server_.emplace("eg-server", kPort);
  }
  // A client and one more with the same address, in a zone of its own, and a server that sees the
  // router's address.
  static state::KernelState topology() {
    state::KernelState state{{"eg-router", plain_netns()}};
    state::NftTable table;
    table.chains["zones"] = {.hook = state::NftHook{"filter", "prerouting", -300},
                             .rules = {{"iifname \"other\" ct zone set 2", "zones"},
                                       {"udp sport 4500 ct original zone set 3", "one direction"}}};
    table.chains["translation"] = {
        .hook = state::NftHook{"nat", "postrouting", 100},
        .rules = {{"oifname \"server\" snat to 10.9.2.1", "translation"}}};
    state["eg-router"]->firewall = state::make_firewall(std::move(table));
    for (const std::string end : {"client", "other", "server"}) {
      const std::string netns = "eg-" + end;
      const std::string network = end == "server" ? "10.9.2." : "10.9.1.";
      const state::Route route{.link = "eth0", .gateway = ip(network + "1")};
      state[netns] = plain_netns();
      join(state, netns, "eth0", "eg-router", end);
      state["eg-router"]->links[end].forwarding = true;
      state["eg-router"]->links[end].arp_filter = false;  // both clients ask, and one is routed to
      state["eg-router"]->addresses.insert({end, ip(network + "1"), 24});
      state[netns]->addresses.insert({"eth0", ip(network + "2"), 24});
      state[netns]->routes[key_of(route)] = route;
    }
    return state;
  }
  std::vector<TrackedFlow> flows() const {
    auto flows = table_->list();
    EXPECT_TRUE(flows.ok()) << flows.error().to_string();
    return flows.ok() ? *std::move(flows) : std::vector<TrackedFlow>();
  }
  // All that there is of a protocol.
  std::vector<TrackedFlow> flows(uint8_t protocol) const {
    std::vector<TrackedFlow> found = flows();
    std::erase_if(found, [&](const TrackedFlow& flow) { return flow.protocol != protocol; });
    return found;
  }
  // One datagram, which has arrived.
  void send(const UdpSocket& from, const std::string& text) {
    from.send(text, kServer, kPort);
    EXPECT_EQ(server_->receive(), text);
  }

  const Ipv4Address kClient = ip("10.9.1.2");
  const Ipv4Address kServer = ip("10.9.2.2");
  std::shared_ptr<FlowTable> table_{};
  std::optional<UdpSocket> server_{};
};

TEST_F(ConntrackTest, ListsFlowsAsTheyBegan) {
  EXPECT_THAT(flows(), IsEmpty());
  send(UdpSocket("eg-client", 4000), "hello");
  EXPECT_EQ(server_->peer(), ip("10.9.2.1"));
  by_hand("ip netns exec eg-client ping -q -c 1 10.9.2.2");
  const UniqueFd listener = listener_at({"eg-client", "eg-server", kServer, kPort});
  const UniqueFd client = socket_in("eg-client", SOCK_STREAM);
  const sockaddr_in there = socket_address(kServer, kPort);
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there), 0);

  EXPECT_THAT(flows(), SizeIs(3));
  for (const TrackedFlow& flow : flows()) {
    EXPECT_EQ(flow.source, kClient) << int{flow.protocol};
    EXPECT_EQ(flow.destination, kServer) << int{flow.protocol};
    EXPECT_EQ(flow.reply_destination, ip("10.9.2.1")) << int{flow.protocol};
    EXPECT_GT(flow.timeout_seconds, 0U) << int{flow.protocol};
  }
  ASSERT_THAT(flows(kUdp), SizeIs(1));
  EXPECT_EQ(flows(kUdp)[0].source_port, 4000);
  EXPECT_EQ(flows(kUdp)[0].destination_port, kPort);
  ASSERT_THAT(flows(kIcmp), SizeIs(1));
  constexpr uint16_t kEchoRequest = 8 << 8;
  EXPECT_EQ(flows(kIcmp)[0].destination_port, kEchoRequest);
  ASSERT_THAT(flows(kTcp), SizeIs(1));
  EXPECT_EQ(flows(kTcp)[0].destination_port, kPort);

  // What was listed is what is found again.
  std::vector<TrackedFlow> aged = flows();
  for (TrackedFlow& flow : aged) flow.timeout_seconds = 1'000'000;
  EXPECT_OK(table_->set_timeouts(aged));
  for (const TrackedFlow& flow : flows()) {
    EXPECT_GT(flow.timeout_seconds, 900'000U) << int{flow.protocol};
  }
  EXPECT_OK(table_->remove(flows()));
  EXPECT_THAT(flows(), IsEmpty());
}

TEST_F(ConntrackTest, FindsAFlowByItsAddressesInEitherDirection) {
  send(UdpSocket("eg-client", 4000), "hello");
  send(UdpSocket("eg-other", 4001), "hello from the other");
  for (const TrackedFlow& flow : flows()) {
    const TrackedFlow asked{.protocol = flow.protocol,
                            .source = flow.source,
                            .destination = flow.destination,
                            .source_port = flow.source_port,
                            .destination_port = flow.destination_port,
                            .zone = flow.zone};
    const TrackedFlow answer{.protocol = flow.protocol,
                             .source = flow.destination,
                             .destination = flow.reply_destination,
                             .source_port = flow.destination_port,
                             .destination_port = flow.reply_destination_port,
                             .zone = flow.zone};
    for (const TrackedFlow& each : {asked, answer}) {
      const auto found = table_->find(each);
      ASSERT_TRUE(found.ok()) << found.error().to_string();
      ASSERT_TRUE(found->has_value());
      EXPECT_EQ((*found)->source_port, flow.source_port);
      EXPECT_EQ((*found)->zone, flow.zone);
    }
    TrackedFlow other = asked;
    other.source_port = 4002;
    EXPECT_EQ(table_->find(other).value(), std::nullopt);
    other = asked;
    other.zone = 7;
    EXPECT_EQ(table_->find(other).value(), std::nullopt);
  }
}

TEST_F(ConntrackTest, AgesATranslatedFlowWithoutEndingIt) {
  UdpSocket client("eg-client");
  send(client, "hello");
  std::vector<TrackedFlow> aged = flows();
  ASSERT_THAT(aged, SizeIs(1));
  aged[0].timeout_seconds = 10'000;
  EXPECT_OK(table_->set_timeouts(aged));
  server_->answer("still here");
  EXPECT_EQ(client.receive(), "still here");
}

TEST_F(ConntrackTest, EndsATranslationSoThatNoAnswerComesBack) {
  UdpSocket client("eg-client");
  send(client, "hello");
  EXPECT_OK(table_->remove(flows()));
  server_->answer("too late");
  send(client, "hello again");
  server_->answer("in time");
  EXPECT_EQ(client.receive(), "in time");
}

TEST_F(ConntrackTest, TellsEqualFlowsOfTwoZonesApart) {
  send(UdpSocket("eg-client", 4000), "hello");
  send(UdpSocket("eg-other", 4000), "hello from the other");
  std::vector<TrackedFlow> other = flows();
  ASSERT_THAT(other, SizeIs(2));
  std::erase_if(other, [](const TrackedFlow& flow) { return flow.zone == 0; });
  ASSERT_THAT(other, SizeIs(1));
  EXPECT_EQ(other[0].zone, 2);
  EXPECT_OK(table_->remove(other));
  ASSERT_THAT(flows(), SizeIs(1));
  EXPECT_EQ(flows()[0].zone, 0);
}

TEST_F(ConntrackTest, KnowsAFlowOfWhichOneDirectionHasAZone) {
  send(UdpSocket("eg-client", 4500), "hello");
  std::vector<TrackedFlow> zoned = flows();
  ASSERT_THAT(zoned, SizeIs(1));
  EXPECT_EQ(zoned[0].zone, 0);
  EXPECT_EQ(zoned[0].original_zone, 3);
  EXPECT_EQ(zoned[0].reply_source, kServer);
  EXPECT_EQ(zoned[0].reply_source_port, kPort);
  EXPECT_TRUE(table_->find(zoned[0]).value().has_value());
  TrackedFlow without = zoned[0];
  without.original_zone = 0;
  EXPECT_EQ(table_->find(without).value(), std::nullopt);
  EXPECT_OK(table_->remove(zoned));
  EXPECT_THAT(flows(), IsEmpty());
}

TEST_F(ConntrackTest, MarksATranslatedFlow) {
  UdpSocket client("eg-client");
  send(client, "hello");
  std::vector<TrackedFlow> marked = flows();
  ASSERT_THAT(marked, SizeIs(1));
  EXPECT_EQ(marked[0].mark, 0U);
  marked[0].mark = 0x80000001;
  EXPECT_OK(table_->set_marks(marked));
  ASSERT_THAT(flows(), SizeIs(1));
  EXPECT_EQ(flows()[0].mark, 0x80000001);
  server_->answer("still here");
  EXPECT_EQ(client.receive(), "still here");
}

TEST_F(ConntrackTest, TakesFlowsForDoneThatHaveEnded) {
  send(UdpSocket("eg-client"), "hello");
  const std::vector<TrackedFlow> gone = flows();
  EXPECT_OK(table_->remove(gone));
  EXPECT_OK(table_->remove(gone));
  EXPECT_OK(table_->set_timeouts(gone));
  EXPECT_OK(table_->set_marks(gone));
  EXPECT_THAT(flows(), IsEmpty());
}

// More than go in one batch, and more verdicts than a receive buffer holds.
TEST_F(ConntrackTest, ChangesManyFlowsAtOnce) {
  constexpr uint16_t kMany = 3000;
  const UdpSocket client("eg-client");
  for (uint16_t i = 0; i < kMany; ++i) client.send("x", kServer, static_cast<uint16_t>(10'000 + i));
  std::vector<TrackedFlow> all = flows(kUdp);
  EXPECT_THAT(all, SizeIs(kMany));
  for (TrackedFlow& flow : all) flow.timeout_seconds = 1'000'000;
  EXPECT_OK(table_->set_timeouts(all));
  all = flows(kUdp);
  EXPECT_TRUE(std::all_of(all.begin(), all.end(),
                          [](const TrackedFlow& flow) { return flow.timeout_seconds > 900'000; }));
  EXPECT_OK(table_->remove(all));
  EXPECT_THAT(flows(kUdp), IsEmpty());
}

TEST_F(ConntrackTest, IsNobodysButOurs) {
  by_hand("ip netns add eg-theirs");
  const auto theirs = kernel().flows("eg-theirs");
  ASSERT_FALSE(theirs.ok());
  EXPECT_EQ(theirs.error().code, Errc::kNotFound);
  by_hand("ip netns del eg-theirs");
}

}  // namespace
}  // namespace egress::kernel_tests
