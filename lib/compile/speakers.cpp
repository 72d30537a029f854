// SPDX-License-Identifier: MIT
// Theory of operation. What either side says to the other is looked up in a table of its own before
// all else, so that no route of the lab, nor one that is learned, leads it astray. What BIRD learns
// goes into routing tables that no rule uses: the analysis decides what it means.
#include "compile/speakers.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "compile/data_path.hpp"
#include "compile/ways.hpp"
#include "settings/bird_text.hpp"

namespace egress::compile {
namespace {

using state::kPeeringsTable;

constexpr const char* kSessionsBook = "sessions";
constexpr int kBgpPort = 179;

std::string session_key(const std::string& gateway, const std::string& network) {
  return gateway + "/" + network;
}

Result<Numbers> session_slots(const policy::Situation& situation) {
  std::vector<std::string> keys;
  for (const auto& [name, gateway] : situation.lab.virtual_network_gateways) {
    for (const lab::BgpPeering& peering : lab::bgp_peerings(situation.lab, gateway)) {
      keys.push_back(session_key(name, peering.on_premises));
    }
  }
  return assign_slots("sessions of gateways", keys, state::kFirstLearnedTable,
                      state::kLastLearnedTable, numbers_in(situation.numbers, kSessionsBook));
}

// Of a situation for which numbers() has found enough.
Numbers sessions_of(const policy::Network& network) {
  return *session_slots(network.situation);
}

// BIRD says nothing when it is ready, and of a file that it cannot read only on its standard error.
state::Process process_of(const settings::Bird& bird) {
  const std::string command =
      fmt::format("{0} -p -c {1} && echo ready && exec {0} -f -c {1} -s {2}", kBird,
                  settings::kBirdConfiguration, kBirdControl);
  return {.name = kSpeaker,
          .program = "/bin/sh",
          .arguments = {"-c", command},
          .files = {{settings::kBirdConfiguration, settings::to_text(bird)}},
          .rereads_files = true};
}

void lead_to_peerings(state::NetnsState& netns) {
  netns.rules.insert({.priority = kSteeringPriority, .table = kPeeringsTable, .iif = "lo"});
}

}  // namespace

std::map<std::string, SpeakerPlace> speakers_of(const policy::Network& network,
                                                const std::string& prefix) {
  std::map<std::string, SpeakerPlace> speakers;
  const lab::Lab& lab = network.situation.lab;
  const Numbers tables = sessions_of(network);
  for (const auto& [name, gateway] : lab.virtual_network_gateways) {
    for (const lab::BgpPeering& peering : lab::bgp_peerings(lab, gateway)) {
      SpeakerPlace& place = speakers[name];
      place.process = {gateway_netns(prefix, name), kSpeaker};
      place.sessions.emplace(tables.at(session_key(name, peering.on_premises)),
                             peering.on_premises);
    }
  }
  return speakers;
}

Status number_sessions(const policy::Situation& situation, NumberBook& book) {
  ASSIGN_OR_RETURN(book[kSessionsBook], session_slots(situation));
  return {};
}

void add_speaker(Fabric& fabric, const policy::Network::Gateway& gateway, state::NetnsState& netns,
                 state::NftTable& table) {
  const policy::Network& network = fabric.network;
  const lab::Lab& lab = network.situation.lab;
  const auto peerings = lab::bgp_peerings(lab, *gateway.declared);
  if (!fabric.options.bird_installed || peerings.empty()) return;
  const std::string name = gateway_netns(fabric.options.prefix, gateway.name);
  const lab::BgpSettings& local = peerings.front().local;
  settings::Bird bird{.address = *local.bgp_peering_address,
                      .asn = local.asn,
                      .told = lab::told_prefixes(lab, gateway.name)};
  const Numbers tables = sessions_of(network);
  std::vector<state::NftRule> input;
  lead_to_peerings(netns);
  for (const lab::BgpPeering& peering : peerings) {
    const Ipv4Address neighbour = *peering.remote.bgp_peering_address;
    const std::string& link = fabric.link(name, connection_link(peering.on_premises));
    bird.sessions.push_back(
        {tables.at(session_key(gateway.name, peering.on_premises)), neighbour, peering.remote.asn});
    add(netns, route_via(kPeeringsTable, Ipv4Prefix::host(neighbour), link, kTransitGateway));
    input.push_back({fmt::format("iifname \"{}\" ip saddr {} tcp dport {} accept", link,
                                 neighbour.to_string(), kBgpPort),
                     peering.on_premises});
  }
  input.push_back({fmt::format("tcp dport {} reject with tcp reset", kBgpPort), "not a neighbour"});
  table.chains["speaker"] = {.hook = state::NftHook{"filter", "input", 0},
                             .rules = std::move(input)};
  netns.processes[kSpeaker] = process_of(bird);
}

void add_neighbour(Fabric& fabric, const policy::Network::OnPremises& network,
                   state::NetnsState& netns, state::NftTable& table) {
  const lab::Lab& lab = fabric.network.situation.lab;
  const std::string name = on_premises_netns(fabric.options.prefix, network.name);
  std::vector<state::NftRule> input;
  for (const policy::Index index : network.gateways) {
    const policy::Network::Gateway& gateway = fabric.network.gateways[index];
    for (const lab::BgpPeering& peering : lab::bgp_peerings(lab, *gateway.declared)) {
      if (!fabric.options.bird_installed || peering.on_premises != network.name) continue;
      const Ipv4Address there = *peering.local.bgp_peering_address;
      const policy::Interface& interface = fabric.network.interfaces[gateway.interface];
      const std::string& link = fabric.link(name, machine_port(interface));
      add(netns, route_via(kPeeringsTable, Ipv4Prefix::host(there), link, kTransitGateway));
      input.push_back({fmt::format("iifname \"{}\" ip saddr {} accept", link, there.to_string()),
                       gateway.name});
    }
  }
  if (input.empty()) return;
  const Ipv4Address own = *network.declared->bgp_settings->bgp_peering_address;
  netns.addresses.insert({"lo", own, 32});
  lead_to_peerings(netns);
  input.push_back({"iifname \"lo\" accept", "itself"});
  input.push_back({fmt::format("ip daddr {} drop", own.to_string()), "no machine"});
  table.chains["speaker"] = {.hook = state::NftHook{"filter", "input", 0},
                             .rules = std::move(input)};
}

}  // namespace egress::compile
