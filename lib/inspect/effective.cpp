// SPDX-License-Identifier: MIT
#include "inspect/effective.hpp"

#include "compile/names.hpp"

namespace egress::inspect {

namespace {

// What the chains of a list's rules begin with.
struct GateNames {
  std::string outbound{};
  std::string inbound{};
  std::string platform{};
  std::string machine{};  // of an interface's own list
};

GateNames gates_of(const policy::Network::Subnet& subnet) {
  const std::string& name = subnet.ref.subnet;
  return {compile::gate_chain(lab::Direction::kOutbound, name),
          compile::gate_chain(lab::Direction::kInbound, name), compile::platform_chain(name), ""};
}

GateNames gates_of(const policy::Interface& machine) {
  return {compile::interface_chain(lab::Direction::kOutbound, machine.name),
          compile::interface_chain(lab::Direction::kInbound, machine.name),
          compile::interface_platform_chain(machine.name), machine.name};
}

void add_list(EffectiveRules& all, const policy::Gate* list, const GateNames& names,
              const ChainHits& hits) {
  if (list == nullptr) return;
  const bool outbound = list->classifier.direction == lab::Direction::kOutbound;
  for (const policy::EffectiveRule& rule : list->rules) {
    const std::string short_name = rule.name.substr(rule.name.find('/') + 1);
    RuleHits& last = all.rules.emplace_back(RuleHits{.rule = rule, .machine = names.machine});
    for (const std::string& each : {outbound ? names.outbound : names.inbound, names.platform}) {
      const auto found = hits.find(compile::rule_chain(each, rule.rule.access, short_name));
      if (found != hits.end()) last.hits = last.hits.value_or(0) + found->second;
    }
  }
}

}  // namespace

EffectiveRoutes effective_routes(const policy::Network::Subnet& subnet) {
  EffectiveRoutes listed{.subnet = subnet.ref};
  for (const policy::EffectiveRoute& route : subnet.routing->routes) {
    if (!route.implied) listed.routes.push_back(route);
  }
  return listed;
}

EffectiveRules effective_rules(const policy::Network::Subnet& subnet, const ChainHits& hits) {
  EffectiveRules all{.subnet = subnet.ref};
  add_list(all, subnet.outbound.get(), gates_of(subnet), hits);
  add_list(all, subnet.inbound.get(), gates_of(subnet), hits);
  return all;
}

EffectiveRules effective_rules(const policy::Network& network, policy::Index machine,
                               const ChainHits& hits) {
  const policy::Interface& interface = network.interfaces[machine];
  const policy::Network::Subnet& subnet = network.subnets[interface.subnet];
  EffectiveRules all{.subnet = subnet.ref};
  add_list(all, interface.outbound.get(), gates_of(interface), hits);
  add_list(all, subnet.outbound.get(), gates_of(subnet), hits);
  add_list(all, subnet.inbound.get(), gates_of(subnet), hits);
  add_list(all, interface.inbound.get(), gates_of(interface), hits);
  return all;
}

}  // namespace egress::inspect
