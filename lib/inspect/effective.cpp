// SPDX-License-Identifier: MIT
#include "inspect/effective.hpp"

#include "compile/names.hpp"

namespace egress::inspect {

EffectiveRoutes effective_routes(const policy::Network::Subnet& subnet) {
  EffectiveRoutes listed{.subnet = subnet.ref};
  for (const policy::EffectiveRoute& route : subnet.routing->routes) {
    if (!route.implied) listed.routes.push_back(route);
  }
  return listed;
}

EffectiveRules effective_rules(const policy::Network::Subnet& subnet, const ChainHits& hits) {
  EffectiveRules all{.subnet = subnet.ref};
  for (const policy::Gate* list : {subnet.outbound.get(), subnet.inbound.get()}) {
    if (list == nullptr) continue;
    const std::string gate = compile::gate_chain(list->classifier.direction, subnet.ref.subnet);
    for (const policy::EffectiveRule& rule : list->rules) {
      const std::string short_name = rule.name.substr(rule.name.find('/') + 1);
      RuleHits& last = all.rules.emplace_back(RuleHits{.rule = rule});
      for (const std::string& each : {gate, compile::platform_chain(subnet.ref.subnet)}) {
        const auto found = hits.find(compile::rule_chain(each, rule.rule.access, short_name));
        if (found != hits.end()) last.hits = last.hits.value_or(0) + found->second;
      }
    }
  }
  return all;
}

}  // namespace egress::inspect
