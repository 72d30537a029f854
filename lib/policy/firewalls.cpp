// SPDX-License-Identifier: MIT
#include "policy/firewalls.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "lab/suggest.hpp"

namespace egress::policy {
namespace {

// What a near miss would have wanted, in the words of the rule.
std::string wanted_of(const lab::NetworkRule& rule, const NearMiss& miss) {
  const auto joined = [](const std::vector<std::string>& texts) {
    return lab::shown(fmt::format("{}", fmt::join(texts, ", ")));
  };
  if (miss.failed_on == "sourceAddress") return joined(texts_of(rule.source_addresses));
  if (miss.failed_on == "destinationAddress") {
    return joined(rule.destination_fqdns.empty() ? texts_of(rule.destination_addresses)
                                                 : rule.destination_fqdns);
  }
  if (miss.failed_on != "protocol") return miss.wanted;
  std::vector<std::string> protocols;
  for (const lab::NetworkRuleProtocol each : rule.ip_protocols)
    protocols.emplace_back(lab::name_of(each));
  return joined(protocols);
}

}  // namespace

Ended pass_firewall(WalkState& state, const Interface& firewall) {
  if (!firewall.network_rules) return std::nullopt;
  const EffectiveRule& rule = firewall.network_rules->decide(state.packet);
  Step step = firewall_step(state.network.subnets[firewall.subnet].name, firewall, rule);
  if (rule.rule.access == lab::Access::kDeny) {
    state.explanation.nearest = near_misses(firewall, rule, state.packet);
    return state.stop(lab::Verdict::kDeny, std::move(step));
  }
  state.note(std::move(step));
  return std::nullopt;
}

Step firewall_step(const std::string& where, const Interface& firewall, const EffectiveRule& rule) {
  const bool by_none = &rule == &firewall.network_rules->rules.back();
  std::string reason =
      by_none ? fmt::format("No network rule of {} matches, and it denies the rest.", firewall.name)
              : fmt::format("{} (priority {}) is the first network rule that matches.", rule.name,
                            rule.rule.priority);
  return {Stage::kFirewall, where, lab::name_of(rule.rule.access), rule.name, std::move(reason)};
}

std::vector<NearMiss> near_misses(const Interface& firewall, const EffectiveRule& denying,
                                  const Packet& packet) {
  std::vector<NearMiss> near;
  for (NearMiss& miss : near_misses(firewall.network_rules->rules, denying, packet)) {
    const std::string name = miss.rule.substr(firewall.name.size() + 1);
    miss.wanted = wanted_of(firewall.host->network_rules.at(name), miss);
    // A rule has a row for each of its protocols.
    const bool told =
        !near.empty() && near.back().rule == miss.rule && near.back().failed_on == miss.failed_on;
    if (!told) near.push_back(std::move(miss));
  }
  return near;
}

}  // namespace egress::policy
