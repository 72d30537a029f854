// SPDX-License-Identifier: MIT
// Datagrams that are joined become, where the kernel takes them apart, what they were.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <vector>

#include "kernel/netns_scope.hpp"
#include "kernel/tun/datagrams.hpp"
#include "kernel/tun/device.hpp"
#include "tests/netns/wire_fixture.hpp"
#include "tests/support/expect_ok.hpp"
#include "tests/support/live_flows.hpp"
#include "tests/support/process.hpp"

namespace egress::wires::test {
namespace {

using kernel::JoinedDatagrams;
using kernel::kTunHeaderBytes;
using ::testing::SizeIs;
using Bytes = std::vector<uint8_t>;

constexpr size_t kTosAt = kTunHeaderBytes + 1;
constexpr size_t kFragmentAt = kTunHeaderBytes + 6;
constexpr size_t kTtlAt = kTunHeaderBytes + 8;
constexpr size_t kProtocolAt = kTunHeaderBytes + 9;
constexpr size_t kAddressAt = kTunHeaderBytes + 19;
constexpr size_t kPortAt = kTunHeaderBytes + 23;

// A sender behind one device, and a router between two others.
constexpr const char* kRouter = R"(
  for name in sender router; do
    ip netns add $name
    for links in all default; do
      ip netns exec $name sysctl -qw net.ipv6.conf.$links.disable_ipv6=1
    done
  done
  ip netns exec router sysctl -qw net.ipv4.ip_forward=1
)";
constexpr const char* kRoutes = R"(
  ip -n sender addr add 10.1.1.4/32 dev t0; ip -n sender link set t0 up
  ip -n sender route add default dev t0
  ip -n router link set in0 up; ip -n router route add 10.1.1.4/32 dev in0
  ip -n router link set out0 up; ip -n router route add 10.1.2.0/24 dev out0
)";

UniqueFd queue_in(const std::string& netns, const std::string& link) {
  const UniqueFd place = netns_of(netns);
  UniqueFd queue;
  EXPECT_OK(kernel::open_inside(place.get(), [&]() -> Status {
    ASSIGN_OR_RETURN(queue, kernel::open_tun_queue(link));
    return {};
  }));
  return queue;
}

// The next `number` packets of a device.
std::vector<Bytes> packets_of(const UniqueFd& queue, size_t number) {
  constexpr int kPatienceMs = 60'000;
  std::vector<Bytes> packets;
  Bytes buffer(65'600);
  while (packets.size() < number) {
    pollfd waiting{queue.get(), POLLIN, 0};
    if (::poll(&waiting, 1, kPatienceMs) != 1) break;
    const ssize_t size = ::read(queue.get(), buffer.data(), buffer.size());
    if (size > 0) packets.emplace_back(buffer.begin(), buffer.begin() + size);
  }
  return packets;
}

void put(const UniqueFd& queue, std::span<const uint8_t> packet) {
  EXPECT_EQ(::write(queue.get(), packet.data(), packet.size()),
            static_cast<ssize_t>(packet.size()));
}

class Datagrams : public ::testing::Test {
 protected:
  void SetUp() override {
    by_hand(kRouter);
    make_tun("sender", "t0", 100);
    make_tun("router", "in0", 100);
    make_tun("router", "out0", 101);
    by_hand(kRoutes);
    from_ = queue_in("sender", "t0");
    in_ = queue_in("router", "in0");
    out_ = queue_in("router", "out0");
    const auto offload = kernel::set_offload(from_.get(), true);
    ASSERT_TRUE(offload.ok());
    takes_joined_ = *offload == kernel::Offload::kTcpAndUdp;
  }

  // As the sender's device hands them over, one for each payload.
  std::vector<Bytes> sent(const std::vector<std::string>& payloads) const {
    const UniqueFd socket = socket_in("sender", SOCK_DGRAM | SOCK_CLOEXEC);
    const sockaddr_in to = socket_address(kHost, kAllowed);
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    for (const std::string& payload : payloads) {
      EXPECT_EQ(::send(socket.get(), payload.data(), payload.size(), 0),
                static_cast<ssize_t>(payload.size()));
    }
    return packets_of(from_, payloads.size());
  }

  UniqueFd from_{};
  UniqueFd in_{};
  UniqueFd out_{};
  bool takes_joined_ = false;
};

std::vector<std::string> texts(size_t number, size_t size) {
  std::vector<std::string> all;
  for (size_t each = 0; each < number; ++each) {
    std::string text = std::to_string(each);
    text.resize(size, static_cast<char>('a' + each % 26));
    all.push_back(std::move(text));
  }
  return all;
}

JoinedDatagrams joined(const std::vector<Bytes>& packets) {
  JoinedDatagrams all;
  for (const Bytes& packet : packets) EXPECT_TRUE(all.add(packet)) << all.count();
  return all;
}

TEST_F(Datagrams, BecomeWhatTheyWereWhereTheyLeaveTheRouter) {
  for (const size_t size : {size_t{1}, size_t{18}, size_t{1000}}) {
    std::vector<std::string> payloads = texts(kernel::kMostJoined - 1, size);
    payloads.push_back("x");
    const std::vector<Bytes> packets = sent(payloads);
    ASSERT_THAT(packets, SizeIs(payloads.size()));
    for (const Bytes& packet : packets) put(in_, packet);
    const std::vector<Bytes> apart = packets_of(out_, packets.size());
    ASSERT_THAT(apart, SizeIs(packets.size()));

    JoinedDatagrams all = joined(packets);
    size_t bytes = 0;
    for (const Bytes& packet : packets) bytes += packet.size() - kTunHeaderBytes;
    EXPECT_EQ(all.bytes(), bytes);
    if (!takes_joined_) {
      const auto packet = all.packet();
      EXPECT_EQ(::write(in_.get(), packet.data(), packet.size()), -1) << "a kernel before 6.2";
      continue;
    }
    put(in_, all.packet());
    EXPECT_EQ(packets_of(out_, packets.size()), apart) << size;
  }
}

TEST_F(Datagrams, AreAsTheyWereOneByOne) {
  const std::vector<Bytes> packets = sent({"one"});
  JoinedDatagrams all = joined(packets);
  const auto packet = all.packet();
  EXPECT_EQ(Bytes(packet.begin(), packet.end()), packets[0]);
  all.clear();
  EXPECT_TRUE(all.empty());
}

TEST_F(Datagrams, AreNoLongerJoinedBehindAShorterOneOrWhereThereIsNoRoom) {
  const std::vector<Bytes> packets = sent({"four", "two", "four", "two"});
  JoinedDatagrams all;
  EXPECT_TRUE(all.add(packets[0]));
  EXPECT_TRUE(all.add(packets[1]));
  EXPECT_FALSE(all.add(packets[2])) << "behind a shorter one";
  EXPECT_FALSE(all.add(packets[3])) << "behind one that was shorter";
  all.clear();
  EXPECT_TRUE(all.add(packets[1]));
  EXPECT_FALSE(all.add(packets[0])) << "longer";

  std::vector<Bytes> more = sent(texts(kernel::kMostJoined + 1, 4));
  ASSERT_THAT(more, SizeIs(kernel::kMostJoined + 1));
  const Bytes one_too_many = more.back();
  more.pop_back();
  EXPECT_FALSE(joined(more).add(one_too_many));
  std::vector<std::string> payloads = texts(45, 1472);
  payloads.push_back("four");
  std::vector<Bytes> most = sent(payloads);
  ASSERT_THAT(most, SizeIs(payloads.size()));
  const Bytes last = most.back();
  most.pop_back();
  const Bytes too_large = most.back();
  most.pop_back();
  JoinedDatagrams large = joined(most);
  EXPECT_FALSE(large.add(too_large)) << "more than a packet of IP can have";
  EXPECT_TRUE(large.add(last));
}

TEST_F(Datagrams, AreJoinedWithNoneThatDiffersInMoreThanItsPayload) {
  const std::vector<Bytes> packets = sent({"four", "five"});
  const auto differing_at = [&](size_t at, uint8_t value) {
    Bytes packet = packets[1];
    packet[at] = value;
    return packet;
  };
  for (const size_t at : {kTosAt, kFragmentAt, kTtlAt, kProtocolAt, kAddressAt, kPortAt}) {
    JoinedDatagrams all = joined({packets[0]});
    EXPECT_FALSE(all.add(differing_at(at, 7))) << at;
    EXPECT_EQ(all.count(), 1U);
  }
  // Never alone either: another's checksum, a fragment, another protocol, cut short or too long.
  JoinedDatagrams none;
  for (const size_t at : {size_t{0}, kFragmentAt, kProtocolAt}) {
    EXPECT_FALSE(none.add(differing_at(at, at == 0 ? 0 : 6))) << at;
  }
  for (size_t size = 0; size < packets[0].size(); ++size) {
    EXPECT_FALSE(none.add(std::span(packets[0]).first(size))) << size;
  }
  Bytes longer = packets[0];
  longer.push_back(0);
  EXPECT_FALSE(none.add(longer));
}

class JoiningWire : public WireFixture {};

TEST_F(JoiningWire, LosesNoneOfManyDatagramsAndKeepsTheirOrder) {
  attach_ends();
  const UdpSocket app("worker", 4000);
  UdpSocket host("host", kAllowed);
  for (size_t round = 0; round < 100; ++round) {
    const auto payloads = texts(150, 20 + round * 4);
    for (const std::string& payload : payloads) app.send(payload, kHost, kAllowed);
    for (const std::string& payload : payloads) ASSERT_EQ(host.receive(), payload) << round;
  }
  EXPECT_EQ(wire().out.packets, 100U * 150U);
}

}  // namespace
}  // namespace egress::wires::test
