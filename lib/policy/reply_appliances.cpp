// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "base/special_ranges.hpp"
#include "policy/firewalls.hpp"
#include "policy/reply_state.hpp"

namespace egress::policy {
namespace {

using lab::Verdict;

// A UDP answer that a stateful NVA has seen nothing of begins a flow, for its rules to judge; any
// other is part of none (contract "Decided" 27).
Lost pass_firewall(ReplyState& state, Index index) {
  const Interface& host = state.network.interfaces[index];
  if (!host.stateful()) return std::nullopt;
  if (state.trail.began_at(index, state.packet.destination)) {
    state.passed.insert(index);
    return std::nullopt;
  }
  const std::string& where = state.network.subnets[host.subnet].name;
  if (state.packet.protocol != number_of(Protocol::kUdp)) {
    return state.drop(Stage::kFirewall, where, host.name,
                      fmt::format("{} is stateful and did not see the flow begin, so it drops the "
                                  "answer.",
                                  host.name));
  }
  if (!host.network_rules) return std::nullopt;
  const EffectiveRule& rule = host.network_rules->decide(state.packet);
  Step step = firewall_step(where, host, rule);
  step.reason += fmt::format(" {} did not see the flow begin.", host.name);
  if (rule.rule.access == lab::Access::kDeny) {
    return state.finish(Verdict::kDeny, std::move(step));
  }
  state.note(std::move(step));
  return std::nullopt;
}

}  // namespace

// A stateful NVA that has missed the first answer takes the acknowledgement for no part of the
// connection. A refusal is followed by nothing.
Lost go_on(ReplyState& state) {
  if (state.packet.protocol != number_of(Protocol::kTcp) || state.trail.refused) {
    return std::nullopt;
  }
  for (const Trail::Appliance& each : state.trail.appliances) {
    const Interface& host = state.network.interfaces[each.host];
    if (!host.stateful() || state.passed.contains(each.host)) continue;
    Reply lost = state.drop(Stage::kFirewall, state.network.subnets[host.subnet].name, host.name,
                            fmt::format("{} is stateful and did not see the answer, so it drops "
                                        "what the connection goes on with.",
                                        host.name));
    lost.half_open = true;
    return lost;
  }
  return std::nullopt;
}

// An NVA translates new flows only. TCP and ICMP answers to what it has not seen are no flows at
// all to its connection tracking and stay as they are.
Lost forward(ReplyState& state, Index index) {
  if (Lost lost = pass_firewall(state, index)) return lost;
  const Interface& host = state.network.interfaces[index];
  const bool translates = host.masquerades && !is_rfc1918(state.packet.destination) &&
                          state.packet.protocol == number_of(Protocol::kUdp) &&
                          !state.trail.passed(index, state.packet.destination);
  if (!translates) return std::nullopt;
  return state.drop(
      Stage::kNat, state.network.subnets[host.subnet].name, host.name,
      fmt::format("{} puts its own address in place of the answer's source.", host.name));
}

}  // namespace egress::policy
