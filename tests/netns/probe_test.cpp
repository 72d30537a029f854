// SPDX-License-Identifier: MIT
#include "probe/probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "probe/packets.hpp"
#include "settings/responder_text.hpp"
#include "tests/support/attached_program.hpp"
#include "tests/support/expect_ok.hpp"
#include "tests/support/process.hpp"
#include "tests/support/values.hpp"

namespace egress::probe {
namespace {

using namespace testing_support;

constexpr std::chrono::milliseconds kPatience{400};
constexpr Ipv4Address kServer{0x0a020002};   // 10.2.0.2, seen through source NAT
constexpr Ipv4Address kFar{0x0a030002};      // 10.3.0.2, behind the server
constexpr Ipv4Address kRouter{0x0a020001};   // 10.2.0.1, what the server sees
constexpr Ipv4Address kClient{0x0a010002};   // 10.1.0.2
constexpr Ipv4Address kNowhere{0xcb007101};  // 203.0.113.1, no route

// client ── router (source NAT, refuses port 26, drops port 25) ── server (forwards) ── far
//              └── twin, which owns the server's address too and gets copies of UDP port 7
constexpr const char* kTopology = R"(
  for name in client router server far twin; do
    ip netns add $name
    ip -n $name link set lo up
  done
  pair() {  # netns link address, twice
    ip -n $1 link add $2 type veth peer name $5 netns $4
    ip -n $1 addr add $3 dev $2; ip -n $1 link set $2 up
    ip -n $4 addr add $6 dev $5; ip -n $4 link set $5 up
  }
  pair client c0 10.1.0.2/24 router r0 10.1.0.1/24
  pair router r1 10.2.0.1/24 server s0 10.2.0.2/24
  pair server s1 10.3.0.1/24 far f0 10.3.0.2/24
  pair router r2 10.4.0.1/24 twin t0 10.4.0.2/24
  ip -n twin addr add 10.2.0.2/32 dev lo
  for name in router server; do ip netns exec $name sysctl -qw net.ipv4.ip_forward=1; done
  ip -n client route add 10.2.0.0/15 via 10.1.0.1
  ip -n router route add 10.3.0.0/24 via 10.2.0.2
  ip -n server route add default via 10.2.0.1
  ip -n far route add default via 10.3.0.1
  ip netns exec router nft -f - <<'NFT'
    table ip t {
      chain incoming { type filter hook prerouting priority -300; udp dport 7 dup to 10.4.0.2 device r2; }
      chain crossing { type filter hook forward priority 0;
        th dport 25 drop
        tcp dport 26 reject with tcp reset
        udp dport 26 reject
      }
      chain leaving { type nat hook postrouting priority 100; ip daddr 10.2.0.2 masquerade; }
    }
NFT
)";

class Probe : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    by_hand(kTopology);
    responder_ = new AttachedProgram({EGRESS_HOST_PROGRAM});
    ASSERT_TRUE(responder_->ready());
    EXPECT_OK(responder_->attach(
        "server", "responder",
        settings::to_text(
            {.host = "server", .listen = {{Protocol::kTcp, 443}, {Protocol::kUdp, 53}}})));
  }
  static void TearDownTestSuite() {
    delete responder_;
    run_script("for name in client router server far twin; do ip netns del $name; done");
  }

  static std::vector<ProbeResult> probe_all(const std::vector<ProbeFlow>& flows) {
    auto results = send(flows, {"server", "far", "twin"}, kPatience);
    EXPECT_TRUE(results.ok()) << results.error().to_string();
    return results.ok() ? *std::move(results) : std::vector<ProbeResult>(flows.size());
  }
  static ProbeResult probe_one(uint8_t protocol, Ipv4Address to, uint16_t port) {
    return probe_all({{"client", protocol, to, port, 50000}}).front();
  }

  static AttachedProgram* responder_;
};
AttachedProgram* Probe::responder_ = nullptr;

TEST_F(Probe, SeesASynAtItsDestinationBehindSourceNat) {
  const ProbeResult result = probe_one(kTcp, kServer, 443);
  EXPECT_EQ(result.arrival, (Arrival{"server", kRouter, 50000}));
  EXPECT_TRUE(result.also.empty());
  EXPECT_TRUE(result.replied);
  EXPECT_FALSE(result.refused);
}

TEST_F(Probe, TellsAClosedPortFromALostPacket) {
  const auto results = probe_all({{"client", kTcp, kServer, 444, 50000},
                                  {"client", kTcp, kServer, 25, 50000},
                                  {"client", kUdp, kServer, 25, 50000}});
  EXPECT_TRUE(results[0].arrival && results[0].replied && results[0].refused);
  for (const ProbeResult& lost : {results[1], results[2]}) {
    EXPECT_FALSE(lost.arrival);
    EXPECT_FALSE(lost.replied);
    EXPECT_FALSE(lost.refused);
  }
}

TEST_F(Probe, SeesARefusalByARouterOnTheWay) {
  for (const uint8_t protocol : {kTcp, kUdp}) {
    const ProbeResult result = probe_one(protocol, kServer, 26);
    EXPECT_FALSE(result.arrival);
    EXPECT_TRUE(result.replied);
    EXPECT_TRUE(result.refused);
  }
}

TEST_F(Probe, SeesDatagramsAnsweredAndRefused) {
  const ProbeResult open = probe_one(kUdp, kServer, 53);
  EXPECT_EQ(open.arrival, (Arrival{"server", kRouter, 50000}));
  EXPECT_TRUE(open.replied);
  EXPECT_FALSE(open.refused);
  const ProbeResult closed = probe_one(kUdp, kServer, 54);
  EXPECT_TRUE(closed.arrival.has_value());
  EXPECT_TRUE(closed.refused);
}

TEST_F(Probe, SeesAnEchoRequestAnswered) {
  const ProbeResult result = probe_one(kIcmp, kServer, 0);
  EXPECT_EQ(result.arrival, (Arrival{"server", kRouter, 0}));
  EXPECT_TRUE(result.replied);
}

TEST_F(Probe, DoesNotTakeAForwardingHostForTheDestination) {
  for (const uint8_t protocol : {kTcp, kUdp, kIcmp}) {
    const ProbeResult result = probe_one(protocol, kFar, 1000);
    ASSERT_TRUE(result.arrival.has_value());
    EXPECT_EQ(result.arrival->netns, "far");
    EXPECT_EQ(result.arrival->source, kClient);
    EXPECT_TRUE(result.also.empty());
  }
}

TEST_F(Probe, ReportsAPacketThatComesOutTwice) {
  const ProbeResult result = probe_one(kUdp, kServer, 7);
  ASSERT_TRUE(result.arrival.has_value());
  ASSERT_EQ(result.also.size(), 1U);
  EXPECT_NE(result.arrival->netns, result.also.front().netns);
}

TEST_F(Probe, GivesAnEmptyResultWhenTheSenderHasNoRoute) {
  for (const uint8_t protocol : {kTcp, kUdp, kIcmp}) {
    const ProbeResult result = probe_one(protocol, kNowhere, 443);
    EXPECT_FALSE(result.arrival);
    EXPECT_FALSE(result.replied);
  }
}

TEST_F(Probe, CarriesThousandsOfFlowsToOneHost) {
  std::vector<ProbeFlow> flows;
  for (uint16_t port = 1; port <= 6000; ++port) {
    if (port != 25 && port != 26) flows.push_back({"client", kTcp, kServer, port, 50000});
  }
  const auto results = probe_all(flows);
  for (size_t index = 0; index < flows.size(); ++index) {
    ASSERT_EQ(results[index].arrival, (Arrival{"server", kRouter, 50000}))
        << "port " << flows[index].destination_port;
    ASSERT_TRUE(results[index].replied) << "port " << flows[index].destination_port;
    EXPECT_EQ(results[index].refused, flows[index].destination_port != 443);
  }
}

// More than the answering socket has room for, unless it is given time.
TEST_F(Probe, GivesThousandsOfDatagramsAnAnswerEachAndWaitsForNoneThatIsSilent) {
  std::vector<ProbeFlow> flows(3000, {"client", kUdp, kServer, 53, 50001});
  flows.insert(flows.begin(), 1000, {"client", kUdp, kServer, 25, 50002});  // dropped
  const auto results = probe_all(flows);
  const auto answered = std::count_if(results.begin(), results.end(),
                                      [](const ProbeResult& result) { return result.replied; });
  EXPECT_EQ(answered, 3000);
}

TEST_F(Probe, GivesEqualFlowsAnAnswerEach) {
  const auto results = probe_all(std::vector<ProbeFlow>(5, {"client", kUdp, kServer, 53, 50001}));
  for (const ProbeResult& result : results) EXPECT_TRUE(result.arrival && result.replied);
}

TEST_F(Probe, SaysWhichSourcePortIsBusy) {
  const Background socat({"ip", "netns", "exec", "client", "socat", "-u", "UDP-RECV:50007", "-"},
                         "");
  constexpr const char* kPortInHex = ":C357 ";
  ASSERT_TRUE(eventually([] {
    return run({"ip", "netns", "exec", "client", "cat", "/proc/net/udp"}).out.find(kPortInHex) !=
           std::string::npos;
  }));
  const auto busy = send({{"client", kUdp, kServer, 53, 50007}}, {}, kPatience);
  ASSERT_FALSE(busy.ok());
  EXPECT_EQ(busy.error().code, Errc::kBusy);
  EXPECT_THAT(busy.error().to_string(), ::testing::HasSubstr("50007"));
}

TEST_F(Probe, NamesANamespaceThatIsGone) {
  const auto missing = send({{"client", kTcp, kServer, 443, 50000}}, {"gone"}, kPatience);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Errc::kNotFound);
  EXPECT_THAT(missing.error().to_string(), ::testing::HasSubstr("gone"));
}

TEST_F(Probe, WaitsForNoPipeThatHasANamespacesName) {
  by_hand("mkfifo /run/netns/pipe");
  const auto piped = send({{"client", kTcp, kServer, 443, 50000}}, {"pipe"}, kPatience);
  ASSERT_FALSE(piped.ok());
  EXPECT_THAT(piped.error().to_string(), ::testing::HasSubstr("pipe"));
  by_hand("rm /run/netns/pipe");
}

TEST_F(Probe, RefusesProtocolsItCannotSend) {
  const auto esp = send({{"client", 50, kServer, 0, 0}}, {}, kPatience);
  ASSERT_FALSE(esp.ok());
  EXPECT_EQ(esp.error().code, Errc::kInvalid);
}

TEST(ProbePackets, AreReadBackAsWritten) {
  // An IPv4 header in front of a UDP header and payload, as a watcher sees it.
  std::vector<uint8_t> packet = {0x45, 0, 0,  40, 0, 0, 0,    0,    64, kUdp, 0, 0,  10, 1,
                                 0,    2, 10, 2,  0, 2, 0xc3, 0x50, 0,  53,   0, 20, 0,  0};
  const std::vector<uint8_t> payload = token_payload(0xfeedbeef);
  packet.insert(packet.end(), payload.begin(), payload.end());
  const auto seen = parse_packet(packet);
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->source, kClient);
  EXPECT_EQ(seen->destination, kServer);
  EXPECT_EQ(seen->source_port, 50000);
  EXPECT_EQ(seen->destination_port, 53);
  EXPECT_EQ(seen->token(), 0xfeedbeef);
  for (size_t size = 0; size < packet.size(); ++size) {
    const auto cut = parse_packet(std::span(packet).first(size));
    EXPECT_EQ(cut.has_value(), size >= 28) << size;
    EXPECT_FALSE(cut && cut->token().has_value());
  }
}

}  // namespace
}  // namespace egress::probe
