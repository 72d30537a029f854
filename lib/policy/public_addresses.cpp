// SPDX-License-Identifier: MIT
#include "policy/public_addresses.hpp"

#include <fmt/format.h>

#include <optional>
#include <set>

#include "policy/arrival.hpp"
#include "policy/lists.hpp"

namespace egress::policy {
namespace {

using lab::Verdict;

constexpr uint16_t kFirstTranslatedPort = 1024;

// App Service's own source NAT and NAT gateways put ports of their own in place of the sender's.
bool ports_are_translated(const WalkState& state) {
  if (!has_ports(state.packet.protocol)) return false;
  if (state.trail.nat_gateway != kNowhere) return true;
  return state.origin.worker != nullptr && state.trail.exit_host == kNowhere &&
         state.trail.on_premises == kNowhere;
}

// Which may make a difference to the lists.
std::vector<uint16_t> possible_ports(const WalkState& state, const std::vector<ListAt>& lists) {
  if (!ports_are_translated(state)) return {state.packet.source_port};
  std::set<uint16_t> ports{kFirstTranslatedPort};
  const auto add = [&](uint32_t port) {
    if (port >= kFirstTranslatedPort && port <= PortSet::kMax) {
      ports.insert(static_cast<uint16_t>(port));
    }
  };
  for (const ListAt& list : lists) {
    for (const EffectiveRule& rule : list.gate->rules) {
      if (rule.rule.source_ports.is_all()) continue;
      for (const auto& range : rule.rule.source_ports.intervals()) {
        add(range.first);
        add(uint32_t{range.last} + 1);
      }
    }
  }
  return {ports.begin(), ports.end()};
}

std::vector<Ipv4Address> possible_sources(const WalkState& state) {
  if (state.trail.nat_gateway == kNowhere) return {state.packet.source};
  return state.network.nat_gateways[state.trail.nat_gateway].addresses;
}

// Nobody foretells which port such a NAT takes for a flow, nor which of its addresses a NAT gateway
// does. Where lists tell them apart, one that is denied stands for all.
void choose_source(WalkState& state, Index machine) {
  const auto lists = lists_at(state.network, machine, lab::Direction::kInbound);
  const std::vector<uint16_t> ports = possible_ports(state, lists);
  std::optional<Packet> let_in;
  std::optional<Packet> denied;
  for (const Ipv4Address source : possible_sources(state)) {
    for (const uint16_t port : ports) {
      Packet packet = state.packet;
      packet.source = source;
      packet.source_port = port;
      std::optional<Packet>& first = lets_in(state.network, machine, packet) ? let_in : denied;
      if (!first) first = packet;
    }
  }
  state.explanation.depends_on_source = let_in.has_value() && denied.has_value();
  state.packet = denied ? *denied : *let_in;
}

void say_that_it_is_open(WalkState& state, const Interface& machine) {
  const std::string& subnet = state.network.subnets[machine.subnet].name;
  state.note({Stage::kNetworkSecurityGroup, subnet, "Allow", "",
              fmt::format("Neither {} nor {} has a network security group: here what comes from "
                          "the Internet is allowed, where Azure closes a Standard public address.",
                          subnet, machine.name)});
}

}  // namespace

Verdict arrive_by_public_address(WalkState& state, Index index) {
  const Interface& machine = state.network.interfaces[index];
  const Network::Subnet& subnet = state.network.subnets[machine.subnet];
  const std::string address = machine.address.to_string();
  state.packet.destination = machine.address;
  state.enter(subnet.vnet);
  state.trail.public_machine = index;
  state.note({Stage::kNat, subnet.name, address, "",
              fmt::format("{} is the public address of {}: from the edge of {} on the packet is "
                          "for {}.",
                          machine.public_address->to_string(), machine.name,
                          state.vnet_name(subnet.vnet), address)});
  choose_source(state, index);
  if (lists_at(state.network, index, lab::Direction::kInbound).empty()) {
    state.admitted_by = nullptr;
    say_that_it_is_open(state, machine);
  } else if (const Ended ended = pass_lists(state, index, lab::Direction::kInbound)) {
    if (state.explanation.depends_on_source) {
      state.explanation.steps.back().reason +=
          " Flows for which source NAT takes another port or address get in.";
    }
    return *ended;
  }
  state.leave();
  return arrive(state, index, subnet.name);
}

}  // namespace egress::policy
