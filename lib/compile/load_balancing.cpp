// SPDX-License-Identifier: MIT
// Theory of operation. What is sent to a frontend gets the destination of one of its machines where
// the network delivers it: on ports of subnets whose routes lead it to no appliance, and of peers.
// The flow is then another one than on an earlier way through the network, to an appliance, so its
// first direction is tracked in a zone of its own; answers are in the one that all share, and leave
// with the frontend's address. No table of the sender's subnet leads such a packet any more: its
// mark is taken from it. What no rule takes ends there.
//
// What a frontend is the next hop of comes over a link of its own, also from its own network, and
// keeps its addresses: the mark becomes that of the table by which all goes to the machine chosen.
#include "policy/load_balancing.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "compile/flow_hash.hpp"
#include "compile/marks.hpp"
#include "compile/vnet.hpp"

namespace egress::compile {
namespace {

using policy::Index;
using Frontend = policy::Network::Frontend;
using state::NftData;
using state::NftField;
using Elements = std::vector<state::NftElement>;

std::string taking(const Frontend& frontend) {
  return "frontend/" + frontend.address.to_string();
}

class Frontends {
 public:
  Frontends(state::NftTable& table, const policy::Network& network, const Vnet& vnet)
      : table_(table), network_(network), vnet_(vnet) {}

  void add() {
    for (const Frontend& frontend : network_.frontends) {
      if (network_.interfaces[frontend.interface].vnet != vnet_.index) continue;
      add_ports(frontend);
      add_rules(frontend);
      by_address_.push_back({{frontend.address}, taking(frontend)});
      if (is_next_hop(frontend)) add_handing_over(frontend);
    }
    if (!by_address_.empty()) add_hooks();
  }

 private:
  // From where packets for the frontend are the network's own to deliver.
  void add_ports(const Frontend& frontend) {
    const auto add = [&](const std::string& port) { here_.push_back({{port, frontend.address}}); };
    for (const Endpoint& endpoint : vnet_.endpoints) {
      const policy::Network::Subnet& subnet = network_.subnets[endpoint.subnet];
      if (policy::delivered_from(network_, subnet, frontend)) add(endpoint.port);
    }
    for (const PeerPort& port : vnet_.peer_ports) {
      const bool for_it =
          port.appliance == policy::kNowhere || port.appliance == frontend.interface;
      if (for_it && policy::reached_from(network_, frontend, port.peer)) add(port.port);
    }
  }

  std::string chain_of(const Frontend& frontend, const Frontend::Rule& rule) const {
    return taking(frontend) + "/" + rule.name;
  }

  void add_rules(const Frontend& frontend) {
    std::vector<state::NftRule>& all = table_.chains[taking(frontend)].rules;
    for (const Frontend::Rule& rule : frontend.rules) {
      if (rule.machines.empty()) continue;
      const std::string chain = chain_of(frontend, rule);
      all.push_back(
          {condition_of(*rule.declared) + " goto " + chain, policy::decider_name(frontend, rule)});
      std::vector<std::string> targets;
      for (const Index each : rule.machines) {
        const policy::Interface& machine = network_.interfaces[each];
        targets.push_back(chain + "/to/" + machine.name);
        themselves_.push_back({{machine.address, machine.address}});
        table_.chains[targets.back()] = {.rules = {translation_to(machine, *rule.declared)}};
      }
      add_choice(chain, frontend, rule, true, targets);
    }
  }

  void add_choice(const std::string& chain, const Frontend& frontend, const Frontend::Rule& rule,
                  bool has_ports, const std::vector<std::string>& targets) {
    const policy::FlowHash hash = policy::hash_of(frontend, rule);
    compile::add_choice(table_, chain, hash.seed,
                        policy::hashed_parts(hash.distribution, has_ports), targets);
  }

  static const char* protocol_of(const lab::LoadBalancingRule& rule) {
    return rule.protocol == lab::LoadBalancingProtocol::kTcp ? "tcp" : "udp";
  }

  static std::string condition_of(const lab::LoadBalancingRule& rule) {
    if (rule.for_all_ports()) return "meta l4proto { tcp, udp }";
    return fmt::format("{} dport {}", protocol_of(rule), rule.frontend_port);
  }

  static state::NftRule translation_to(const policy::Interface& machine,
                                       const lab::LoadBalancingRule& rule) {
    const std::string address = machine.address.to_string();
    if (rule.for_all_ports()) return {"dnat to " + address, machine.name};
    return {fmt::format("meta l4proto {} dnat to {}:{}", protocol_of(rule), address,
                        rule.backend_port.value_or(rule.frontend_port)),
            machine.name};
  }

  bool is_next_hop(const Frontend& frontend) const {
    return std::any_of(vnet_.peer_ports.begin(), vnet_.peer_ports.end(),
                       [&](const PeerPort& port) { return port.appliance == frontend.interface; });
  }

  void add_handing_over(const Frontend& frontend) {
    const Frontend::Rule& rule = *policy::rule_for_all_ports(frontend);
    const std::string chain = handing_over(frontend);
    std::vector<std::string> targets;
    for (const Index each : rule.machines) {
      const policy::Interface& machine = network_.interfaces[each];
      targets.push_back(chain + "/to/" + machine.name);
      table_.chains[targets.back()] = {
          .rules = {{set_packet_mark(vnet_.tables.at(transit_key(machine))), machine.name}}};
    }
    std::vector<state::NftRule>& rules = table_.chains[chain].rules;
    for (const bool has_ports : {true, false}) {
      const std::string choice = chain + (has_ports ? "/ports" : "/portless");
      rules.push_back({(has_ports ? "meta l4proto { tcp, udp } goto " : "goto ") + choice,
                       has_ports ? "flows with ports" : "others"});
      add_choice(choice, frontend, rule, has_ports, targets);
    }
  }

  void add_hooks() {
    table_.maps["here"] = make_map({.key = {NftField::kIifname, NftField::kDaddr}}, here_);
    table_.maps["frontends"] =
        make_map({.key = {NftField::kDaddr}, .data = NftData::kVerdict}, by_address_);
    table_.maps["themselves"] =
        make_map({.key = {NftField::kSaddr, NftField::kDaddr}}, themselves_);
    const std::string for_one = "iifname . ip daddr @here ";
    table_.chains["zones"] = {
        .hook = state::NftHook{"filter", "prerouting", -300},
        .rules = {{fmt::format("{}ct original zone set {}", for_one, kFrontendZone), "frontends"}}};
    table_.chains["balancing"] = {.hook = state::NftHook{"nat", "prerouting", -100},
                                  .rules = {{for_one + "ip daddr vmap @frontends", "by address"}}};
    table_.chains["balanced"] = {
        .hook = state::NftHook{"filter", "prerouting", -50},
        .rules = {{for_one + "counter drop", "no rule of the frontend takes it"},
                  {"ct status dnat ip saddr . ip daddr @themselves counter drop",
                   "a machine's own packet"},
                  {"ct status dnat ct direction original " + set_packet_mark(0),
                   "past the routes of the sender's subnet"}}};
  }

  state::NftTable& table_;
  const policy::Network& network_;
  const Vnet& vnet_;
  Elements here_{};
  Elements by_address_{};
  Elements themselves_{};  // machines to which they lead, as senders and receivers
};

}  // namespace

std::string handing_over(const Frontend& frontend) {
  return "next_hop/" + frontend.address.to_string();
}

void add_frontends(state::NftTable& table, const policy::Network& network, const Vnet& vnet) {
  Frontends(table, network, vnet).add();
}

}  // namespace egress::compile
