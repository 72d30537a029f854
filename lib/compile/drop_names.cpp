// SPDX-License-Identifier: MIT
#include "compile/drop_names.hpp"

#include <fmt/format.h>

#include "compile/names.hpp"
#include "policy/refused_ports.hpp"
#include "state/nft_table.hpp"

namespace egress::compile {
namespace {

using DropNames = std::map<std::string, DropName>;

// Those of a gate's chain and of the chains that it leads to (gate.cpp).
void add_gate(DropNames& names, const std::string& chain, const policy::Gate* list,
              const std::string& where) {
  if (list == nullptr) return;
  const lab::Direction direction = list->classifier.direction;
  names[state::drop_prefix(chain)] = {"unclassified", direction, where};
  for (const policy::EffectiveRule& rule : list->rules) {
    if (rule.rule.access != lab::Access::kDeny) continue;
    names[state::drop_prefix(rule_chain(chain, lab::Access::kDeny, rule.name))] = {
        rule.name, direction, where};
  }
}

}  // namespace

DropNames drop_names(const policy::Network& network, policy::Index vnet) {
  const policy::Network::Vnet& analysed = network.vnets[vnet];
  DropNames names;
  for (const policy::Index each : analysed.subnets) {
    const policy::Network::Subnet& subnet = network.subnets[each];
    const std::string& name = subnet.ref.subnet;
    add_gate(names, gate_chain(lab::Direction::kOutbound, name), subnet.outbound.get(),
             subnet.name);
    add_gate(names, gate_chain(lab::Direction::kInbound, name), subnet.inbound.get(), subnet.name);
    add_gate(names, endpoints_chain(name), subnet.endpoints_inbound.get(), subnet.name);
    add_gate(names, platform_chain(name), subnet.platform.get(), subnet.name);
  }
  for (const policy::Index each : analysed.hosts) {
    const policy::Interface& host = network.interfaces[each];
    const std::string where = "host/" + host.name;
    add_gate(names, interface_chain(lab::Direction::kOutbound, host.name), host.outbound.get(),
             where);
    add_gate(names, interface_chain(lab::Direction::kInbound, host.name), host.inbound.get(),
             where);
    add_gate(names, interface_platform_chain(host.name), host.platform.get(), where);
  }
  const auto add_property = [&](const std::string& property) {
    names[state::drop_prefix(property)] = {.rule = property, .where = analysed.name};
  };
  for (const auto& [peer, accepts] : analysed.accepts_forwarded_from) {
    if (!accepts) add_property(allow_forwarded_traffic(analysed.name, network.vnets[peer].name));
  }
  if (const auto subscription = policy::refusing_mail(network, analysed)) {
    add_property(*subscription);
  }
  return names;
}

DropNames drop_names(const policy::Network& network, const policy::Interface& firewall) {
  const std::string& where = network.subnets[firewall.subnet].name;
  DropNames names;
  names[state::drop_prefix(kNetworkRulesChain)] = {.rule = "unclassified", .where = where};
  for (const policy::EffectiveRule& rule : firewall.network_rules->rules) {
    if (rule.rule.access != lab::Access::kDeny) continue;
    const std::string chain = rule_chain(kNetworkRulesChain, lab::Access::kDeny, rule.name);
    names[state::drop_prefix(chain)] = {.rule = rule.name, .where = where};
  }
  return names;
}

std::string allow_forwarded_traffic(const std::string& vnet, const std::string& peer) {
  return fmt::format("{}/{} allowForwardedTraffic", vnet, peer);
}

}  // namespace egress::compile
