// SPDX-License-Identifier: MIT
#include "wire/packet.hpp"

#include <gtest/gtest.h>

#include "tests/unit/wire/packets.hpp"

namespace egress::wire::test {
namespace {

constexpr uint16_t kMoreFragments = 0x2000;
constexpr uint16_t kDoNotFragment = 0x4000;

FlowKey key(uint8_t protocol, uint16_t source_port, uint16_t destination_port) {
  return {.protocol = protocol,
          .source = ip("10.1.1.4"),
          .destination = ip("10.1.2.4"),
          .source_port = source_port,
          .destination_port = destination_port};
}

TEST(WirePacket, HasTheKeyThatConnectionTrackingHas) {
  EXPECT_EQ(flow_of(tcp(kSyn)), key(kTcp, 50000, 443));
  EXPECT_EQ(flow_of(tcp(kAck, 6)), key(kTcp, 50000, 443)) << "with an option of IP";
  EXPECT_EQ(flow_of(udp()), key(kUdp, 50001, 53));
  EXPECT_EQ(flow_of(icmp(8)), key(kIcmp, 77, 0));
  EXPECT_EQ(flow_of(icmp(0)), key(kIcmp, 77, 0));
  EXPECT_EQ(flow_of(fragment(udp(), kDoNotFragment)), key(kUdp, 50001, 53));
}

TEST(WirePacket, HasNoKeyWhereNoneCanBeRead) {
  Bytes ip6 = tcp(kSyn);
  ip6[0] = 0x60;
  Bytes long_header = tcp(kSyn);
  long_header[0] = 0x4f;
  Bytes short_header = tcp(kSyn);
  short_header[0] = 0x44;
  for (const Bytes& bytes : {Bytes{}, Bytes{0x45}, ip6, long_header, short_header,
                             fragment(udp(), kMoreFragments), fragment(udp(), 1), icmp(3), icmp(11),
                             packet(kEsp, 40), packet(kTcp, 3), packet(kIcmp, 7)}) {
    EXPECT_FALSE(flow_of(bytes).has_value()) << bytes.size() << " bytes";
  }
}

TEST(WirePacket, CutShortAnywhereIsReadWithinItsBounds) {
  for (const Bytes& whole : {tcp(kSyn), tcp(kSyn, 15), udp(), icmp(8), packet(kEsp, 40)}) {
    for (size_t size = 0; size <= whole.size(); ++size) {
      const std::vector<uint8_t> cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
      EXPECT_EQ(facts_of(cut).length, size);
      EXPECT_FALSE(size < 20 && (flow_of(cut) || may_begin_flow(cut)));
    }
  }
}

TEST(WirePacket, BeginsAFlowWhereTheNextRouterWouldTrackANewOne) {
  EXPECT_TRUE(may_begin_flow(tcp(kSyn)));
  EXPECT_TRUE(may_begin_flow(udp()));
  EXPECT_TRUE(may_begin_flow(icmp(8)));
  for (const uint8_t flags : {uint8_t{0}, kAck, kRst, kFin, uint8_t{kSyn | kAck},
                              uint8_t{kSyn | kRst}, uint8_t{kSyn | kFin}}) {
    EXPECT_FALSE(may_begin_flow(tcp(flags))) << int{flags};
  }
  EXPECT_FALSE(may_begin_flow(icmp(0)));
  EXPECT_FALSE(may_begin_flow(icmp(3)));
  EXPECT_FALSE(may_begin_flow(fragment(udp(), kMoreFragments)));
  EXPECT_FALSE(may_begin_flow(tcp(kSyn, 5, 1))) << "it is too old for another router";
}

TEST(WirePacket, TellsWhatThereIsToRead) {
  const PacketFacts facts = facts_of(tcp(kSyn | kAck));
  EXPECT_EQ(facts.flow, key(kTcp, 50000, 443));
  EXPECT_EQ(facts.length, 40);
  EXPECT_EQ(facts.tcp_flags, kSyn | kAck);
  EXPECT_EQ(facts.sequence, 0x01020304U);
  EXPECT_EQ(facts_of(fragment(udp(), kMoreFragments)).flow, key(kUdp, 0, 0));
}

}  // namespace
}  // namespace egress::wire::test
