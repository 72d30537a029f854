// SPDX-License-Identifier: MIT
#include "policy/departure.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "policy/kept_ranges.hpp"
#include "policy/near_misses.hpp"
#include "policy/platform.hpp"
#include "policy/sandbox.hpp"

namespace egress::policy {
namespace {

using lab::Verdict;

const Ipv4Prefix* kept_in_worker(Ipv4Address destination) {
  const auto* range =
      std::find_if(std::begin(kKeptInWorker), std::end(kKeptInWorker),
                   [&](const Ipv4Prefix& prefix) { return prefix.contains(destination); });
  return range == std::end(kKeptInWorker) ? nullptr : range;
}

Verdict ask_platform(WalkState& state) {
  const Network& network = state.network;
  const Index interface = state.origin.interface;
  Packet& packet = state.packet;
  if (interface != kNowhere) packet.source = network.interfaces[interface].address;
  PlatformVerdict verdict = platform_verdict(network, state.origin, packet);
  Explanation& explanation = state.explanation;
  if (packet.destination == kAzurePlatform) explanation.path.reset();
  explanation.decided_by = std::move(verdict.decided_by);
  if (verdict.verdict == Verdict::kAllow && interface != kNowhere) {
    explanation.show({packet.source});
  }
  if (verdict.verdict == Verdict::kDeny) {
    const Gate& gate = *verdict.denied_by;
    explanation.nearest = near_misses(gate.rules, gate.decide(packet), packet);
  }
  state.note(std::move(verdict.step));
  return verdict.verdict;
}

}  // namespace

Ended keep_in_sandbox(WalkState& state) {
  const Ipv4Address to = state.packet.destination;
  const bool leaves = is_platform_address(to) && reaches_platform(state.network, state.origin, to);
  if (kept_in_worker(to) != nullptr && !leaves) return std::nullopt;
  auto stopped = stopped_by_sandbox(state.network, state.origin, state.packet);
  if (!stopped) return std::nullopt;
  state.explanation.refused = has_ports(state.packet.protocol);
  return state.stop(Verdict::kDrop, *std::move(stopped));
}

Ended keep_platform_addresses(WalkState& state) {
  const Ipv4Address to = state.packet.destination;
  if (is_platform_address(to)) return ask_platform(state);
  const Ipv4Prefix* range = kept_in_worker(to);
  if (range == nullptr) return std::nullopt;
  const bool worker = state.origin.worker != nullptr;
  return state.stop(Verdict::kDrop,
                    {Stage::kPlatform, state.origin.name, "Drop", range->to_string(),
                     fmt::format("{} belongs to the platform and never leaves the {}.",
                                 to.to_string(), worker ? "worker" : "machine")});
}

}  // namespace egress::policy
