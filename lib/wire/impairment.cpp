// SPDX-License-Identifier: MIT
#include "wire/impairment.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace egress::wire {
namespace {

using std::chrono::nanoseconds;

std::mt19937_64 seeded(uint64_t seed, uint32_t direction) {
  std::seed_seq sequence{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32U),
                         direction};
  return std::mt19937_64(sequence);
}

}  // namespace

Impaired::Impaired(const lab::Impairment& impairment, uint32_t direction, std::span<std::byte> slab)
    : impairment_(impairment), random_(seeded(impairment.seed, direction)), slab_(slab) {
  const size_t slots = slab.size() / kSlot;
  waiting_.reserve(slots);
  free_slots_.reserve(slots);
  for (size_t slot = slots; slot > 0; --slot) {
    free_slots_.push_back(static_cast<uint32_t>(slot - 1));
  }
}

bool Impaired::is_later(const Waiting& a, const Waiting& b) {
  return a.due != b.due ? a.due > b.due : a.order > b.order;
}

// Four numbers a packet, whatever becomes of it, so that its fate depends on no other's.
Impaired::Draws Impaired::draw() {
  const auto share = [this] { return std::ldexp(static_cast<double>(random_() >> 11U), -53); };
  Draws draws;
  for (double* const each : {&draws.loss, &draws.duplicate, &draws.reorder, &draws.jitter}) {
    *each = share();
  }
  return draws;
}

// Packets keep their order but for those that overtake: jitter delays all behind one that is late.
TimePoint Impaired::due_at(size_t ip_length, const Draws& draws, TimePoint now) {
  line_free_ = std::max(now, line_free_);
  if (impairment_.rate != 0) {
    const uint64_t bits_in_a_second = uint64_t{8} * ip_length * std::nano::den;
    line_free_ += nanoseconds(bits_in_a_second / impairment_.rate);
  }
  if (draws.reorder < impairment_.reorder) return line_free_;
  const double spread = 2 * draws.jitter - 1;
  const double jitter = spread * static_cast<double>(nanoseconds(impairment_.jitter).count());
  const TimePoint due = line_free_ + impairment_.latency + nanoseconds(std::llround(jitter));
  last_due_ = std::max(last_due_, due);
  return last_due_;
}

bool Impaired::keep(std::span<const uint8_t> packet, size_t ip_length, const Draws& draws,
                    TimePoint now) {
  if (free_slots_.empty()) return false;
  const uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  std::memcpy(&slab_[slot * kSlot], packet.data(), packet.size());
  waiting_.push_back({.due = due_at(ip_length, draws, now),
                      .order = order_++,
                      .slot = slot,
                      .length = static_cast<uint32_t>(packet.size())});
  std::push_heap(waiting_.begin(), waiting_.end(), is_later);
  return true;
}

Impaired::Fate Impaired::take(std::span<const uint8_t> packet, size_t ip_length, TimePoint now) {
  const Draws draws = draw();
  if (draws.loss < impairment_.loss) return Fate::kLost;
  if (packet.size() > kSlot) return Fate::kTooLarge;
  if (!keep(packet, ip_length, draws, now)) return Fate::kOverflow;
  const bool twice = draws.duplicate < impairment_.duplicate;
  return !twice || keep(packet, ip_length, draws, now) ? Fate::kWaits : Fate::kOverflow;
}

std::optional<TimePoint> Impaired::next() const {
  return waiting_.empty() ? std::nullopt : std::optional(waiting_.front().due);
}

std::optional<std::span<const uint8_t>> Impaired::release(TimePoint now) {
  if (waiting_.empty() || waiting_.front().due > now) return std::nullopt;
  std::pop_heap(waiting_.begin(), waiting_.end(), is_later);
  const Waiting due = waiting_.back();
  waiting_.pop_back();
  free_slots_.push_back(due.slot);
  return std::span(reinterpret_cast<const uint8_t*>(&slab_[due.slot * kSlot]), due.length);
}

}  // namespace egress::wire
