// SPDX-License-Identifier: MIT
#pragma once

// What the threads of egress-wire say to each other on the packets' way: by rings with one writer
// and one reader each, and by single numbers. Neither waits for the other.
//
//   carrier ──questions──► judge ──answers──► the same carrier
//   carrier ──records──► control
//
// Control's own words to a carrier are exchanged while it is between two packets (Carrier::run).

#include <atomic>
#include <boost/lockfree/spsc_queue.hpp>
#include <cstdint>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "wire/comparison.hpp"
#include "wire/flow_cache.hpp"
#include "wire/packet.hpp"

namespace egress::wires {

inline constexpr size_t kRing = 8192;
template <typename T>
using Ring = boost::lockfree::spsc_queue<T, boost::lockfree::capacity<kRing>>;

// What the evaluator and the kernel make of a packet that has just been written.
struct Question {
  uint64_t ticket = 0;
  wire::FlowKey flow{};
  wire::TimePoint written{};  // no later than that
  uint32_t generation = 0;    // of the network that was known then
  uint32_t phase = 0;         // of the kernel then
  uint16_t wire = 0;
};

struct Answer {
  uint64_t ticket = 0;
  wire::Standing standing = wire::Standing::kAsked;
};

enum class PacketFate : uint8_t { kPassed, kDenied, kLost, kDelayed, kOverflow, kUnsent };

struct CarriedPacket {
  int64_t at_ns = 0;  // of the machine's clock since 1970
  wire::PacketFacts facts{};
  uint16_t wire = 0;
  bool out = false;
  PacketFate fate = PacketFate::kPassed;
};

// Numbers that control sets and the others read.
struct Bulletin {
  std::atomic<uint32_t> generation{0};  // of the network
  // Grows whenever the kernel begins or ends to be changed. Odd: nothing is being changed.
  std::atomic<uint32_t> phase{0};
  std::atomic<bool> is_read{false};  // somebody reads records
};
inline bool is_settled(uint32_t phase) {
  return phase % 2 == 1;
}

// Wakes a thread that waits for its descriptor.
class Bell {
 public:
  static Result<Bell> make();
  int fd() const { return fd_.get(); }
  void ring() const;
  void silence() const;

 private:
  explicit Bell(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace egress::wires
