// SPDX-License-Identifier: MIT
#include "policy/public_addresses.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "policy/arrival.hpp"
#include "policy/lists.hpp"

namespace egress::policy {
namespace {

using lab::Verdict;

// A NAT gateway shows each flow one of its addresses, by a hash that nobody foretells. Where lists
// tell them apart, one that is denied stands for all.
void choose_source(WalkState& state, Index machine) {
  if (state.trail.nat_gateway == kNowhere) return;
  const auto& addresses = state.network.nat_gateways[state.trail.nat_gateway].addresses;
  const auto is_let_in = [&](Ipv4Address source) {
    Packet packet = state.packet;
    packet.source = source;
    return lets_in(state.network, machine, packet);
  };
  const auto denied = std::find_if_not(addresses.begin(), addresses.end(), is_let_in);
  if (denied == addresses.end()) return;
  state.explanation.depends_on_source = std::any_of(addresses.begin(), addresses.end(), is_let_in);
  state.packet.source = *denied;
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
          " Flows that show another address of the NAT gateway get in.";
    }
    return *ended;
  }
  state.leave();
  return arrive(state, index, subnet.name);
}

}  // namespace egress::policy
