// SPDX-License-Identifier: MIT
#include "inspect/effective.hpp"

#include "compile/names.hpp"

namespace egress::inspect {

EffectiveRoutes effective_routes(const policy::Network::Subnet& subnet) {
  return {subnet.ref, subnet.routing->routes};
}

EffectiveRules effective_rules(const policy::Network::Subnet& subnet, const ChainHits& hits) {
  EffectiveRules all{.subnet = subnet.ref};
  for (const policy::Gate* list : {subnet.outbound.get(), subnet.inbound.get()}) {
    if (list == nullptr) continue;
    for (const policy::EffectiveRule& rule : list->rules) {
      const std::string short_name = rule.name.substr(rule.name.find('/') + 1);
      const auto found = hits.find(compile::rule_chain(rule.rule.direction, subnet.ref.subnet,
                                                       rule.rule.access, short_name));
      RuleHits& last = all.rules.emplace_back(RuleHits{.rule = rule});
      if (found != hits.end()) last.hits = found->second;
    }
  }
  return all;
}

}  // namespace egress::inspect
