// SPDX-License-Identifier: MIT

// Many more flows than the flow cache has room for, opened and closed by several senders at once:
// each datagram says who has sent it and to whom, and none comes to anybody else.
// EGRESS_FLOWS says how many flows there are (a million: a few minutes).

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>

#include "tests/netns/flow_cache_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/live_flows.hpp"

namespace egress::kernel_tests {
namespace {

using namespace testing_support;

uint64_t flows_in_all() {
  constexpr uint64_t kFewEnough = 60'000;
  const char* const said = std::getenv("EGRESS_FLOWS");
  return said == nullptr ? kFewEnough : std::strtoull(said, nullptr, 10);
}

// What a datagram says.
struct Letter {
  uint32_t sender = 0;
  uint32_t flow = 0;
  uint32_t number = 0;  // answers have the next
  uint16_t to_port = 0;
  bool operator==(const Letter&) const = default;
};

UniqueFd bound(const std::string& netns, uint16_t port) {
  UniqueFd fd = socket_in(netns, SOCK_DGRAM);
  const timeval patience{.tv_sec = kHang.count(), .tv_usec = 0};
  EXPECT_EQ(::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
  const sockaddr_in here = socket_address({}, port);
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here), 0);
  return fd;
}

// Of those on which this thread may run.
void go_to_processor(uint32_t number) {
  static const cpu_set_t all = [] {
    cpu_set_t now;
    CPU_ZERO(&now);
    EXPECT_EQ(::sched_getaffinity(0, sizeof now, &now), 0);
    return now;
  }();
  number %= static_cast<uint32_t>(CPU_COUNT(&all));
  for (size_t i = 0; i < CPU_SETSIZE; ++i) {
    if (!CPU_ISSET(i, &all) || number-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(i, &one);
    EXPECT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
    return;
  }
}

// At the far end: answers each datagram that is for it, and counts those that are not.
class Receiver {
 public:
  explicit Receiver(uint16_t port) : port_(port), fd_(bound("eg-server", port)) {
    thread_ = std::thread([this] { run(); });
  }
  ~Receiver() {
    ::shutdown(fd_.get(), SHUT_RDWR);
    thread_.join();
  }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
  uint64_t strangers() const { return strangers_; }

 private:
  void run() {
    while (true) {
      Letter letter;
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t got = ::recvfrom(fd_.get(), &letter, sizeof letter, 0,
                                     reinterpret_cast<sockaddr*>(&from), &size);
      if (got != sizeof letter) return;
      if (letter.to_port != port_) ++strangers_;
      ++letter.number;
      (void)::sendto(fd_.get(), &letter, sizeof letter, 0, reinterpret_cast<sockaddr*>(&from),
                     size);
    }
  }

  uint16_t port_;
  UniqueFd fd_;
  std::atomic<uint64_t> strangers_{0};
  std::thread thread_{};
};

// The same of connections, one after another, each until it is reset.
class Acceptor {
 public:
  explicit Acceptor(uint16_t port) : port_(port), listener_(listener_on("eg-server", port)) {
    thread_ = std::thread([this] { run(); });
  }
  ~Acceptor() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;
  uint64_t strangers() const { return strangers_; }

 private:
  void run() {
    while (true) {
      const UniqueFd end(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!end.valid()) return;
      Letter letter;
      std::optional<Letter> first;
      while (::recv(end.get(), &letter, sizeof letter, MSG_WAITALL) == sizeof letter) {
        if (!first) first = letter;
        const bool same = letter.sender == first->sender && letter.flow == first->flow;
        if (!same || letter.to_port != port_) ++strangers_;
        ++letter.number;
        (void)::send(end.get(), &letter, sizeof letter, MSG_NOSIGNAL);
      }
    }
  }

  uint16_t port_;
  UniqueFd listener_;
  std::atomic<uint64_t> strangers_{0};
  std::thread thread_{};
};

class FlowCacheFlows : public FlowCacheFixture {
 protected:
  static constexpr uint32_t kSenders = 4;
  static constexpr uint16_t kReceivers = 3;
  static constexpr uint32_t kExchanges = 4;  // of a flow: the first of a side opens, some go fast

  static constexpr uint32_t kEvery = 16;  // changes its processor from packet to packet

  void SetUp() override {
    FlowCacheFixture::SetUp();
    if (IsSkipped()) return;
    state::KernelState state = topology();
    state::NftTable table = *std::as_const(state["eg-first"])->firewall->table;
    table.chains["translation"].rules[0].expression =
        "oifname \"up\" meta l4proto { tcp, udp } snat to 10.9.2.1:1024-65535";
    state["eg-first"]->firewall = state::make_firewall(std::move(table));
    converge(state);
    set_tracking("udp_timeout", 2);  // or the translation has no port left
    set_tracking("udp_timeout_stream", 2);
  }

  // One flow after another; both clients have the same ports.
  void send(uint32_t sender, uint64_t flows) {
    const std::string netns = sender % 2 == 0 ? "eg-client" : "eg-other";
    for (uint32_t flow = 0; flow < flows; ++flow) {
      const auto from_port = static_cast<uint16_t>(10'000 + sender / 2 * 5000 + flow % 5000);
      Letter letter{.sender = sender,
                    .flow = flow,
                    .to_port = static_cast<uint16_t>(kPort + flow % kReceivers)};
      const UniqueFd fd = bound(netns, from_port);
      const sockaddr_in there = socket_address(kServer, letter.to_port);
      if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0) break;
      for (uint32_t i = 0; i < kExchanges; ++i) {
        if (flow % kEvery == 0) go_to_processor(sender + i);
        Letter answer;
        ::send(fd.get(), &letter, sizeof letter, 0);
        // One that was for another sender on this port, or for an earlier flow of its, counts.
        if (::recv(fd.get(), &answer, sizeof answer, 0) != sizeof answer) return;
        ++letter.number;
        if (answer != letter) ++strangers_;
      }
      ++done_;
    }
  }

  // From ports of the kernel's choice, which has none of a connection that was reset to wait for.
  void connect(uint32_t sender, uint64_t flows) {
    const std::string netns = sender % 2 == 0 ? "eg-client" : "eg-other";
    for (uint32_t flow = 0; flow < flows; ++flow) {
      Letter letter{.sender = sender,
                    .flow = flow,
                    .to_port = static_cast<uint16_t>(kPort + sender % kReceivers)};
      UniqueFd fd = socket_in(netns, SOCK_STREAM);
      const timeval patience{.tv_sec = kHang.count(), .tv_usec = 0};
      ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
      const sockaddr_in there = socket_address(kServer, letter.to_port);
      if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0) return;
      for (uint32_t i = 0; i < kExchanges; ++i) {
        if (flow % kEvery == 0) go_to_processor(sender + i);
        Letter answer;
        ::send(fd.get(), &letter, sizeof letter, MSG_NOSIGNAL);
        if (::recv(fd.get(), &answer, sizeof answer, MSG_WAITALL) != sizeof answer) return;
        ++letter.number;
        if (answer != letter) ++strangers_;
      }
      reset(fd);
      ++done_;
    }
  }

  // All senders at once; how many packets have gone fast.
  template <typename Work>
  uint64_t at_once(Work work) {
    return fast_while([&] {
      std::array<std::thread, kSenders> senders;
      for (uint32_t i = 0; i < kSenders; ++i) {
        senders.at(i) = std::thread([&work, i] { work(i); });
      }
      for (std::thread& sender : senders) sender.join();
    });
  }

  std::atomic<uint64_t> strangers_{0};
  std::atomic<uint64_t> done_{0};
};

TEST_F(FlowCacheFlows, NoPacketOfManyFlowsComesToAStranger) {
  std::array<std::unique_ptr<Receiver>, kReceivers> receivers;
  for (uint16_t i = 0; i < kReceivers; ++i) {
    receivers.at(i) = std::make_unique<Receiver>(static_cast<uint16_t>(kPort + i));
  }
  const uint64_t each = flows_in_all() / kSenders;
  const uint64_t gone = at_once([&](uint32_t sender) { send(sender, each); });
  EXPECT_EQ(done_, each * kSenders);
  EXPECT_EQ(strangers_, 0U);
  for (const auto& receiver : receivers) EXPECT_EQ(receiver->strangers(), 0U);
  // The third datagram of either side and what follows, but for what finds its place taken.
  EXPECT_GT(gone, done_ * kRouters);
  // None is kept by what has no room for it.
  EXPECT_TRUE(eventually([] { return tracked("udp").empty(); }));
}

TEST_F(FlowCacheFlows, NoByteOfManyConnectionsComesToAStranger) {
  set_tracking("tcp_timeout_close", 2);
  set_tracking("tcp_timeout_established", 2);
  std::array<std::unique_ptr<Acceptor>, kReceivers> acceptors;
  for (uint16_t i = 0; i < kReceivers; ++i) {
    acceptors.at(i) = std::make_unique<Acceptor>(static_cast<uint16_t>(kPort + i));
  }
  constexpr uint64_t kSlower = 4;
  const uint64_t each = flows_in_all() / kSlower / kSenders;
  const uint64_t gone = at_once([&](uint32_t sender) { connect(sender, each); });
  EXPECT_EQ(done_, each * kSenders);
  EXPECT_EQ(strangers_, 0U);
  for (const auto& acceptor : acceptors) EXPECT_EQ(acceptor->strangers(), 0U);
  EXPECT_GT(gone, done_ * kRouters);
  EXPECT_TRUE(eventually([] { return tracked("tcp").empty(); }));
}

}  // namespace
}  // namespace egress::kernel_tests
