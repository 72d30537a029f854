// SPDX-License-Identifier: MIT
// What ports of a virtual network lead to that are no machine's and no peer's: services by their
// ways, private endpoints, NAT gateways, the Internet.
#include <fmt/format.h>

#include "compile/data_path.hpp"
#include "compile/drop_names.hpp"
#include "compile/marks.hpp"
#include "compile/vnet.hpp"
#include "policy/refused_ports.hpp"

namespace egress::compile {
namespace {

using state::log_and_drop;
using state::NftField;
using state::NftMap;
using NftElements = std::vector<state::NftElement>;

constexpr const char* kResetAgain =
    "ct state invalid ip length 40 tcp flags & (syn | rst) == rst "
    "ip saddr . tcp sport . ip daddr . tcp dport @resets accept";

class OutsidePorts {
 public:
  OutsidePorts(state::NftTable& table, Fabric& fabric, const Vnet& vnet, PortMaps& ports)
      : table_(table), fabric_(fabric), vnet_(vnet), ports_(ports) {}

  void add() {
    for (const WayPort& port : vnet_.way_ports) add_way(port);
    for (const policy::Network::NatGateway& gateway : fabric_.network.nat_gateways) {
      if (gateway.vnet == vnet_.index) add_nat_gateway(gateway);
    }
    add_outside();
  }

 private:
  // Answers alone come back by a way; what goes out by it is an interface's own (contract "Decided"
  // 27), or meets what stands in front of the private endpoint.
  void add_way(const WayPort& port) {
    if (port.way->endpoint != policy::kNowhere) return add_private_endpoint(port);
    ports_.from.push_back({{port.port}, "from_outside"});
    ports_.to.push_back({{port.port}, "to_service"});
    table_.chains["to_service"] = {.rules = senders_own()};
  }

  // Nothing but new flows of an interface's own address.
  std::vector<state::NftRule> senders_own() {
    if (!table_.maps.contains("senders")) {
      NftElements senders;
      for (const Endpoint& endpoint : vnet_.endpoints) {
        senders.push_back({{endpoint.port, endpoint.address}});
      }
      table_.maps["senders"] = senders_set(senders);
    }
    return {{"iifname . ip saddr != @senders counter drop", "not the sender's own address"},
            {"ct state != new counter drop", "no flow"}};
  }

  void add_nat_gateway(const policy::Network::NatGateway& gateway) {
    const std::string& port = fabric_.link(vnet_.netns, nat_port(gateway.name));
    const std::string to = "to_nat/" + gateway.name;
    std::vector<state::NftRule> rules = senders_own();
    if (const auto subscription = policy::refusing_mail(fabric_.network, vnet_.analysed)) {
      NftElements leases;
      for (const policy::Index each : vnet_.analysed.integrations) {
        leases.push_back({{fabric_.network.interfaces[each].address}});
      }
      table_.maps["leases"] = make_map({.key = {NftField::kSaddr}}, leases);
      rules.push_back(
          {"ip saddr @leases tcp dport 25 " + log_and_drop(*subscription), *subscription});
    }
    table_.chains[to] = {.rules = std::move(rules)};
    ports_.from.push_back({{port}, "from_outside"});
    ports_.to.push_back({{port}, to});
  }

  void add_private_endpoint(const WayPort& port) {
    const policy::Interface& endpoint = fabric_.network.interfaces[port.way->endpoint];
    const std::string from = "endpoint/" + endpoint.name;
    std::vector<state::NftRule> rules = {
        {fmt::format("ip saddr != {} counter drop", endpoint.address.to_string()), "not its own"},
        {set_packet_mark(vnet_.tables.at(kEndpointAnswers)), "its route table"}};
    rules.insert(rules.end(), answers_.begin(), answers_.end());
    rules.push_back({"counter drop", "nothing new from an endpoint"});
    table_.chains[from] = {.rules = std::move(rules)};
    ports_.from.push_back({{port.port}, from});
    const std::string to = "to_endpoint/" + endpoint.name;
    table_.chains[to] = {.rules = before_endpoint(endpoint)};
    ports_.to.push_back({{port.port}, to});
  }

  // contract "Decided" 24
  std::vector<state::NftRule> before_endpoint(const policy::Interface& endpoint) {
    if (endpoint.endpoint->status != lab::EndpointStatus::kApproved) {
      return {{"counter drop", "not approved"}};
    }
    std::vector<state::NftRule> rules = {{"ip protocol icmp counter drop", "no ICMP"}};
    const policy::Network::Subnet& subnet = fabric_.network.subnets[endpoint.subnet];
    if (!subnet.endpoints_inbound) return rules;
    const std::string key = endpoint_gate_key(subnet.ref.subnet);
    const GateSpec gate{endpoints_chain(subnet.ref.subnet), lab::Direction::kInbound,
                        vnet_.gates.at(key), std::nullopt};
    if (!table_.chains.contains(gate.chain)) {
      add_gate(fabric_, table_, *subnet.endpoints_inbound, gate);
    }
    add_admitted_before(rules, gate);
    rules.push_back(
        {"goto " + entry(*subnet.endpoints_inbound, gate.chain), "its subnet's security list"});
    return rules;
  }

  void add_outside() {
    table_.chains["from_outside"] = {.rules = {{"ct state established,related accept", "answers"},
                                               {"counter drop", "nothing new from outside"}}};
    table_.chains["to_internet"] = {
        .rules = {{"iifname . ip saddr != @with_public counter drop", "no public address"},
                  {"ct state != new counter drop", "translated nowhere"}}};
    const bool reached = has_public_machines(fabric_.network, vnet_);
    ports_.from.push_back({{"inet0"}, reached ? kFromInternet : "from_outside"});
    ports_.from.push_back({{"stamp0"}, "from_outside"});
    ports_.to.push_back({{"inet0"}, "to_internet"});
    const auto subscription = policy::refusing_mail(fabric_.network, vnet_.analysed);
    if (!subscription) return;
    table_.chains["to_stamp"] = {
        .rules = {{"tcp dport 25 " + log_and_drop(*subscription), *subscription}}};
    ports_.to.push_back({{"stamp0"}, "to_stamp"});
  }

  state::NftTable& table_;
  Fabric& fabric_;
  const Vnet& vnet_;
  PortMaps& ports_;
  const std::vector<state::NftRule> answers_ = answers();
};

}  // namespace

// Who may send by a port.
state::NftMap senders_set(const NftElements& elements) {
  return make_map({.key = {NftField::kIifname, NftField::kSaddr}}, elements);
}

std::vector<state::NftRule> answers() {
  return {{"ct state established,related accept", "answers"}, {kResetAgain, "the answer's end"}};
}

void add_outside_ports(state::NftTable& table, Fabric& fabric, const Vnet& vnet, PortMaps& ports) {
  OutsidePorts(table, fabric, vnet, ports).add();
}

}  // namespace egress::compile
