// SPDX-License-Identifier: MIT
// Theory of operation. A network knows who sends by the address alone, so it may let a packet on to
// a private port when its source is a lease of the same plan in the same subnet. One set with a row
// for each pair of leases would grow with their square; so the lease's group goes into the packet
// mark, which steers the packet no more until it is let on, and gets its table's number then. The
// worker gives the packet to the app by its port.
#include "compile/private_ports.hpp"

#include <fmt/format.h>

#include <set>

#include "base/slots.hpp"
#include "compile/marks.hpp"
#include "policy/private_ports.hpp"

namespace egress::compile {
namespace {

using state::NftData;
using state::NftElement;
using state::NftField;

// What names a group in its network.
std::string group_of(const lab::Integration& integration) {
  return integration.server_farm + " " + integration.subnet.subnet;
}

// The ports by which the app instances behind a lease are called.
std::vector<uint16_t> ports_of(const policy::Network& network,
                               const policy::Interface& integration) {
  std::vector<uint16_t> ports;
  for (const auto& [name, site] : network.sites) {
    if (site.subnet != integration.subnet) continue;
    if (site.declared->server_farm != integration.integration->server_farm) continue;
    ports.insert(ports.end(), site.private_ports.begin(), site.private_ports.end());
  }
  return ports;
}

}  // namespace

void add_private_port_maps(state::NftTable& table, const policy::Network& network,
                           const policy::Network::Vnet& vnet) {
  std::map<policy::Index, std::vector<uint16_t>> called;
  std::set<std::string> groups;
  for (const policy::Index each : vnet.integrations) {
    const policy::Interface& integration = network.interfaces[each];
    std::vector<uint16_t> ports = ports_of(network, integration);
    if (ports.empty()) continue;
    groups.insert(group_of(*integration.integration));
    called[each] = std::move(ports);
  }
  if (called.empty()) return;
  const auto numbers = probed(groups, kIntegrationGroups);
  std::vector<NftElement> members;
  std::vector<NftElement> private_ports;
  for (const auto& [each, ports] : called) {
    const policy::Interface& integration = network.interfaces[each];
    const uint64_t number = numbers.at(group_of(*integration.integration));
    const auto group = static_cast<uint32_t>(kFirstIntegrationGroup + number);
    members.push_back({{integration.address}, group});
    for (const uint16_t port : ports) {
      private_ports.push_back({{integration.address, uint32_t{port}, group}});
    }
  }
  table.maps["groups"] = make_map({.key = {NftField::kSaddr}, .data = NftData::kMark}, members);
  table.maps["private_ports"] =
      make_map({.key = {NftField::kDaddr, NftField::kDport, NftField::kMark}}, private_ports);
}

std::string add_way_to_integrations(state::NftTable& table, const std::string& sender,
                                    uint32_t routing_table, const std::string& gate) {
  const std::string chain = "to_integration/" + sender;
  const std::string onward = "onward/" + sender;
  std::vector<state::NftRule> rules = {
      {fmt::format("udp dport {} goto {}", policy::kHealthProbePort, onward), "health probe"}};
  if (table.maps.contains("private_ports")) {
    rules.push_back({"meta mark set ip saddr map @groups", "its plan and subnet"});
    const std::string known = "ip daddr . th dport . meta mark @private_ports";
    rules.push_back(
        {fmt::format("meta l4proto {{ tcp, udp }} {} goto {}", known, onward), "private port"});
  }
  rules.push_back({"goto refuse", "integrations"});
  table.chains[chain] = {.rules = std::move(rules)};
  table.chains[onward] = {.rules = {{set_packet_mark(routing_table), "its route table"}}};
  if (!gate.empty()) {
    table.chains[onward].rules.push_back({"goto " + gate, "its security list"});
  }
  return chain;
}

void add_private_ports(state::NftTable& table, const std::vector<NftElement>& ports) {
  if (ports.empty()) return;
  table.maps["private_ports"] =
      make_map({.key = {NftField::kIifname, NftField::kDport}, .data = NftData::kAddress}, ports);
  table.chains["requests"].hook = state::NftHook{"nat", "prerouting", -100};
  table.chains["requests"].rules.push_back(
      {"meta l4proto { tcp, udp } dnat ip to iifname . th dport map @private_ports",
       "private port, to the app"});
  auto& from_network = table.chains.at("from_network").rules;
  from_network.insert(from_network.begin(), {"ct status dnat accept", "private ports"});
  auto& forwarding = table.chains.at("forwarding").rules;
  forwarding.insert(
      forwarding.end() - 1,
      {"ct state related iifname . ct reply ip saddr @own accept", "errors about flows to an app"});
}

}  // namespace egress::compile
