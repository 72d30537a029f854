// SPDX-License-Identifier: MIT
#pragma once

// What an impairment does to one direction of a wire, over a clock that it is told: packets wait in
// a room that is made once, and each draws its fate from a sequence of numbers that depends on the
// seed and the direction alone. So the n-th packet since the impairment was set has the same fate
// each time, whenever it comes.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "lab/impairment.hpp"
#include "wire/flow_cache.hpp"

namespace egress::wire {

class Impaired {
 public:
  // Room for a packet of an Ethernet's size with what TUN devices put in front of it.
  static constexpr size_t kSlot = 1514;
  static constexpr size_t kMostWaiting = 20'000;
  static constexpr size_t kSlabBytes = kSlot * kMostWaiting;

  // `direction`: 0 from the worker, 1 to it. Borrows the slab, which holds as many packets as fit.
  Impaired(const lab::Impairment& impairment, uint32_t direction, std::span<std::byte> slab);

  enum class Fate {
    kWaits,
    kLost,
    kOverflow,
    kTooLarge,  // for a slot, as are segments that were on their way when it was set: carry it now
  };
  // `ip_length` of the packet's bytes are those that a rate counts.
  Fate take(std::span<const uint8_t> packet, size_t ip_length, TimePoint now);

  std::optional<TimePoint> next() const;  // when something is due
  // What is due, by due time and then as it came; valid until the next call.
  std::optional<std::span<const uint8_t>> release(TimePoint now);

  size_t waiting() const { return waiting_.size(); }

 private:
  struct Waiting {
    TimePoint due{};
    uint64_t order = 0;
    uint32_t slot = 0;
    uint32_t length = 0;
  };
  struct Draws {
    double loss = 0;
    double duplicate = 0;
    double reorder = 0;
    double jitter = 0;
  };
  static bool is_later(const Waiting& a, const Waiting& b);
  Draws draw();
  bool keep(std::span<const uint8_t> packet, size_t ip_length, const Draws& draws, TimePoint now);
  TimePoint due_at(size_t ip_length, const Draws& draws, TimePoint now);

  lab::Impairment impairment_;
  std::mt19937_64 random_;
  std::span<std::byte> slab_;
  std::vector<uint32_t> free_slots_{};
  std::vector<Waiting> waiting_{};  // a heap, what is due next in front
  uint64_t order_ = 0;
  TimePoint line_free_{};  // when the rate lets the next one go
  TimePoint last_due_{};   // of what has not overtaken anything
};

}  // namespace egress::wire
