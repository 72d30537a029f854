// SPDX-License-Identifier: MIT

// Packets of flows that go fast, and those of theirs that must not: what becomes of each is what
// the kernel's own way would have made of it.

#include <gmock/gmock.h>
#include <linux/errqueue.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <numeric>

#include "tests/netns/flow_cache_fixture.hpp"
#include "tests/netns/raw_packets.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/live_flows.hpp"
#include "tests/support/udp_socket.hpp"

namespace egress::kernel_tests {
namespace {

using namespace testing_support;

// A connected UDP socket of the client's, and the server's.
class FlowCachePackets : public FlowCacheFixture {
 protected:
  void SetUp() override {
    FlowCacheFixture::SetUp();
    if (IsSkipped()) return;
    client_ = socket_in("eg-client", SOCK_DGRAM);
    server_ = socket_in("eg-server", SOCK_DGRAM);
    const timeval patience{.tv_sec = kHang.count(), .tv_usec = 0};
    const int buffer = 4 << 20;
    for (const UniqueFd* end : {&client_, &server_}) {
      set(*end, SOL_SOCKET, SO_RCVTIMEO, patience);
      set(*end, SOL_SOCKET, SO_RCVBUFFORCE, buffer);
    }
    const sockaddr_in here = socket_address({}, kPort);
    ASSERT_EQ(::bind(server_.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here), 0);
    connect(client_);
  }

  template <typename Value>
  static void set(const UniqueFd& fd, int level, int option, const Value& value) {
    EXPECT_EQ(::setsockopt(fd.get(), level, option, &value, sizeof value), 0) << option;
  }

  void connect(const UniqueFd& client) const {
    const sockaddr_in there = socket_address(kServer, kPort);
    ASSERT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there), 0);
  }

  static void send(const UniqueFd& from, const std::string& text) {
    EXPECT_EQ(::send(from.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()))
        << std::strerror(errno);
  }
  static std::string receive(const UniqueFd& at) {
    std::string text(70'000, '\0');
    const ssize_t got = ::recv(at.get(), text.data(), text.size(), 0);
    text.resize(got < 0 ? 0 : static_cast<size_t>(got));
    return text;
  }
  void one_way(const std::string& text) {
    send(client_, text);
    EXPECT_EQ(receive(server_), text);
  }
  // After which datagrams of the client's go fast at both routers.
  void know_the_flow() {
    warm_up([this] { one_way("known"); }, kRouters);
  }

  // What an ICMP error that has come to the client says, and who sent it.
  struct IcmpError {
    uint8_t type = 0;
    uint8_t code = 0;
    uint32_t info = 0;
    std::string from{};
    bool operator==(const IcmpError&) const = default;
  };
  static IcmpError icmp_error_at(const UniqueFd& socket) {
    std::array<char, 512> control{};
    std::array<char, 64> data{};
    iovec part{data.data(), data.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    EXPECT_TRUE(eventually([&] {
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      return ::recvmsg(socket.get(), &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0;
    }));
    for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr;
         each = CMSG_NXTHDR(&message, each)) {
      if (each->cmsg_level != IPPROTO_IP || each->cmsg_type != IP_RECVERR) continue;
      auto* const error = reinterpret_cast<sock_extended_err*>(CMSG_DATA(each));
      const auto* const by = reinterpret_cast<const sockaddr_in*>(SO_EE_OFFENDER(error));
      return {error->ee_type, error->ee_code, error->ee_info,
              Ipv4Address{ntohl(by->sin_addr.s_addr)}.to_string()};
    }
    return {};
  }

  UniqueFd client_{};
  UniqueFd server_{};
};

TEST_F(FlowCachePackets, DatagramsGoFastFromTheThirdOnAndAnswersToo) {
  EXPECT_EQ(fast_while([&] { one_way("first"); }), 0U);
  know_the_flow();
  warm_up(
      [&] {
        sockaddr_in from{};
        socklen_t size = sizeof from;
        char byte = 0;
        send(client_, "?");
        EXPECT_EQ(::recvfrom(server_.get(), &byte, 1, 0, reinterpret_cast<sockaddr*>(&from), &size),
                  1);
        EXPECT_EQ(ntohl(from.sin_addr.s_addr), kTranslated.bits);
        EXPECT_EQ(::sendto(server_.get(), "!", 1, 0, reinterpret_cast<sockaddr*>(&from), size), 1);
        EXPECT_EQ(receive(client_), "!");
      },
      2 * kRouters);
}

TEST_F(FlowCachePackets, TheTimeToLiveEndsAtTheRouterAtWhichItWouldHave) {
  set(client_, IPPROTO_IP, IP_RECVERR, 1);
  set(server_, IPPROTO_IP, IP_RECVTTL, 1);
  for (const auto& [ttl, router] : {std::pair(1, "10.9.1.1"), std::pair(2, "10.9.2.2")}) {
    set(client_, IPPROTO_IP, IP_TTL, 64);
    know_the_flow();
    set(client_, IPPROTO_IP, IP_TTL, ttl);
    send(client_, "on its last way");
    EXPECT_EQ(icmp_error_at(client_), (IcmpError{ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0, router}));
  }
  set(client_, IPPROTO_IP, IP_TTL, 3);
  warm_up(
      [&] {
        std::array<char, 64> control{};
        char byte = 0;
        iovec part{&byte, 1};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        send(client_, "x");
        ASSERT_EQ(::recvmsg(server_.get(), &message, 0), 1);
        const cmsghdr* const said = CMSG_FIRSTHDR(&message);
        ASSERT_NE(said, nullptr);
        int ttl = 0;
        std::memcpy(&ttl, CMSG_DATA(said), sizeof ttl);
        EXPECT_EQ(ttl, 1);
      },
      kRouters);
}

// Each router writes its address into a record of the route.
TEST_F(FlowCachePackets, WhatHasOptionsIsSeenByEveryRouter) {
  constexpr uint8_t kRecordRoute = 7;
  constexpr size_t kPointer = 2;
  std::array<uint8_t, 12> options = {kRecordRoute, 11, 4};
  set(server_, IPPROTO_IP, IP_RECVOPTS, 1);
  know_the_flow();
  set(client_, IPPROTO_IP, IP_OPTIONS, options);
  std::array<char, 128> control{};
  char byte = 0;
  iovec part{&byte, 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  EXPECT_EQ(fast_while([&] {
              send(client_, "x");
              ASSERT_EQ(::recvmsg(server_.get(), &message, 0), 1);
            }),
            0U);
  const cmsghdr* const said = CMSG_FIRSTHDR(&message);
  ASSERT_NE(said, nullptr);
  EXPECT_EQ(CMSG_DATA(said)[kPointer], 4 + 2 * 4);
}

TEST_F(FlowCachePackets, FragmentsGoTheOrdinaryWayAndArriveWhole) {
  std::string text(9000, '\0');
  std::iota(text.begin(), text.end(), '\0');
  know_the_flow();
  EXPECT_EQ(fast_while([&] { one_way(text); }), 0U);
  know_the_flow();
}

TEST_F(FlowCachePackets, ErrorsComeBackToAFlowThatGoesFast) {
  know_the_flow();
  set(client_, IPPROTO_IP, IP_RECVERR, 1);
  server_.reset();
  warm_up(
      [&] {
        send(client_, "nobody is there");
        EXPECT_EQ(icmp_error_at(client_),
                  (IcmpError{ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, "10.9.4.2"}));
      },
      kRouters);
}

struct Narrow {
  const char* what = "";
  uint32_t mtu = 0;
  std::function<void(state::KernelState&)> make{};
};
void PrintTo(const Narrow& narrow, std::ostream* out) {
  *out << narrow.what;
}

class FlowCachePathMtu : public FlowCachePackets, public testing::WithParamInterface<Narrow> {};

TEST_P(FlowCachePathMtu, IsTheOrdinaryWaysToTell) {
  state::KernelState narrow = topology();
  GetParam().make(narrow);
  converge(narrow);
  set(client_, IPPROTO_IP, IP_RECVERR, 1);
  set(client_, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
  know_the_flow();
  const size_t headers = 28;
  const std::string longest(GetParam().mtu - headers, 'x');
  warm_up([&] { one_way(longest); }, kRouters);
  send(client_, longest + "y");
  const IcmpError error = icmp_error_at(client_);
  EXPECT_EQ(error.type, ICMP_DEST_UNREACH);
  EXPECT_EQ(error.code, ICMP_FRAG_NEEDED);
  EXPECT_EQ(error.info, GetParam().mtu);
  // Without the flag that forbids it, it is taken apart.
  set(client_, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_INTERFACE);
  warm_up([&] { one_way("short again"); }, kRouters);
  one_way(longest + "y");
}

void narrow_route(state::KernelState& state, const char* router, const char* destination,
                  const char* link, const char* gateway) {
  state::Route route{.destination = prefix(destination), .link = link, .mtu = 1300};
  if (gateway != nullptr) route.gateway = ip(gateway);
  state[router]->routes[state::key_of(route)] = route;
}

INSTANTIATE_TEST_SUITE_P(Narrow, FlowCachePathMtu,
                         testing::Values(Narrow{"link", 1400,
                                                [](auto& state) {
                                                  state["eg-first"]->links["up"].mtu = 1400;
                                                  state["eg-second"]->links["down"].mtu = 1400;
                                                }},
                                         Narrow{"second_link", 1400,
                                                [](auto& state) {
                                                  state["eg-second"]->links["server"].mtu = 1400;
                                                  state["eg-server"]->links["eth0"].mtu = 1400;
                                                }},
                                         Narrow{"route", 1300,
                                                [](auto& state) {
                                                  narrow_route(state, "eg-first", "10.9.4.0/24",
                                                               "up", "10.9.2.2");
                                                }},
                                         Narrow{"second_route", 1300,
                                                [](auto& state) {
                                                  narrow_route(state, "eg-second", "10.9.4.2/32",
                                                               "server", nullptr);
                                                }}),
                         [](const auto& test) { return test.param.what; });

TEST_F(FlowCachePackets, ManyMegabytesArriveByteForByte) {
  TcpStream stream({"eg-client", "eg-server", kServer, kPort});
  const uint64_t before = fast();
  constexpr uint64_t kWords = 1'000'000;
  ASSERT_TRUE(eventually([&] { return stream.received() > kWords; }));
  stream.stop();
  EXPECT_EQ(stream.received(), stream.sent());
  EXPECT_GT(fast() - before, 1000U);
}

// Datagrams that the sender's kernel hands on in one piece, for the link to take apart.
TEST_F(FlowCachePackets, JoinedDatagramsArriveEachAsItself) {
  constexpr int kSize = 1000;
  constexpr int kCount = 40;
  const int size = kSize;
  set(client_, SOL_UDP, UDP_SEGMENT, size);
  std::string all;
  for (int i = 0; i < kCount; ++i) all += std::string(kSize, static_cast<char>('a' + i % 26));
  warm_up(
      [&] {
        send(client_, all);
        for (int i = 0; i < kCount; ++i) {
          EXPECT_EQ(receive(server_), all.substr(static_cast<size_t>(i) * kSize, kSize));
        }
      },
      kRouters);
}

// Whose sum is not left to a link: who receives them looks at each. Among 65536 are all sums that
// there are, and so those that are written in another way.
TEST_F(FlowCachePackets, EverySumOfADatagramIsRightBehindTheTranslation) {
  const RawSender client("eg-client", "eth0");
  const Ends ends{ip("10.9.1.2"), kServer};
  const Ports ports{4000, kPort};
  know_the_flow();
  constexpr uint32_t kAll = 0x10000;
  constexpr uint32_t kAtOnce = 64;
  const uint64_t gone = fast_while([&] {
    for (uint32_t first = 0; first < kAll && !HasFailure(); first += kAtOnce) {
      for (uint32_t i = first; i < first + kAtOnce; ++i) {
        client.send(
            udp_packet(ends, ports, {static_cast<uint8_t>(i >> 8U), static_cast<uint8_t>(i)}));
      }
      for (uint32_t i = first; i < first + kAtOnce; ++i) {
        const std::string text = receive(server_);
        ASSERT_EQ(text.size(), 2U);
        ASSERT_EQ(static_cast<uint8_t>(text[0]) << 8U | static_cast<uint8_t>(text[1]), i);
      }
    }
  });
  EXPECT_GT(gone, kAll);
}

// Offset in the UDP header.
constexpr size_t kSum = 6;

TEST_F(FlowCachePackets, AWrongSumStaysWrong) {
  const RawSender client("eg-client", "eth0");
  const Ends ends{ip("10.9.1.2"), kServer};
  const Ports ports{4000, kPort};
  const Bytes wrong = with_byte_changed(udp_packet(ends, ports, {'w'}), kSum);
  warm_up(
      [&] {
        client.send(wrong);
        client.send(udp_packet(ends, ports, {'r'}));
        EXPECT_EQ(receive(server_), "r");
      },
      2 * kRouters);
}

TEST_F(FlowCachePackets, WhatHasNoSumGetsNone) {
  set(client_, SOL_SOCKET, SO_NO_CHECK, 1);
  know_the_flow();
  const RawSender client("eg-client", "eth0");
  Bytes bare = udp_packet({ip("10.9.1.2"), kServer}, {4000, kPort}, {'n'});
  constexpr size_t kIpHeader = 20;
  bare.at(kIpHeader + kSum) = bare.at(kIpHeader + kSum + 1) = 0;
  warm_up(
      [&] {
        client.send(bare);
        EXPECT_EQ(receive(server_), "n");
      },
      kRouters);
}

}  // namespace
}  // namespace egress::kernel_tests
