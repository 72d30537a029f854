// SPDX-License-Identifier: MIT
#include "inspect/effective.hpp"

#include "compile/names.hpp"

namespace egress::inspect {

EffectiveRoutes effective_routes(const policy::Network& network, const lab::SubnetRef& subnet) {
  return {subnet, network.find(subnet)->routing->routes};
}

EffectiveRules effective_rules(const policy::Network& network, const lab::SubnetRef& subnet,
                               const ChainHits& hits) {
  EffectiveRules all{.subnet = subnet};
  const policy::Network::Subnet& analysed = *network.find(subnet);
  for (const policy::Gate* list : {analysed.outbound.get(), analysed.inbound.get()}) {
    if (list == nullptr) continue;
    for (const policy::EffectiveRule& rule : list->rules) {
      const std::string short_name = rule.name.substr(rule.name.find('/') + 1);
      const auto found = hits.find(
          compile::rule_chain(rule.rule.direction, subnet.subnet, rule.rule.access, short_name));
      RuleHits& last = all.rules.emplace_back(RuleHits{.rule = rule});
      if (found != hits.end()) last.hits = found->second;
    }
  }
  return all;
}

}  // namespace egress::inspect
