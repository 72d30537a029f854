// SPDX-License-Identifier: MIT

// How flows that go fast end, and how they do not: connection tracking, which has not seen most of
// their packets, ends them as it would have.

#include <gmock/gmock.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <set>
#include <sstream>
#include <thread>

#include "tests/netns/flow_cache_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/live_flows.hpp"
#include "tests/support/udp_socket.hpp"

namespace egress::kernel_tests {
namespace {

using namespace testing_support;

using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::IsEmpty;

class FlowCacheConnections : public FlowCacheFixture {
 protected:
  void SetUp() override {
    FlowCacheFixture::SetUp();
    if (!IsSkipped()) listener_ = listener_on("eg-server", kPort);
  }

  // One whose packets go fast both ways.
  Connected known(uint16_t from_port = 0) {
    Connected made = connect_to(listener_, kServer, kPort, from_port);
    know(made);
    return made;
  }
  void know(const Connected& connection) {
    warm_up([&] { connection.exchange(); }, 2 * kRouters);
  }

  static void expect_end(const UniqueFd& end) {
    char byte = 0;
    EXPECT_EQ(::recv(end.get(), &byte, 1, 0), 0);
  }
  static void expect_reset(const UniqueFd& end) {
    char byte = 0;
    EXPECT_EQ(::recv(end.get(), &byte, 1, 0), -1);
    EXPECT_EQ(errno, ECONNRESET);
  }
  static void expect_tracked(const std::string& state) {
    std::string seen;
    EXPECT_TRUE(eventually([&] {
      seen = tracked("tcp");
      return seen.find(state) != std::string::npos;
    })) << seen;
  }

  // As a reset leaves it: tracking that has not seen all that was sent does not know whether the
  // receiver takes it, and calls the flow what it was; but it goes when one does that was taken.
  static void expect_at_its_end() {
    constexpr unsigned kAfterReset = 10;
    std::string seen;
    EXPECT_TRUE(eventually([&] {
      seen = tracked("tcp");
      std::istringstream words(seen);
      std::string protocol;
      unsigned number = 0;
      unsigned left = 0;
      return static_cast<bool>(words >> protocol >> number >> left) && left <= kAfterReset;
    })) << seen;
  }

  // The port by which the server knows the client.
  static uint16_t shown_port(const Connected& connection) {
    sockaddr_in name{};
    socklen_t size = sizeof name;
    EXPECT_EQ(::getpeername(connection.server.get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
    return ntohs(name.sin_port);
  }

  UniqueFd listener_{};
};

TEST_F(FlowCacheConnections, AResetEndsTheFlowWhicheverSideSendsIt) {
  for (UniqueFd Connected::*by : {&Connected::client, &Connected::server}) {
    by_hand("ip netns exec eg-first conntrack -F 2>/dev/null");
    Connected connection = known();
    expect_tracked("ESTABLISHED");
    reset(connection.*by);
    expect_at_its_end();
    expect_reset(by == &Connected::client ? connection.server : connection.client);
  }
}

TEST_F(FlowCacheConnections, FinsEndTheFlowWhicheverSideSendsTheFirst) {
  for (UniqueFd Connected::*first : {&Connected::client, &Connected::server}) {
    by_hand("ip netns exec eg-first conntrack -F 2>/dev/null");
    Connected connection = known();
    (connection.*first).reset();
    UniqueFd& other = first == &Connected::client ? connection.server : connection.client;
    expect_end(other);
    other.reset();
    expect_tracked(" TIME_WAIT ");
  }
}

TEST_F(FlowCacheConnections, AHalfClosedStreamGoesOnByteForByte) {
  const Connected connection = known();
  ASSERT_EQ(::shutdown(connection.client.get(), SHUT_WR), 0);
  expect_end(connection.server);
  expect_tracked("_WAIT ");
  constexpr size_t kSize = 4 << 20;
  std::string sent(kSize, '\0');
  for (size_t i = 0; i < kSize; ++i) sent[i] = static_cast<char>(i * 7 + i / 251);
  std::string received(kSize, '\0');
  // For longer than what was known before the end may be used.
  const auto begin = steady_clock::now();
  int rounds = 0;
  do {
    std::thread sending([&] {
      size_t done = 0;
      while (done < kSize) {
        const ssize_t some =
            ::send(connection.server.get(), sent.data() + done, kSize - done, MSG_NOSIGNAL);
        if (some <= 0) break;
        done += static_cast<size_t>(some);
      }
      EXPECT_EQ(done, kSize);
    });
    EXPECT_EQ(::recv(connection.client.get(), received.data(), kSize, MSG_WAITALL),
              static_cast<ssize_t>(kSize));
    sending.join();
    EXPECT_TRUE(received == sent);
    ++rounds;
  } while (steady_clock::now() - begin < std::chrono::milliseconds(1500) && !HasFailure());
  EXPECT_GT(rounds, 0);
}

// One end has forgotten the connection without a word, and says so when it is spoken to.
TEST_F(FlowCacheConnections, AHalfOpenOneIsResetByWhoKnowsNothingOfIt) {
  for (UniqueFd Connected::*forgetful : {&Connected::client, &Connected::server}) {
    by_hand("ip netns exec eg-first conntrack -F 2>/dev/null");
    Connected connection = known();
    const int silently = 1;
    UniqueFd& gone = connection.*forgetful;
    ASSERT_EQ(::setsockopt(gone.get(), IPPROTO_TCP, TCP_REPAIR, &silently, sizeof silently), 0);
    gone.reset();
    UniqueFd& left = forgetful == &Connected::client ? connection.server : connection.client;
    EXPECT_EQ(::send(left.get(), "x", 1, MSG_NOSIGNAL), 1);
    expect_reset(left);
    expect_at_its_end();
  }
}

// Which nobody has answered: nothing of it is known, and it ends by its own time-out.
TEST_F(FlowCacheConnections, WhatWasNeverAnsweredIsNotKnown) {
  set_tracking("tcp_timeout_syn_sent", 1);
  by_hand("ip -n eg-server route del default");  // it hears, and cannot answer
  EXPECT_EQ(fast_while([&] {
              const UniqueFd client = socket_in("eg-client", SOCK_STREAM | SOCK_NONBLOCK);
              const sockaddr_in there = socket_address(kServer, kPort);
              (void)::connect(client.get(), reinterpret_cast<const sockaddr*>(&there),
                              sizeof there);
              expect_tracked("SYN_SENT");
            }),
            0U);
  EXPECT_TRUE(eventually([] { return tracked("tcp").empty(); }));
}

enum class End { kReset, kFin };

class FlowCachePorts : public FlowCacheConnections, public testing::WithParamInterface<End> {
 protected:
  // From the server's side, so that none but it waits before the port is used again.
  static void end(Connected connection) {
    if (GetParam() == End::kReset) {
      reset(connection.client);
      expect_reset(connection.server);
      return;
    }
    connection.server.reset();
    expect_end(connection.client);
    connection.client.reset();
  }
};

TEST_P(FlowCachePorts, AreUsedAgainAtOnceAlsoUnderOtherNumbers) {
  std::set<uint16_t> shown;
  for (int i = 0; i < 20 && !HasFailure(); ++i) {
    Connected connection = known(kClientPort);
    shown.insert(shown_port(connection));
    end(std::move(connection));
  }
  EXPECT_THAT(shown, testing::Not(testing::Contains(kClientPort)));
  // After a reset tracking may take the next connection for the same flow's.
  if (GetParam() == End::kFin) EXPECT_GT(shown.size(), 1U);
}

// Another client's connection is given what the first one's was known by.
TEST_P(FlowCachePorts, GoToAnotherClientWithoutAWordOfTheFirst) {
  state::KernelState one_port = topology();
  state::NftTable table = *std::as_const(one_port["eg-first"])->firewall->table;
  table.chains["translation"].rules[0].expression =
      "oifname \"up\" meta l4proto { tcp, udp } snat to 10.9.2.1:20000-20000";
  one_port["eg-first"]->firewall = state::make_firewall(std::move(table));
  converge(one_port);
  for (int i = 0; i < 10 && !HasFailure(); ++i) {
    const char* const client = i % 2 == 0 ? "eg-client" : "eg-other";
    by_hand("ip netns exec eg-first conntrack -F 2>/dev/null");
    Connected connection = connect_to(listener_, kServer, kPort, kClientPort, client);
    EXPECT_EQ(shown_port(connection), 20000);
    know(connection);
    end(std::move(connection));
  }
}

INSTANTIATE_TEST_SUITE_P(Behind, FlowCachePorts, testing::Values(End::kReset, End::kFin),
                         [](const auto& test) {
                           return std::string(test.param == End::kReset ? "Reset" : "Fin");
                         });

class FlowCacheTimeouts : public FlowCacheFixture {
 protected:
  static constexpr int kSeconds = 3;

  void SetUp() override {
    FlowCacheFixture::SetUp();
    if (IsSkipped()) return;
    set_tracking("udp_timeout", kSeconds);
    set_tracking("udp_timeout_stream", kSeconds);
    server_.emplace("eg-server", kPort);
    client_.emplace("eg-client", kClientPort);
  }
  void one_way() {
    client_->send("x", kServer, kPort);
    EXPECT_EQ(server_->receive(), "x");
  }

  std::optional<UdpSocket> server_{};
  std::optional<UdpSocket> client_{};
};

// What tracking heard last of the flow is from a second before its end at most.
TEST_F(FlowCacheTimeouts, AnIdleFlowEndsOnTimeThoughItsLastPacketsWereFast) {
  const auto begin = steady_clock::now();
  uint64_t gone = 0;
  steady_clock::time_point last;
  while (steady_clock::now() - begin < std::chrono::milliseconds(1500)) {
    gone += fast_while([this] { one_way(); });
    last = steady_clock::now();
  }
  EXPECT_GT(gone, kRouters);
  ASSERT_THAT(tracked("udp"), HasSubstr("sport=4000"));
  EXPECT_TRUE(eventually([] { return tracked("udp").empty(); }));
  EXPECT_GE(steady_clock::now() - last, std::chrono::milliseconds(kSeconds * 1000 - 1100));
}

// Its source port would be another one otherwise.
TEST_F(FlowCacheTimeouts, AFlowThatIsNeverAnsweredOutlivesItsTimeOutWhileItRuns) {
  const auto id = [] {
    const std::string all = run_script("ip netns exec eg-first conntrack -L -p udp -o id").out;
    const size_t at = all.find("id=");
    return at == std::string::npos ? all : all.substr(at, all.find_first_of(" \n", at) - at);
  };
  one_way();
  const std::string first = id();
  ASSERT_THAT(first, HasSubstr("id="));
  const auto begin = steady_clock::now();
  uint64_t gone = 0;
  uint64_t sent = 0;
  while (steady_clock::now() - begin < std::chrono::seconds(2 * kSeconds + 1) && !HasFailure()) {
    gone += fast_while([this] { one_way(); });
    ++sent;
  }
  EXPECT_EQ(id(), first);
  EXPECT_THAT(tracked("udp"), HasSubstr("[UNREPLIED]"));
  EXPECT_GT(gone, sent * kRouters * 9 / 10);
}

}  // namespace
}  // namespace egress::kernel_tests
