// SPDX-License-Identifier: MIT
#include "egress-wire/half.hpp"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "kernel/tun/device.hpp"

namespace egress::wires {
namespace {

using wire::TimePoint;
using Clock = std::chrono::steady_clock;

constexpr size_t kHeader = kernel::kTunHeaderBytes;
constexpr size_t kShort = 200;  // a packet that is likely to be alone

std::span<const uint8_t> ip_of(std::span<const uint8_t> packet) {
  return packet.subspan(kHeader);
}

}  // namespace

settings::DirectionCounts DirectionTallies::counts() const {
  return {.packets = packets.value(),
          .bytes = bytes.value(),
          .denied = denied.value(),
          .lost = lost.value(),
          .overflow = overflow.value(),
          .unsent = unsent.value(),
          .waiting = waiting.value()};
}

void Half::replace(std::unique_ptr<Delay>& delay) {
  release_due(TimePoint::max());
  delay_.swap(delay);
}

Half::Read Half::carry(std::span<uint8_t> buffer, int most, int& taken) {
  const Read read = carry_each(buffer, most, taken);
  write_joined();
  return read;
}

Half::Read Half::carry_each(std::span<uint8_t> buffer, int most, int& taken) {
  const bool streams = parts_.turn - std::exchange(last_turn_, parts_.turn) <= 1;
  for (taken = 0; taken < most; ++taken) {
    const ssize_t size = ::read(from_, buffer.data(), buffer.size());
    if (size < 0) return errno == EAGAIN || errno == EINTR ? Read::kNothing : Read::kGone;
    if (static_cast<size_t>(size) <= kHeader) continue;
    take(buffer.first(static_cast<size_t>(size)), Clock::now());
    // A short packet is mostly half of a round trip: to look for another costs as much as it did.
    // Those that come turn by turn from one side are none.
    if (!streams && static_cast<size_t>(size) < kShort) {
      ++taken;
      return Read::kMore;
    }
  }
  return Read::kMore;
}

void Half::take(std::span<const uint8_t> packet, TimePoint now) {
  if (!delay_) return send(packet, now);
  switch (delay_->impaired().take(packet, ip_of(packet).size(), now)) {
    case wire::Impaired::Fate::kWaits: record(packet, PacketFate::kDelayed); break;
    case wire::Impaired::Fate::kLost:
      tallies_.lost.add();
      record(packet, PacketFate::kLost);
      break;
    case wire::Impaired::Fate::kOverflow:
      tallies_.overflow.add();
      record(packet, PacketFate::kOverflow);
      break;
    case wire::Impaired::Fate::kTooLarge: send(packet, now); break;
  }
  tallies_.waiting.set(delay_->impaired().waiting());
}

std::optional<TimePoint> Half::release_due(TimePoint now) {
  if (!delay_) return std::nullopt;
  while (const auto packet = delay_->impaired().release(now)) send(*packet, Clock::now());
  tallies_.waiting.set(delay_->impaired().waiting());
  return delay_->impaired().next();
}

// What comes back to the worker, its connection tracking judges.
void Half::send(std::span<const uint8_t> packet, TimePoint now) {
  const auto flow = out_ ? wire::flow_of(ip_of(packet)) : std::nullopt;
  if (!flow) return write(packet, {}, {}, now);
  const auto found = parts_.cache.look(wire_, *flow, wire::may_begin_flow(ip_of(packet)), now,
                                       parts_.bulletin.generation.load(std::memory_order_acquire));
  if (found.standing != wire::Standing::kDenied) return write(packet, found, *flow, now);
  tallies_.denied.add();
  record(packet, PacketFate::kDenied);
}

// A question is put behind the write, before which the kernel has said what it makes of the packet,
// about what was known before it.
void Half::write(std::span<const uint8_t> packet, wire::FlowCache::Found found,
                 const wire::FlowKey& flow, TimePoint now) {
  if (!found.ask && join(packet)) return;
  write_joined();
  const Question question{.ticket = found.ticket,
                          .flow = flow,
                          .written = now,
                          .generation = parts_.bulletin.generation.load(std::memory_order_acquire),
                          .phase = parts_.bulletin.phase.load(std::memory_order_acquire),
                          .wire = wire_};
  const bool written = ::write(to_, packet.data(), packet.size()) >= 0;
  if (written) {
    tallies_.packets.add();
    tallies_.bytes.add(ip_of(packet).size());
  } else {
    tallies_.unsent.add();
  }
  record(packet, written ? PacketFate::kPassed : PacketFate::kUnsent);
  if (!found.ask) return;
  if (written && parts_.questions.push(question)) {
    parts_.has_asked = true;
    return;
  }
  if (written) tallies_.unasked.add();
  parts_.cache.settle(found.ticket, wire::Standing::kAsked);
}

// Who watches packets is told of each what became of it.
bool Half::join(std::span<const uint8_t> packet) {
  if (!joins_ || delay_ || parts_.bulletin.is_read.load(std::memory_order_relaxed)) return false;
  if (parts_.joined.add(packet)) return true;
  write_joined();
  return parts_.joined.add(packet);
}

void Half::write_joined() {
  if (parts_.joined.empty()) return;
  const auto number = parts_.joined.count();
  const auto packet = parts_.joined.packet();
  if (::write(to_, packet.data(), packet.size()) >= 0) {
    tallies_.packets.add(number);
    tallies_.bytes.add(parts_.joined.bytes());
  } else {
    tallies_.unsent.add(number);
  }
  parts_.joined.clear();
}

void Half::record(std::span<const uint8_t> packet, PacketFate fate) {
  if (!parts_.bulletin.is_read.load(std::memory_order_relaxed)) return;
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  const CarriedPacket carried{
      .at_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(since_1970).count(),
      .facts = wire::facts_of(ip_of(packet)),
      .wire = wire_,
      .out = out_,
      .fate = fate};
  if (!parts_.records.push(carried)) parts_.unrecorded.add();
  parts_.has_recorded = true;
}

}  // namespace egress::wires
