// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compile/data_path.hpp"
#include "compile/drop_names.hpp"
#include "compile/marks.hpp"
#include "compile/platform.hpp"
#include "compile/private_ports.hpp"
#include "compile/vnet.hpp"
#include "policy/flush_connection.hpp"
#include "policy/load_balancing.hpp"
#include "policy/private_ports.hpp"
#include "policy/refused_ports.hpp"

namespace egress::compile {
namespace {

using state::log_and_drop;
using state::NftData;
using state::NftField;
using state::NftMap;
using NftElements = std::vector<state::NftElement>;

// Connection tracking forgets a flow with the reset that answers its first packet ("dying"), and
// such a reset may cross the VNet again by way of an NVA. So the VNet remembers what it let pass,
// for as long as connection tracking remembers a closed connection. 40 bytes are two bare headers.
constexpr const char* kLastReset =
    "ct status dying tcp flags & (syn | rst) == rst "
    "update @resets { ip saddr . tcp sport . ip daddr . tcp dport }";
constexpr const char* kResetAgain =
    "ct state invalid ip length 40 tcp flags & (syn | rst) == rst "
    "ip saddr . tcp sport . ip daddr . tcp dport @resets accept";
constexpr uint32_t kResetSeconds = 10;

// Who may send by a port.
NftMap senders_set(const NftElements& elements) {
  return make_map({.key = {NftField::kIifname, NftField::kSaddr}}, elements);
}

// Addresses of integrations, here and in connected peers.
NftMap integration_set(const Vnet& vnet) {
  NftElements elements;
  for (const auto& [address, integration] : vnet.analysed.integrations_near) {
    elements.push_back({{address}});
  }
  return make_map({.key = {NftField::kDaddr}}, elements);
}

// What a port's packets meet on their way in. A port leads to one chain by one lookup, since each
// lookup costs every packet.
class PortChains {
 public:
  PortChains(state::NftTable& table, Fabric& fabric, const Vnet& vnet)
      : table_(table), fabric_(fabric), vnet_(vnet) {}

  void add() {
    for (const Endpoint& endpoint : vnet_.endpoints) {
      const policy::Network::Subnet& subnet = fabric_.network.subnets[endpoint.subnet];
      if (known_.insert(endpoint.subnet).second) add_subnet(subnet);
      const std::string from = "from/" + subnet.ref.subnet;
      from_.push_back(
          {{endpoint.port}, endpoint.sender.empty() ? from : add_sender(endpoint, from)});
      if (subnet.inbound) to_.push_back({{endpoint.port}, "to/" + subnet.ref.subnet});
    }
    for (const PeerPort& port : vnet_.peer_ports) add_peer(port);
    for (const WayPort& port : vnet_.way_ports) add_way(port);
    for (const policy::Network::NatGateway& gateway : fabric_.network.nat_gateways) {
      if (gateway.vnet == vnet_.index) add_nat_gateway(gateway);
    }
    add_outside();
    add_errors();
    table_.maps["from"] = make_map({.key = {NftField::kIifname}, .data = NftData::kVerdict}, from_);
    table_.maps["to"] = make_map({.key = {NftField::kOifname}, .data = NftData::kVerdict}, to_);
  }

 private:
  static state::NftRule steering(uint32_t table) {
    return {set_packet_mark(table), "its route table"};
  }

  void add_subnet(const policy::Network::Subnet& analysed) {
    const std::string& subnet = analysed.ref.subnet;
    const uint32_t id = vnet_.gates.at(subnet);
    const uint32_t table = vnet_.tables.at(table_key(analysed));
    const GateSpec out{gate_chain(lab::Direction::kOutbound, subnet), lab::Direction::kOutbound, id,
                       table};
    const GateSpec in{gate_chain(lab::Direction::kInbound, subnet), lab::Direction::kInbound, id,
                      std::nullopt};
    std::vector<state::NftRule> rules = {steering(table)};
    rules.insert(rules.end(), answers_.begin(), answers_.end());
    if (analysed.outbound) rules.push_back(admitted_before(out));
    rules.push_back(for_platform(analysed, table));
    if (!vnet_.analysed.integrations_near.empty()) {
      const std::string next =
          add_way_to_integrations(table_, subnet, table, analysed.outbound ? out.chain : "");
      rules.push_back({"ip daddr @integrations goto " + next, "integrations"});
    }
    if (analysed.outbound) {
      add_gate(fabric_, table_, *analysed.outbound, out);
      rules.push_back({"goto " + out.chain, "its security list"});
    }
    table_.chains["from/" + subnet] = {.rules = std::move(rules)};
    if (!analysed.inbound) return;
    add_gate(fabric_, table_, *analysed.inbound, in);
    table_.chains["to/" + subnet] = {
        .rules = {admitted_before(in), {"goto " + in.chain, "its security list"}}};
  }

  // Past the list, unless rules of it name the platform's tags: then by those alone.
  state::NftRule for_platform(const policy::Network::Subnet& analysed, uint32_t table) {
    std::string next = " accept";
    if (analysed.platform) {
      const GateSpec gate{platform_chain(analysed.ref.subnet), lab::Direction::kOutbound, 0, table};
      add_gate(fabric_, table_, *analysed.platform, gate);
      next = " goto " + gate.chain;
    }
    return {is_for_platform() + next, "platform"};
  }

  // A machine without IP forwarding sends under its own address, and errors about its own flows.
  std::string add_sender(const Endpoint& endpoint, const std::string& next) {
    const std::string address = endpoint.address.to_string();
    own_.push_back({{endpoint.port, endpoint.address}});
    std::string chain = "sender/" + endpoint.sender;
    table_.chains[chain] = {
        .rules = {{fmt::format("ip saddr != {} counter drop", address), "not its own"},
                  {"ip protocol icmp jump errors", "errors"},
                  {"goto " + next, "its subnet"}}};
    return chain;
  }

  void add_errors() {
    table_.maps["own"] = senders_set(own_);
    table_.chains["errors"] = {
        .rules = {{"ct state invalid counter drop", "about no flow"},
                  {"ct state != related return", "no error"},
                  {"iifname . ct original ip saddr @own return", "about its own flow"},
                  {"iifname . ct original ip daddr @own return", "about a flow to it"},
                  {"counter drop", "about others' flows"}}};
  }

  // A peer's packets whose source is not the peer's own pass only if this side's peering allows it,
  // answers too (azure-facts 6.2).
  void add_peer(const PeerPort& port) {
    from_.push_back({{port.port}, "peer/" + port.port});
    std::vector<state::NftRule>& rules = table_.chains["peer/" + port.port].rules;
    // What the VNet sends to a frontend of its own it has judged as it came.
    const bool own = port.peer == vnet_.index;
    if (!own && !vnet_.analysed.accepts_forwarded_from.at(port.peer)) {
      const std::string property =
          allow_forwarded_traffic(vnet_.analysed.name, fabric_.network.vnets[port.peer].name);
      rules.push_back(
          {fmt::format("ip saddr != @{} {}", own_of(port.peer), log_and_drop(property)), property});
    }
    if (port.appliance != policy::kNowhere) {
      rules.push_back(to_appliance(fabric_.network.interfaces[port.appliance]));
    }
    if (own) return;
    rules.insert(rules.end(), answers_.begin(), answers_.end());
    rules.push_back({is_for_platform() + " counter drop", "platform"});
    rules.push_back(
        {fmt::format("ip daddr @integrations udp dport {} accept", policy::kHealthProbePort),
         "health probe"});
    rules.push_back({"ip daddr @integrations goto refuse", "integrations"});
  }

  state::NftRule to_appliance(const policy::Interface& target) const {
    if (target.frontend == policy::kNowhere) return steering(vnet_.tables.at(transit_key(target)));
    const policy::Network::Frontend& frontend = fabric_.network.frontends[target.frontend];
    return {"jump " + handing_over(frontend), policy::decider_name(frontend)};
  }

  // Answers alone come back by a way; what goes out by it is an interface's own (contract "Decided"
  // 27), or meets what stands in front of the private endpoint.
  void add_way(const WayPort& port) {
    if (port.way->endpoint != policy::kNowhere) return add_private_endpoint(port);
    from_.push_back({{port.port}, "from_outside"});
    to_.push_back({{port.port}, "to_service"});
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
    from_.push_back({{port}, "from_outside"});
    to_.push_back({{port}, to});
  }

  void add_private_endpoint(const WayPort& port) {
    const policy::Interface& endpoint = fabric_.network.interfaces[port.way->endpoint];
    const std::string from = "endpoint/" + endpoint.name;
    std::vector<state::NftRule> rules = {
        {fmt::format("ip saddr != {} counter drop", endpoint.address.to_string()), "not its own"},
        steering(vnet_.tables.at(kEndpointAnswers))};
    rules.insert(rules.end(), answers_.begin(), answers_.end());
    rules.push_back({"counter drop", "nothing new from an endpoint"});
    table_.chains[from] = {.rules = std::move(rules)};
    from_.push_back({{port.port}, from});
    const std::string to = "to_endpoint/" + endpoint.name;
    table_.chains[to] = {.rules = before_endpoint(endpoint)};
    to_.push_back({{port.port}, to});
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
    rules.push_back(admitted_before(gate));
    rules.push_back({"goto " + gate.chain, "its subnet's security list"});
    return rules;
  }

  // The set of the peer's own addresses, and of what is its own by its gateway.
  std::string own_of(policy::Index index) {
    const std::string name = "own/" + fabric_.network.vnets[index].name;
    NftElements own;
    for (const Ipv4Prefix& prefix : to_prefixes(vnet_.analysed.own_of_peers.at(index))) {
      own.push_back({{prefix}});
    }
    table_.maps[name] = make_map({.key = {NftField::kSaddr}, .interval = true}, own);
    return name;
  }

  void add_outside() {
    table_.chains["from_outside"] = {.rules = {{"ct state established,related accept", "answers"},
                                               {"counter drop", "nothing new from outside"}}};
    table_.chains["to_internet"] = {
        .rules = {{"iifname . ip saddr != @with_public counter drop", "no public address"},
                  {"ct state != new counter drop", "translated nowhere"}}};
    from_.push_back({{"inet0"}, "from_outside"});
    from_.push_back({{"stamp0"}, "from_outside"});
    to_.push_back({{"inet0"}, "to_internet"});
    const auto subscription = policy::refusing_mail(fabric_.network, vnet_.analysed);
    if (!subscription) return;
    table_.chains["to_stamp"] = {
        .rules = {{"tcp dport 25 " + log_and_drop(*subscription), *subscription}}};
    to_.push_back({{"stamp0"}, "to_stamp"});
  }

  state::NftTable& table_;
  Fabric& fabric_;
  const Vnet& vnet_;
  const std::vector<state::NftRule> answers_ = {{"ct state established,related accept", "answers"},
                                                {kResetAgain, "the answer's end"}};
  NftElements own_{};  // machines' addresses, by their ports
  NftElements from_{};
  NftElements to_{};
  std::set<policy::Index> known_{};  // subnets
};

// The exits to the Internet: by the stamp under an inside address, or with a public address of
// one's own.
void add_exits(state::NftTable& table, const Fabric& fabric, const Vnet& vnet) {
  const std::vector<policy::Interface>& interfaces = fabric.network.interfaces;
  NftElements inside;
  for (const policy::Index each : vnet.analysed.integrations) {
    inside.push_back({{interfaces[each].address}, fabric.inside_of(interfaces[each])});
  }
  NftElements publics;
  // Azure translates only the addresses of the interface that a packet comes from.
  NftElements sources;
  for (const policy::Index each : vnet.analysed.hosts) {
    const policy::Interface& host = interfaces[each];
    if (!host.public_address) continue;
    sources.push_back({{fabric.link(vnet.netns, machine_port(host)), host.address}});
    publics.push_back({{host.address}, *host.public_address});
  }
  const NftMap translation{.key = {NftField::kSaddr}, .data = NftData::kAddress};
  table.maps["inside"] = make_map(translation, inside);
  table.maps["public"] = make_map(translation, publics);
  table.maps["with_public"] = senders_set(sources);
  table.chains["translation"] = {
      .hook = state::NftHook{"nat", "postrouting", 100},
      .rules = {{"oifname \"stamp0\" snat to ip saddr map @inside", "to App Service's own NAT"},
                {"oifname \"inet0\" snat to ip saddr map @public", "public address"}}};
}

bool flushes_connections(const policy::Network& network, const Vnet& vnet) {
  const std::vector<policy::Index>& subnets = vnet.analysed.subnets;
  return std::any_of(subnets.begin(), subnets.end(), [&](policy::Index each) {
    return policy::flushes_connections(network.situation.lab, *network.subnets[each].declared);
  });
}

void add_denied_flows(state::NftTable& table) {
  table.chains["denied_flow"] = {.rules = {{"counter drop", "flushConnection"}}};
  table.chains["outbound"].rules.push_back(
      {is_denied_flow() + " goto denied_flow", "denied since it began"});
}

}  // namespace

state::Firewall vnet_firewall(Fabric& fabric, const Vnet& vnet) {
  state::NftTable table;
  add_private_port_maps(table, fabric.network, vnet.analysed);
  PortChains(table, fabric, vnet).add();
  add_exits(table, fabric, vnet);
  table.maps["integrations"] = integration_set(vnet);
  table.maps["resets"] = {
      .key = {NftField::kSaddr, NftField::kSport, NftField::kDaddr, NftField::kDport},
      .timeout_seconds = kResetSeconds};
  table.chains["refuse"] = refusal("integrations are outbound only");
  table.chains["outbound"] = {.hook = state::NftHook{"filter", "prerouting", -150}};
  if (flushes_connections(fabric.network, vnet)) add_denied_flows(table);
  table.chains["outbound"].rules.push_back({"iifname vmap @from", "by port"});
  add_frontends(table, fabric.network, vnet);
  table.chains["inbound"] = {.hook = state::NftHook{"filter", "forward", 0},
                             .rules = {{kLastReset, "resets that end what they answer"},
                                       {"ct state established,related accept", "answers"},
                                       {kResetAgain, "the answer's end"},
                                       {"oifname vmap @to", "by port"}}};
  add_platform_answers(table);
  return state::make_firewall(std::move(table));
}

}  // namespace egress::compile
