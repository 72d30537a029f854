// SPDX-License-Identifier: MIT
#include "wire/impairment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace egress::wire::test {
namespace {

using namespace std::chrono_literals;
using Fate = Impaired::Fate;

constexpr TimePoint kStart{std::chrono::hours(1)};

// One direction, with packets that hold their number.
class Line {
 public:
  explicit Line(const lab::Impairment& impairment, uint32_t direction = 0, size_t room = 20'000)
      : slab_(room * Impaired::kSlot), impaired_(impairment, direction, slab_) {}

  Fate take(uint32_t number, TimePoint now, size_t size = 1000) {
    std::vector<uint8_t> packet(size);
    std::memcpy(packet.data(), &number, sizeof number);
    return impaired_.take(packet, size, now);
  }
  std::vector<uint32_t> released(TimePoint now) {
    std::vector<uint32_t> numbers;
    while (const auto packet = impaired_.release(now)) {
      std::memcpy(&numbers.emplace_back(), packet->data(), sizeof(uint32_t));
    }
    return numbers;
  }
  Impaired& impaired() { return impaired_; }

 private:
  std::vector<std::byte> slab_;
  Impaired impaired_;
};

// Which of so many packets are lost.
std::vector<uint32_t> lost(const lab::Impairment& impairment, uint32_t direction, uint32_t packets,
                           TimePoint from, std::chrono::microseconds between) {
  Line line(impairment, direction);
  std::vector<uint32_t> numbers;
  for (uint32_t number = 0; number < packets; ++number) {
    const TimePoint now = from + number * between;
    if (line.take(number, now) == Fate::kLost) numbers.push_back(number);
    line.released(now);
  }
  return numbers;
}

TEST(Impaired, SameSeedSameFates) {
  const lab::Impairment impairment{
      .latency = 1ms, .jitter = 1ms, .loss = 0.05, .duplicate = 0.1, .reorder = 0.1, .seed = 7};
  const auto first = lost(impairment, 0, 5000, kStart, 10us);
  EXPECT_EQ(lost(impairment, 0, 5000, kStart + 1h, 3ms), first) << "whenever they come";
  EXPECT_NE(lost(impairment, 1, 5000, kStart, 10us), first) << "of the other direction";
  lab::Impairment other = impairment;
  other.seed = 8;
  EXPECT_NE(lost(other, 0, 5000, kStart, 10us), first);
  other = impairment;
  other.duplicate = other.reorder = 0;
  other.jitter = 0us;
  EXPECT_EQ(lost(other, 0, 5000, kStart, 10us), first) << "whatever else is done to them";
}

TEST(Impaired, KeepsItsNumbersOverAHundredThousandPackets) {
  constexpr uint32_t kPackets = 100'000;
  const lab::Impairment impairment{
      .latency = 20ms, .jitter = 10ms, .loss = 0.05, .duplicate = 0.02};
  Line line(impairment);
  std::vector<TimePoint> sent;
  size_t released = 0;
  double delays_ms = 0;
  uint32_t lost = 0;
  for (uint32_t number = 0; number < kPackets; ++number) {
    const TimePoint now = kStart + number * 1ms;
    sent.push_back(now);
    lost += line.take(number, now) == Fate::kLost ? 1 : 0;
    for (const uint32_t each : line.released(now)) {
      ++released;
      delays_ms += std::chrono::duration<double, std::milli>(now - sent[each]).count();
    }
  }
  released += line.released(TimePoint::max()).size();
  EXPECT_NEAR(lost, 0.05 * kPackets, 0.05 * 0.05 * kPackets);
  EXPECT_NEAR(static_cast<double>(released), 0.95 * 1.02 * kPackets, 0.01 * kPackets);
  // Jitter that keeps the order delays all behind one that is late.
  EXPECT_GT(delays_ms / static_cast<double>(released), 20);
  EXPECT_LT(delays_ms / static_cast<double>(released), 31);
}

TEST(Impaired, DelaysEachByItsLatency) {
  Line line({.latency = 20ms});
  EXPECT_EQ(line.take(1, kStart), Fate::kWaits);
  EXPECT_EQ(line.take(2, kStart + 5ms), Fate::kWaits);
  EXPECT_EQ(line.impaired().next(), kStart + 20ms);
  EXPECT_TRUE(line.released(kStart + 20ms - 1ns).empty());
  EXPECT_EQ(line.released(kStart + 20ms), std::vector<uint32_t>{1});
  EXPECT_EQ(line.released(kStart + 1h), std::vector<uint32_t>{2});
  EXPECT_FALSE(line.impaired().next().has_value());
}

TEST(Impaired, JitterKeepsTheOrder) {
  Line line({.latency = 20ms, .jitter = 20ms});
  for (uint32_t number = 0; number < 5000; ++number) line.take(number, kStart + number * 10us);
  const auto order = line.released(kStart + 1h);
  ASSERT_EQ(order.size(), 5000U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(Impaired, OvertakesOnlyWhatWaits) {
  Line line({.latency = 20ms, .reorder = 0.1});
  for (uint32_t number = 0; number < 1000; ++number) line.take(number, kStart + number * 1ms);
  const auto at_once = line.released(kStart + 999ms);
  EXPECT_FALSE(std::is_sorted(at_once.begin(), at_once.end()));
  Line alone({.latency = 20ms, .reorder = 0.5});
  for (uint32_t number = 0; number < 1000; ++number) {
    alone.take(number, kStart + number * 1s);
    EXPECT_EQ(alone.released(kStart + number * 1s + 20ms), std::vector<uint32_t>{number});
  }
}

TEST(Impaired, HoldsItsRateInBytesOfIp) {
  Line line({.rate = 8'000'000});  // a packet of 1,000 bytes each millisecond
  for (uint32_t number = 0; number < 100; ++number) line.take(number, kStart);
  for (uint32_t number = 0; number < 100; ++number) {
    EXPECT_EQ(line.released(kStart + (number + 1) * 1ms), std::vector<uint32_t>{number});
  }
  line.take(100, kStart + 1h);
  EXPECT_EQ(line.impaired().next(), kStart + 1h + 1ms) << "what was idle is not saved up";
}

TEST(Impaired, NeverHoldsMoreThanItsRoom) {
  Line line({.latency = 20ms}, 0, 10);
  for (uint32_t number = 0; number < 10; ++number)
    EXPECT_EQ(line.take(number, kStart), Fate::kWaits);
  EXPECT_EQ(line.take(10, kStart), Fate::kOverflow);
  EXPECT_EQ(line.impaired().waiting(), 10U);
  EXPECT_EQ(line.released(kStart + 20ms).size(), 10U);
  EXPECT_EQ(line.take(11, kStart + 20ms), Fate::kWaits);
}

TEST(Impaired, TwiceComesTwiceAndTogether) {
  Line line({.latency = 20ms, .duplicate = 1});
  line.take(1, kStart);
  line.take(2, kStart);
  EXPECT_EQ(line.released(kStart + 20ms), (std::vector<uint32_t>{1, 1, 2, 2}));
}

TEST(Impaired, HandsBackWhatIsLargerThanItsRoomForOne) {
  Line line({.latency = 20ms});
  EXPECT_EQ(line.take(1, kStart, Impaired::kSlot), Fate::kWaits);
  EXPECT_EQ(line.take(2, kStart, Impaired::kSlot + 1), Fate::kTooLarge);
  Line lossy({.loss = 1});
  EXPECT_EQ(lossy.take(1, kStart, 60'000), Fate::kLost);
}

}  // namespace
}  // namespace egress::wire::test
