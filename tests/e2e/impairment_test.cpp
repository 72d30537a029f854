// SPDX-License-Identifier: MIT
// What impairments do to the packets of a wire, measured over many of them: from the app to a host
// of the network, each with its number and the time at which it was sent.

#include <gtest/gtest.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <future>
#include <set>
#include <string>
#include <vector>

#include "tests/e2e/wires.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/live_flows.hpp"
#include "tests/support/values.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;
using Seconds = std::chrono::duration<double>;

constexpr uint32_t kPackets = 100'000;
constexpr double kTolerance = 0.05;  // of what is measured

// What a datagram begins with.
struct Mark {
  uint32_t number = 0;
  Clock::time_point sent{};
};

struct Pace {
  uint32_t in_a_turn = 0;  // at most, of a millisecond or more
  // So many behind the latest that has come the sender waits, and with it nothing overflows where
  // the machine has no time to carry it: 4,096 wait in front of a wire, 20,000 in it.
  uint32_t under_way = 0;
};

// kPackets of them. One thread sends and receives.
class Stream {
 public:
  // `ip_bytes`: of each packet, with its headers.
  Stream(const Endpoints& ends, size_t ip_bytes);

  // All of them; receives what comes meanwhile.
  void send(const Pace& pace);
  // Until so many have come, or nothing does for as long as only a hang takes.
  void receive(uint32_t packets);

  uint32_t received() const { return received_; }
  std::set<uint32_t> missing() const;
  Milliseconds mean_delay() const { return sum_of_delays_ / received_; }
  Milliseconds shortest_delay() const { return shortest_delay_; }
  // What came behind the first of them took so long to come.
  double bits_a_second() const;

 private:
  bool send_one(uint32_t number);
  void receive_until(Clock::time_point end);
  void note(const Mark& mark, Clock::time_point now);
  bool hangs() const { return Clock::now() - last_ > kHang; }

  UniqueFd receiver_;
  UniqueFd sender_;
  size_t ip_bytes_;
  std::vector<char> datagram_;
  std::vector<bool> has_come_ = std::vector<bool>(kPackets);
  uint32_t received_ = 0;
  uint32_t expected_ = 0;  // the one behind the latest that has come
  Clock::time_point first_{};
  Clock::time_point last_ = Clock::now();
  Milliseconds sum_of_delays_{};
  Milliseconds shortest_delay_ = Milliseconds::max();
};

Stream::Stream(const Endpoints& ends, size_t ip_bytes)
    : receiver_(socket_in(ends.to, SOCK_DGRAM | SOCK_NONBLOCK)),
      sender_(socket_in(ends.from, SOCK_DGRAM)),
      ip_bytes_(ip_bytes),
      datagram_(ip_bytes - sizeof(iphdr) - sizeof(udphdr)) {
  const sockaddr_in there = socket_address(ends.address, ends.port);
  const auto* const name = reinterpret_cast<const sockaddr*>(&there);
  const int buffer = 64 << 20;
  EXPECT_EQ(::setsockopt(receiver_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer), 0);
  EXPECT_EQ(::bind(receiver_.get(), name, sizeof there), 0);
  EXPECT_EQ(::connect(sender_.get(), name, sizeof there), 0);
}

bool Stream::send_one(uint32_t number) {
  const Mark mark{.number = number, .sent = Clock::now()};
  std::memcpy(datagram_.data(), &mark, sizeof mark);
  return ::send(sender_.get(), datagram_.data(), datagram_.size(), 0) ==
         static_cast<ssize_t>(datagram_.size());
}

void Stream::send(const Pace& pace) {
  uint32_t sent = 0;
  while (sent < kPackets && !hangs()) {
    const Clock::time_point turn = Clock::now();
    for (uint32_t i = 0; i < pace.in_a_turn; ++i) {
      if (sent == kPackets || sent - expected_ >= pace.under_way) break;
      ASSERT_TRUE(send_one(sent++)) << std::strerror(errno);
    }
    receive_until(turn + std::chrono::milliseconds(1));
  }
  EXPECT_EQ(sent, kPackets) << "none came any more";
}

void Stream::receive(uint32_t packets) {
  while (received_ < packets && !hangs()) {
    receive_until(Clock::now() + std::chrono::milliseconds(1));
  }
}

void Stream::receive_until(Clock::time_point end) {
  for (;;) {
    Mark mark;
    while (::recv(receiver_.get(), &mark, sizeof mark, 0) == sizeof mark) note(mark, Clock::now());
    const auto left = end - Clock::now();
    if (left <= left.zero()) return;
    const timespec patience{.tv_sec = 0, .tv_nsec = std::chrono::nanoseconds(left).count()};
    pollfd readable{.fd = receiver_.get(), .events = POLLIN, .revents = 0};
    ::ppoll(&readable, 1, &patience, nullptr);
  }
}

void Stream::note(const Mark& mark, Clock::time_point now) {
  has_come_.at(mark.number) = true;
  if (received_++ == 0) first_ = now;
  expected_ = std::max(expected_, mark.number + 1);
  last_ = now;
  const Milliseconds delay = now - mark.sent;
  sum_of_delays_ += delay;
  shortest_delay_ = std::min(shortest_delay_, delay);
}

std::set<uint32_t> Stream::missing() const {
  std::set<uint32_t> numbers;
  for (uint32_t number = 0; number < kPackets; ++number) {
    if (!has_come_[number]) numbers.insert(numbers.end(), number);
  }
  return numbers;
}

double Stream::bits_a_second() const {
  return 8.0 * static_cast<double>(ip_bytes_) * (received_ - 1) / Seconds(last_ - first_).count();
}

// What a wire says of packets from the app.
struct Counts {
  uint32_t passed = 0;
  uint32_t lost = 0;
  uint32_t overflow = 0;
};

class Impairment : public Wires {
 protected:
  // From an instance of the app.
  static Stream stream_of(uint16_t instance, size_t ip_bytes) {
    return Stream({.from = "eg-app-web-" + std::to_string(instance),
                   .to = "eg-host-sql",
                   .address = ip("10.1.2.4"),
                   .port = static_cast<uint16_t>(kPort + instance)},
                  ip_bytes);
  }
  Counts counted() const {
    const nlohmann::json out = first_wire()["out"];
    return {.passed = out["packets"], .lost = out["lost"], .overflow = out["overflow"]};
  }
  // The numbers of those that are lost while a twentieth of all are to be.
  std::set<uint32_t> lost_by_seed(const std::string& seed) const;
};

std::set<uint32_t> Impairment::lost_by_seed(const std::string& seed) const {
  impose({"plan/0", "--loss", "5%", "--seed", seed});
  const Counts before = counted();
  const uint64_t dropped_before = dropped_by_queues();
  Stream stream = stream_of(0, 100);
  stream.send({.in_a_turn = 500, .under_way = 500});
  Counts after;
  EXPECT_TRUE(eventually([&] {
    after = counted();
    return after.passed + after.lost == before.passed + before.lost + kPackets;
  })) << dropped_by_queues() - dropped_before
      << " were dropped by queues of a starved machine";
  const uint32_t lost = after.lost - before.lost;
  stream.receive(kPackets - lost);
  impose({"plan/0", "--clear"});
  EXPECT_EQ(stream.received(), kPackets - lost);
  EXPECT_EQ(stream.missing().size(), lost);
  EXPECT_NEAR(lost, 0.05 * kPackets, kTolerance * 0.05 * kPackets);
  return stream.missing();
}

TEST_F(Impairment, LosesTheShareThatItIsToldAndBySeedTheSamePackets) {
  start_with(tun_lab());
  const std::set<uint32_t> lost = lost_by_seed("7");
  EXPECT_EQ(lost_by_seed("7"), lost);
  EXPECT_NE(lost_by_seed("8"), lost);
}

// Another wire tells how late a machine that is busy is with packets: once with those that nothing
// delays, and once more with those that waited, when they are let go.
TEST_F(Impairment, DelaysPacketsByItsLatency) {
  start_with(tun_lab());
  impose({"plan/0", "--latency", "100ms"});
  const uint64_t dropped_before = dropped_by_queues();
  Stream delayed = stream_of(0, 100);
  Stream free = stream_of(1, 100);
  const auto carry = [](Stream& stream) {
    stream.send({.in_a_turn = 10, .under_way = 4'000});
    stream.receive(kPackets);
  };
  auto beside = std::async(std::launch::async, carry, std::ref(free));
  carry(delayed);
  beside.wait();
  for (const Stream* const each : {&delayed, &free}) {
    ASSERT_EQ(each->received(), kPackets)
        << dropped_by_queues() - dropped_before << " were dropped by queues of a starved machine";
  }
  EXPECT_GE(delayed.shortest_delay().count(), 100);
  EXPECT_LE((delayed.mean_delay() - 2 * free.mean_delay()).count(), 100 * (1 + kTolerance))
      << delayed.mean_delay().count() << " beside " << free.mean_delay().count();
  EXPECT_EQ(counted().overflow, 0);
}

// Offers more than the rate, until enough waits for what the sender pauses.
TEST_F(Impairment, CarriesAtItsRate) {
  start_with(tun_lab());
  impose({"plan/0", "--rate", "20mbit"});
  const uint64_t dropped_before = dropped_by_queues();
  Stream stream = stream_of(0, 500);
  stream.send({.in_a_turn = 200, .under_way = 4'000});
  stream.receive(kPackets);
  ASSERT_EQ(stream.received(), kPackets)
      << dropped_by_queues() - dropped_before << " were dropped by queues of a starved machine";
  EXPECT_NEAR(stream.bits_a_second(), 20e6, 20e6 * kTolerance);
  EXPECT_EQ(counted().overflow, 0);
}

}  // namespace
}  // namespace egress::e2e
