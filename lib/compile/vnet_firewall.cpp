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
constexpr uint32_t kResetSeconds = 10;

// Addresses of integrations, here and in connected peers.
NftMap integration_set(const Vnet& vnet) {
  NftElements elements;
  for (const auto& [address, integration] : vnet.analysed.integrations_near) {
    elements.push_back({{address}});
  }
  return make_map({.key = {NftField::kDaddr}}, elements);
}

// Of what begins (azure-facts 9.7). Lists cannot name other protocols and ask no port of the
// host's.
state::NftChain carried() {
  using namespace policy;
  return {.rules = {{kNotCarried, "protocols that no network carries"},
                    {fmt::format("udp sport {} counter drop", kHostPort), "the host's port"},
                    {fmt::format("udp sport {} udp dport {} counter drop", kDhcpClientPort,
                                 kDhcpServerPort),
                     "DHCP"}}};
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
      std::string from = "from/" + subnet.ref.subnet;
      std::string to = subnet.inbound ? "to/" + subnet.ref.subnet : "";
      if (const policy::Interface* own = with_lists(endpoint)) {
        from = add_interface(*own, subnet);
        to = add_interface_inbound(endpoint.port, *own, subnet);
      }
      ports_.from.push_back(
          {{endpoint.port}, endpoint.sender.empty() ? from : add_sender(endpoint, from)});
      if (!to.empty()) ports_.to.push_back({{endpoint.port}, to});
    }
    add_interface_hooks();
    for (const PeerPort& port : vnet_.peer_ports) add_peer(port);
    add_outside_ports(table_, fabric_, vnet_, ports_);
    add_errors();
    table_.maps["from"] =
        make_map({.key = {NftField::kIifname}, .data = NftData::kVerdict}, ports_.from);
    table_.maps["to"] =
        make_map({.key = {NftField::kOifname}, .data = NftData::kVerdict}, ports_.to);
  }

 private:
  static state::NftRule steering(uint32_t table) {
    return {set_packet_mark(table), "its route table"};
  }

  void add_subnet(const policy::Network::Subnet& analysed) {
    const std::string& subnet = analysed.ref.subnet;
    const GateSpec out = outbound_gate(analysed);
    const GateSpec in{gate_chain(lab::Direction::kInbound, subnet), lab::Direction::kInbound,
                      out.id, std::nullopt};
    if (analysed.outbound) add_gate(fabric_, table_, *analysed.outbound, out);
    if (analysed.platform) add_gate(fabric_, table_, *analysed.platform, platform_gate(analysed));
    table_.chains["from/" + subnet] = {
        .rules = way_in(analysed, subnet, analysed.outbound ? &out : nullptr,
                        entry_of(analysed.outbound, out.chain), platform_entry(analysed))};
    if (!analysed.inbound) return;
    add_gate(fabric_, table_, *analysed.inbound, in);
    table_.chains["to/" + subnet] = {
        .rules = behind_admitted(in, entry(*analysed.inbound, in.chain), "its security list")};
  }

  // Empty where there is no list.
  static std::string entry_of(const std::shared_ptr<const policy::Gate>& list,
                              const std::string& chain) {
    return list ? entry(*list, chain) : std::string();
  }

  static std::string platform_entry(const policy::Network::Subnet& analysed) {
    return entry_of(analysed.platform, platform_chain(analysed.ref.subnet));
  }

  static std::vector<state::NftRule> behind_admitted(const GateSpec& gate, const std::string& next,
                                                     const std::string& comment) {
    std::vector<state::NftRule> rules;
    add_admitted_before(rules, gate);
    rules.push_back({"goto " + next, comment});
    return rules;
  }

  GateSpec outbound_gate(const policy::Network::Subnet& analysed) const {
    const std::string& subnet = analysed.ref.subnet;
    return {gate_chain(lab::Direction::kOutbound, subnet), lab::Direction::kOutbound,
            vnet_.gates.at(subnet), vnet_.tables.at(table_key(analysed))};
  }

  GateSpec platform_gate(const policy::Network::Subnet& analysed) const {
    return {platform_chain(analysed.ref.subnet), lab::Direction::kOutbound, 0,
            vnet_.tables.at(table_key(analysed))};
  }

  // What a port's packets meet, and behind it the list of the gate, if there is one, by the chain
  // `list`. `key` stands for whose ports these are. What is for the platform goes past it, unless
  // rules name the platform's tags: then by the chain of those alone.
  std::vector<state::NftRule> way_in(const policy::Network::Subnet& analysed,
                                     const std::string& key, const GateSpec* out,
                                     const std::string& list, const std::string& platform) {
    const uint32_t table = vnet_.tables.at(table_key(analysed));
    std::vector<state::NftRule> rules = {steering(table)};
    const std::string answers = public_answers_key(fabric_.network, analysed);
    if (!answers.empty()) rules.push_back(answers_past_nat_gateway(vnet_.tables.at(answers)));
    rules.insert(rules.end(), answers_.begin(), answers_.end());
    if (out != nullptr) add_admitted_before(rules, *out);
    rules.push_back(
        {is_for_platform() + (platform.empty() ? " accept" : " goto " + platform), "platform"});
    rules.push_back({"jump carried", "what the network carries"});
    if (!vnet_.analysed.integrations_near.empty()) {
      const std::string next = add_way_to_integrations(table_, key, table, list);
      rules.push_back({"ip daddr @integrations goto " + next, "integrations"});
    }
    if (!list.empty()) rules.push_back({"goto " + list, "its security list"});
    return rules;
  }

  const policy::Interface* with_lists(const Endpoint& endpoint) const {
    if (endpoint.interface == policy::kNowhere) return nullptr;
    const policy::Interface& machine = fabric_.network.interfaces[endpoint.interface];
    return machine.has_lists() ? &machine : nullptr;
  }

  // None of a list that the machine has no longer (policy/narrowing.hpp).
  uint32_t gate_of(const policy::Interface& machine) const {
    const auto gate = vnet_.gates.find(interface_gate_key(machine.name));
    return gate == vnet_.gates.end() ? 0 : gate->second;
  }

  // Of what leaves, the machine's own list is the first. Both have admitted what bears the
  // machine's number; the subnet's list, which has the last word, gives its own (see
  // add_interface_hooks).
  std::string add_interface(const policy::Interface& machine,
                            const policy::Network::Subnet& subnet) {
    const uint32_t table = vnet_.tables.at(table_key(subnet));
    const uint32_t id = gate_of(machine);
    const GateSpec out{interface_chain(lab::Direction::kOutbound, machine.name),
                       lab::Direction::kOutbound, id, table,
                       entry_of(subnet.outbound, outbound_gate(subnet).chain)};
    add_gate(fabric_, table_, *machine.outbound, out);
    std::string platform = platform_entry(subnet);
    if (machine.platform) {
      const GateSpec gate{interface_platform_chain(machine.name), lab::Direction::kOutbound, 0,
                          table, platform};
      add_gate(fabric_, table_, *machine.platform, gate);
      platform = entry(*machine.platform, gate.chain);
    }
    std::string chain = "nic/" + machine.name;
    table_.chains[chain] = {
        .rules = way_in(subnet, chain, &out, entry(*machine.outbound, out.chain), platform)};
    if (!subnet.outbound || id == 0) return chain;
    const std::string admitted = "admitted_nic/" + machine.name;
    table_.chains[admitted] = {
        .rules = {{was_admitted_by(lab::Direction::kOutbound, outbound_gate(subnet).id) + " " +
                       remember_gate(lab::Direction::kOutbound, id),
                   "admitted by both lists"}}};
    const std::string& port = fabric_.link(vnet_.netns, machine_port(machine));
    admitted_.push_back({{port}, admitted});
    return chain;
  }

  // Of what enters it is the last, in a chain of its own behind all others. Returns the chain in
  // front of the subnet's list, if there is one.
  std::string add_interface_inbound(const std::string& port, const policy::Interface& machine,
                                    const policy::Network::Subnet& subnet) {
    const GateSpec in{interface_chain(lab::Direction::kInbound, machine.name),
                      lab::Direction::kInbound, gate_of(machine), std::nullopt};
    add_gate(fabric_, table_, *machine.inbound, in);
    const std::string to = "to_nic/" + machine.name;
    table_.chains[to] = {
        .rules = behind_admitted(in, entry(*machine.inbound, in.chain), "its own list")};
    to_interfaces_.push_back({{port}, to});
    if (!subnet.inbound) return {};
    std::string before = "to_subnet_of/" + machine.name;
    const std::string list = gate_chain(lab::Direction::kInbound, subnet.ref.subnet);
    table_.chains[before] = {
        .rules = behind_admitted(in, entry(*subnet.inbound, list), "its subnet's security list")};
    return before;
  }

  void add_interface_hooks() {
    if (!admitted_.empty()) {
      table_.maps["admitted_nic"] =
          make_map({.key = {NftField::kIifname}, .data = NftData::kVerdict}, admitted_);
      table_.chains["outbound_nic"] = {.hook = state::NftHook{"filter", "prerouting", -140},
                                       .rules = {{"iifname vmap @admitted_nic", "by port"}}};
    }
    if (to_interfaces_.empty()) return;
    table_.maps["to_nic"] =
        make_map({.key = {NftField::kOifname}, .data = NftData::kVerdict}, to_interfaces_);
    std::vector<state::NftRule> rules = answers_;
    rules.push_back({"oifname vmap @to_nic", "by port"});
    table_.chains["inbound_nic"] = {.hook = state::NftHook{"filter", "forward", 1},
                                    .rules = std::move(rules)};
  }

  // A machine without IP forwarding sends under its own address, and errors about its own flows.
  std::string add_sender(const Endpoint& endpoint, const std::string& next) {
    const std::string address = endpoint.address.to_string();
    own_.push_back({{endpoint.port, endpoint.address}});
    const policy::Interface& machine = fabric_.network.interfaces[endpoint.interface];
    if (machine.is_reached_by_public_address()) {
      own_.push_back({{endpoint.port, *machine.public_address}});
    }
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
    ports_.from.push_back({{port.port}, "peer/" + port.port});
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

  state::NftTable& table_;
  Fabric& fabric_;
  const Vnet& vnet_;
  const std::vector<state::NftRule> answers_ = answers();
  NftElements own_{};  // machines' addresses, by their ports
  PortMaps ports_{};
  NftElements admitted_{};       // of machines with lists of their own, where their subnet has one
  NftElements to_interfaces_{};  // of machines with lists of their own
  std::set<policy::Index> known_{};  // subnets
};

bool flushes_connections(const policy::Network& network, const Vnet& vnet) {
  const lab::Lab& lab = network.situation.lab;
  const std::vector<policy::Index>& subnets = vnet.analysed.subnets;
  const std::vector<policy::Index>& hosts = vnet.analysed.hosts;
  return std::any_of(subnets.begin(), subnets.end(),
                     [&](policy::Index each) {
                       return policy::flushes_connections(lab, *network.subnets[each].declared);
                     }) ||
         std::any_of(hosts.begin(), hosts.end(), [&](policy::Index each) {
           return policy::flushes_connections(lab, *network.interfaces[each].host);
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
  table.chains["carried"] = carried();
  table.chains["outbound"] = {.hook = state::NftHook{"filter", "prerouting", -150}};
  if (flushes_connections(fabric.network, vnet)) add_denied_flows(table);
  table.chains["outbound"].rules.push_back({"iifname vmap @from", "by port"});
  add_frontends(table, fabric.network, vnet);
  std::vector<state::NftRule>& inbound = table.chains["inbound"].rules;
  table.chains["inbound"].hook = state::NftHook{"filter", "forward", 0};
  if (has_public_machines(fabric.network, vnet)) inbound.push_back(answers_elsewhere());
  inbound.push_back({kLastReset, "resets that end what they answer"});
  for (state::NftRule& rule : answers()) inbound.push_back(std::move(rule));
  inbound.push_back({"oifname vmap @to", "by port"});
  add_platform_answers(table);
  return state::make_firewall(std::move(table));
}

}  // namespace egress::compile
