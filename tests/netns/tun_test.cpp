// SPDX-License-Identifier: MIT
// What TUN devices of the kernel do on which the wires build.
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <thread>
#include <vector>

#include "tests/netns/wire_fixture.hpp"
#include "tests/support/live_flows.hpp"

namespace egress::wires::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Tun : public WireFixture {};

TEST_F(Tun, IsUpWithoutACarrierAndTakesRoutes) {
  const auto link = [] { return run_script("ip -n worker link show dev integ0").out; };
  EXPECT_THAT(link(), HasSubstr("NO-CARRIER"));
  EXPECT_THAT(run_script("ip -n worker route").out, HasSubstr("default via 10.1.1.1 dev integ0"));
  EXPECT_OK(attach_worker());
  EXPECT_THAT(link(), HasSubstr("LOWER_UP"));
  EXPECT_OK(program_->detach("worker", "wire-integ0"));
  EXPECT_TRUE(eventually([&] { return link().find("NO-CARRIER") != std::string::npos; }));
  EXPECT_THAT(run_script("ip -n worker route").out, HasSubstr("default via 10.1.1.1 dev integ0"));
}

TEST_F(Tun, CarriesWhatABiggerSegmentHolds) {
  attach_ends();
  const Endpoints ends{.from = "worker", .to = "host", .address = kHost, .port = kAllowed};
  const UniqueFd listener = listener_at(ends);
  const UniqueFd client = socket_in("worker", SOCK_STREAM | SOCK_CLOEXEC);
  const sockaddr_in to = socket_address(kHost, kAllowed);
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  const UniqueFd server(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  std::vector<uint8_t> sent(8 << 20);
  for (size_t each = 0; each < sent.size(); ++each)
    sent[each] = static_cast<uint8_t>(each * 7 >> 3U);
  std::thread sender([&] {
    EXPECT_EQ(::send(client.get(), sent.data(), sent.size(), 0), static_cast<ssize_t>(sent.size()));
  });
  std::vector<uint8_t> received(sent.size());
  EXPECT_EQ(::recv(server.get(), received.data(), received.size(), MSG_WAITALL),
            static_cast<ssize_t>(received.size()));
  sender.join();
  EXPECT_EQ(received, sent);
  const settings::DirectionCounts out = wire().out;
  EXPECT_GT(out.bytes, sent.size());
  EXPECT_LT(out.packets, sent.size() / 3000) << "segments of many packets pass as one";
}

TEST_F(Tun, CarriesFragmentsAndEchoes) {
  attach_ends();
  const UdpSocket app("worker", 4000);
  UdpSocket host("host", kAllowed);
  const std::string large(20'000, 'x');
  app.send(large, kHost, kAllowed);
  EXPECT_THAT(host.receive(), StartsWith("xxx")) << "it comes whole or not at all";
  EXPECT_EQ(run_script("ip netns exec worker ping -q -c 1 -W 60 -s 5000 10.1.2.4").status, 0);
}

TEST_F(Tun, TakesNothingOffTheTimeToLive) {
  attach_ends();
  const UniqueFd app = socket_in("worker", SOCK_DGRAM | SOCK_CLOEXEC);
  const UniqueFd host = socket_in("host", SOCK_DGRAM | SOCK_CLOEXEC);
  constexpr int kTtl = 10;
  constexpr int kOn = 1;
  const sockaddr_in to = socket_address(kHost, kAllowed);
  ASSERT_EQ(::setsockopt(app.get(), IPPROTO_IP, IP_TTL, &kTtl, sizeof kTtl), 0);
  ASSERT_EQ(::setsockopt(host.get(), IPPROTO_IP, IP_RECVTTL, &kOn, sizeof kOn), 0);
  ASSERT_EQ(::bind(host.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  ASSERT_EQ(::sendto(app.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to), 1);
  char data = 0;
  iovec piece{&data, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ASSERT_EQ(::recvmsg(host.get(), &message, 0), 1);
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  ASSERT_NE(header, nullptr);
  ASSERT_EQ(header->cmsg_type, IP_TTL);
  int ttl = 0;
  std::memcpy(&ttl, CMSG_DATA(header), sizeof ttl);
  EXPECT_EQ(ttl, kTtl - 1) << "the network is the one router";
}

}  // namespace
}  // namespace egress::wires::test
