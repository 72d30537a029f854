// SPDX-License-Identifier: MIT

// Many more flows than the flow cache has room for, opened and closed by several senders at once:
// each datagram says who has sent it and to whom, and none comes to anybody else.
// EGRESS_FLOWS says how many flows there are (a million: a few minutes).

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
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

class FlowCacheFlows : public FlowCacheFixture {
 protected:
  static constexpr uint32_t kSenders = 4;
  static constexpr uint16_t kReceivers = 3;
  static constexpr uint32_t kExchanges = 4;  // of a flow: the first of a side opens, some go fast

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

  std::atomic<uint64_t> strangers_{0};
  std::atomic<uint64_t> done_{0};
};

TEST_F(FlowCacheFlows, NoPacketOfManyFlowsComesToAStranger) {
  std::array<std::unique_ptr<Receiver>, kReceivers> receivers;
  for (uint16_t i = 0; i < kReceivers; ++i) {
    receivers.at(i) = std::make_unique<Receiver>(static_cast<uint16_t>(kPort + i));
  }
  const uint64_t each = flows_in_all() / kSenders;
  const uint64_t gone = fast_while([&] {
    std::array<std::thread, kSenders> senders;
    for (uint32_t i = 0; i < kSenders; ++i) {
      senders.at(i) = std::thread([this, i, each] { send(i, each); });
    }
    for (std::thread& sender : senders) sender.join();
  });
  EXPECT_EQ(done_, each * kSenders);
  EXPECT_EQ(strangers_, 0U);
  for (const auto& receiver : receivers) EXPECT_EQ(receiver->strangers(), 0U);
  // The third datagram of either side and what follows, but for what finds its place taken.
  EXPECT_GT(gone, done_ * kRouters);
  // None is kept by what has no room for it.
  EXPECT_TRUE(eventually([] { return tracked("udp").empty(); }));
}

}  // namespace
}  // namespace egress::kernel_tests
