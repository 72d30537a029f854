// SPDX-License-Identifier: MIT
#pragma once

// One direction of a wire, as the carrier has it: where packets come from, where they go, and what
// becomes of them in between.
//
//   read ──► impairment (where there is one: lost, or waits) ──► flow table (outwards: denied) ──►
//   join (datagrams that have come meanwhile) ──► write ──► question (of a new flow, behind the
//   write)

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "egress-wire/delay.hpp"
#include "egress-wire/rings.hpp"
#include "kernel/tun/datagrams.hpp"
#include "settings/wire_text.hpp"

namespace egress::wires {

// Counted by the carrier alone, read by anybody.
class Tally {
 public:
  void add(uint64_t number = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + number, std::memory_order_relaxed);
  }
  void set(uint64_t number) { value_.store(number, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

struct DirectionTallies {
  Tally packets{};
  Tally bytes{};
  Tally denied{};
  Tally lost{};
  Tally overflow{};
  Tally unsent{};
  Tally waiting{};
  Tally unasked{};  // new flows of which nobody was asked, as there was no room to
  settings::DirectionCounts counts() const;
};

// What all halves of a carrier share.
struct CarrierParts {
  explicit CarrierParts(const Bulletin& of) : bulletin(of) {}

  const Bulletin& bulletin;
  wire::FlowCache cache{};
  Ring<Question> questions{};
  Ring<Answer> answers{};
  Ring<CarriedPacket> records{};
  kernel::JoinedDatagrams joined{};  // between a read and the end of its turn
  Tally unrecorded{};                // for want of room in `records`
  uint64_t turn = 0;                 // of the carrier: which one it is
  bool has_asked = false;            // since the judge was woken
  bool has_recorded = false;         // since control was woken
};

class Half {
 public:
  // `wire`: its number. Both descriptors are borrowed.
  Half(CarrierParts& parts, uint16_t wire, bool out, DirectionTallies& tallies)
      : parts_(parts), wire_(wire), out_(out), tallies_(tallies) {}

  int from() const { return from_; }
  bool delays() const { return delay_ != nullptr; }
  // `joins`: `to` takes joined datagrams.
  void connect(int from, int to, bool joins) {
    from_ = from;
    to_ = to;
    joins_ = joins;
  }

  // What waits in the delay that has been is written, in its order. `delay`, which may be null, is
  // swapped with it.
  void replace(std::unique_ptr<Delay>& delay);

  enum class Read { kMore, kNothing, kGone };
  // Takes up to `most` packets, into `buffer` one after the other, and says how many. kMore: there
  // may be more; kGone: the device is no longer there.
  Read carry(std::span<uint8_t> buffer, int most, int& taken);

  // Writes what is due; says when something will be.
  std::optional<wire::TimePoint> release_due(wire::TimePoint now);

 private:
  void take(std::span<const uint8_t> packet, wire::TimePoint now);
  void send(std::span<const uint8_t> packet, wire::TimePoint now);
  void write(std::span<const uint8_t> packet, wire::FlowCache::Found found,
             const wire::FlowKey& flow, wire::TimePoint now);
  bool join(std::span<const uint8_t> packet);
  void write_joined();
  Read carry_each(std::span<uint8_t> buffer, int most, int& taken);
  void record(std::span<const uint8_t> packet, PacketFate fate);

  CarrierParts& parts_;
  uint16_t wire_;
  bool out_;
  DirectionTallies& tallies_;
  int from_ = -1;
  int to_ = -1;
  bool joins_ = false;
  uint64_t last_turn_ = 0;  // in which it carried
  std::unique_ptr<Delay> delay_{};
};

}  // namespace egress::wires
