// SPDX-License-Identifier: MIT
#include "policy/nat_gateway.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "policy/refused_ports.hpp"

namespace egress::policy {
namespace {

using lab::Verdict;

std::string what_it_shows(const Network::NatGateway& gateway) {
  std::vector<std::string> addresses;
  for (const Ipv4Address address : gateway.addresses) addresses.push_back(address.to_string());
  if (addresses.size() == 1) {
    return fmt::format("NAT gateway {} shows its address {}.", gateway.name, addresses.front());
  }
  return fmt::format("NAT gateway {} shows one of its addresses, for each flow by a hash: {}.",
                     gateway.name, fmt::join(addresses, ", "));
}

}  // namespace

void add_nat_gateways(Network& network) {
  std::map<std::string, Index> numbers;
  const lab::Lab& lab = network.situation.lab;
  for (Network::Subnet& subnet : network.subnets) {
    if (!subnet.declared->nat_gateway) continue;
    const std::string& name = *subnet.declared->nat_gateway;
    const auto [known, added] =
        numbers.emplace(name, static_cast<Index>(network.nat_gateways.size()));
    subnet.nat_gateway = known->second;
    if (!added) continue;
    const lab::NatGateway& declared = lab.nat_gateways.at(name);
    network.nat_gateways.push_back(
        {.name = name,
         .vnet = subnet.vnet,
         .addresses = lab::addresses_of(lab, declared),
         .idle = std::chrono::minutes(declared.idle_timeout_in_minutes)});
  }
}

std::string decider_name(const Network::NatGateway& gateway) {
  return "natGateways/" + gateway.name;
}

Ended leave_by_nat_gateway(WalkState& state, const Network::Subnet& subnet) {
  const Network::NatGateway& gateway = state.network.nat_gateways[subnet.nat_gateway];
  const auto drop = [&](std::string why) {
    return state.stop(Verdict::kDrop, {Stage::kNatGateway, subnet.name, "Drop",
                                       decider_name(gateway), std::move(why)});
  };
  if (state.flow.protocol == Protocol::kIcmp) {
    return drop(fmt::format("NAT gateway {} carries TCP and UDP only.", gateway.name));
  }
  const Interface& sender = state.network.interfaces[state.trail.sender];
  if (state.packet.source != sender.address) {
    return drop(fmt::format("{} is not the address of {}: a NAT gateway takes only a sender's own.",
                            state.packet.source.to_string(), sender.name));
  }
  if (subnet.integration) {
    auto refused = refused_port(state.network, state.origin, state.packet, Exit::kInternet);
    if (refused) return state.stop(Verdict::kDrop, *std::move(refused));
  }
  state.trail.exit_host = state.trail.sender;
  state.trail.nat_gateway = subnet.nat_gateway;
  state.packet.source = gateway.addresses.front();
  state.note({Stage::kNatGateway, subnet.name, state.packet.source.to_string(),
              decider_name(gateway), what_it_shows(gateway)});
  return std::nullopt;
}

}  // namespace egress::policy
