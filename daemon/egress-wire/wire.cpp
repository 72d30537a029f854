// SPDX-License-Identifier: MIT
#include "egress-wire/wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "kernel/tun/device.hpp"

namespace egress::wires {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongest = std::chrono::hours(24 * 365 * 100);

int64_t ms_of(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

Wire::Wire(std::string name, uint16_t number, Carrier& carrier, Judge& judge, const Clock& clock)
    : name_(std::move(name)), number_(number), carrier_(carrier), judge_(judge), clock_(clock) {}

Wire::~Wire() {
  carrier_.remove(number_);
  judge_.dismiss(number_);
}

bool Wire::has_device(const settings::WireEnd& wanted) const {
  const End& present = end(wanted.in_worker);
  return present.queue.valid() && present.settings.link == wanted.link &&
         kernel::has_device(present.queue.get());
}

Status Wire::set_end(const settings::WireEnd& wanted, UniqueFd queue) {
  End& place = wanted.in_worker ? worker_ : vnet_;
  const bool is_new = queue.valid();
  End next{.settings = wanted, .queue = std::move(queue)};
  if (wanted.imposed && wanted.imposed->until_ms != 0) {
    const int64_t now = ms_of(clock_.now());
    const milliseconds left(std::max(wanted.imposed->until_ms, now) - now);
    next.ends_at = clock_.monotonic() + std::min(left, kLongest);
  }
  if (!is_new) next.queue = std::move(place.queue);
  End before = std::exchange(place, std::move(next));
  if (Status applied = apply(is_new); !applied.ok()) {
    if (!is_new) before.queue = std::move(place.queue);
    place = std::move(before);
    return applied;
  }
  return {};
}

UniqueFd Wire::remove_end(bool in_worker) {
  End gone = std::exchange(in_worker ? worker_ : vnet_, End{});
  if (!apply(false).ok()) {
    // For want of room for what comes instead of something that is over. Whoever carries must not
    // go on with a queue that is closed.
    carrier_.remove(number_);
    in_force_ = {};
  }
  return std::move(gone.queue);
}

InForce Wire::wanted() const {
  const auto& [impairment, imposed] =
      std::tie(worker_.settings.impairment, worker_.settings.imposed);
  InForce wanted;
  if (!imposed || (worker_.ends_at && clock_.monotonic() >= *worker_.ends_at)) {
    if (impairment && impairment->any()) wanted.impairment = impairment;
    return wanted;
  }
  wanted.held = imposed->held;
  if (imposed->impairment.any()) wanted.impairment = imposed->impairment;
  if (imposed->until_ms != 0) wanted.until_ms = imposed->until_ms;
  return wanted;
}

// Packets that are lost, wait or are counted one by one are to be of their own size. Whether both
// devices take joined datagrams then.
bool Wire::offload(bool on) const {
  bool all = true;
  for (const End* const each : {&worker_, &vnet_}) {
    if (!each->queue.valid()) continue;
    const auto set = kernel::set_offload(each->queue.get(), on);
    // One that has been removed since is told of by the pass that makes it anew.
    all = all && set.ok() && *set == kernel::Offload::kTcpAndUdp;
  }
  return all;
}

Status Wire::apply(bool has_new_queue) {
  const InForce next = wanted();
  Placement placement{.wire = number_,
                      .tallies = &tallies_,
                      .worker = worker_.queue.get(),
                      .vnet = vnet_.queue.get(),
                      .held = next.held,
                      .replaces_delays = next.impairment != in_force_.impairment};
  if (placement.replaces_delays && next.impairment) {
    ASSIGN_OR_RETURN(placement.delays[0], Delay::make(*next.impairment, true));
    ASSIGN_OR_RETURN(placement.delays[1], Delay::make(*next.impairment, false));
  }
  const bool whole_packets = next.impairment || next.held;
  const bool changes = has_new_queue || whole_packets != (in_force_.impairment || in_force_.held);
  if (changes && whole_packets) takes_joined_ = offload(false);
  placement.joins = takes_joined_;
  carrier_.place(placement);
  // Not before: what still delayed would have got segments of many packets.
  if (changes && !whole_packets) {
    takes_joined_ = offload(true);
    placement.joins = takes_joined_;
    placement.replaces_delays = false;
    carrier_.place(placement);
  }
  in_force_ = next;
  return {};
}

Status Wire::refresh() {
  return wanted() == in_force_ ? Status() : apply(false);
}

std::optional<std::chrono::steady_clock::time_point> Wire::ends_at() const {
  return in_force_.until_ms ? worker_.ends_at : std::nullopt;
}

Result<settings::StepsTaken> Wire::step(int packets) {
  if (!in_force_.held) {
    return Error{.code = Errc::kConflict, .message = name_ + " is not held"};
  }
  if (packets < 1 || packets > settings::kWireQueue) {
    return Error{.code = Errc::kInvalid,
                 .message = fmt::format("a step is of 1 to {} packets, not {}",
                                        settings::kWireQueue, packets)};
  }
  if (!has_end(true) || !has_end(false)) return settings::StepsTaken{};
  return carrier_.step(number_, packets);
}

settings::OneWire Wire::report() const {
  Findings findings = judge_.findings(number_);
  settings::OneWire report{
      .wire = name_,
      .carrying = !in_force_.held && has_device(worker_.settings) && has_device(vnet_.settings),
      .out = tallies_.out.counts(),
      .in = tallies_.in.counts(),
      .flows = findings.flows,
      .impairment = in_force_.impairment,
      .held = in_force_.held,
      .until_ms = in_force_.until_ms,
      .disagreements = {findings.disagreements.begin(), findings.disagreements.end()}};
  const uint64_t unasked = tallies_.out.unasked.value();
  report.flows.asked += unasked;
  report.flows.untold += unasked;
  return report;
}

}  // namespace egress::wires
