// SPDX-License-Identifier: MIT
#include "policy/exits.hpp"

#include "base/special_ranges.hpp"
#include "policy/nat_gateway.hpp"
#include "policy/refused_ports.hpp"

namespace egress::policy {
namespace {

using lab::Verdict;

// No exit translates towards private addresses (contract "Decided" 26).
bool dropped_at_exits(const WalkState& state) {
  return is_rfc1918(state.packet.destination);
}

std::string private_destination(const WalkState& state) {
  return fmt::format("{} is private, and nothing private is reached over the Internet",
                     state.packet.destination.to_string());
}

Ended refuse_port(WalkState& state, Exit exit) {
  auto refused = refused_port(state.network, state.origin, state.packet, exit);
  if (!refused) return std::nullopt;
  return state.stop(Verdict::kDrop, *std::move(refused));
}

// App Service's own source NAT, for direct packets and for Internet routes of the integration
// subnet alike (azure-facts 1.3.3, 1.3.4).
void wear_outbound_address(WalkState& state) {
  state.packet.source = state.origin.worker->outbound;
  const std::string outbound = state.packet.source.to_string();
  state.note({Stage::kNat, "internet", outbound, "",
              fmt::format("App Service's source NAT shows the outbound address {}.", outbound)});
}

// azure-facts 1.3.10
void wear_key_vault_address(WalkState& state) {
  state.packet.source = kKeyVaultAddress;
  state.note({Stage::kNat, "internet", kKeyVaultAddress.to_string(), "",
              fmt::format("The platform asks Key Vault from {}, which is no outbound address of "
                          "the app.",
                          kKeyVaultAddress.to_string())});
}

// Only the addresses of the interface it comes from are translated (contract "Decided" 6).
Ended wear_public_address(WalkState& state, const Network::Subnet& subnet,
                          const EffectiveRoute& route) {
  const Index sender = state.trail.sender;
  const Interface& owner = state.network.interfaces[sender];
  Packet& packet = state.packet;
  if (packet.source != owner.address || !owner.public_address) {
    return state.stop(
        Verdict::kDrop,
        {Stage::kNat, subnet.name, "Drop", route.name,
         fmt::format("{} has no public address for {}, so it cannot leave to the Internet there.",
                     owner.name, packet.source.to_string())});
  }
  state.trail.exit_host = sender;
  packet.source = *owner.public_address;
  state.note(
      {Stage::kNat, subnet.name, packet.source.to_string(), "",
       fmt::format("{} leaves to the Internet as {}.", owner.name, packet.source.to_string())});
  return std::nullopt;
}

// Whether the network hands it to the exit that the route names, whatever becomes of it there.
bool comes_to_exit(const WalkState& state, const Network::Subnet& subnet) {
  const Interface& sender = state.network.interfaces[state.trail.sender];
  const bool own = state.packet.source == sender.address;
  const bool refused =
      subnet.integration &&
      refused_port(state.network, state.origin, state.packet, Exit::kInternet).has_value();
  if (subnet.nat_gateway != kNowhere) return own && !refused;
  return subnet.integration ? !refused : own && sender.public_address.has_value();
}

}  // namespace

bool translates(const Interface& appliance, Ipv4Address source, Ipv4Address destination) {
  return appliance.masquerades && source != appliance.address && !is_rfc1918(destination);
}

Ended leave_directly(WalkState& state) {
  const lab::TrafficClass traffic = state.origin.app->lane->traffic;
  if (dropped_at_exits(state)) {
    return state.stop(Verdict::kDrop, {Stage::kApplicationRouting, "internet", "Drop",
                                       routing_word(traffic), private_destination(state) + "."});
  }
  if (const Ended ended = refuse_port(state, Exit::kDirect)) return ended;
  if (traffic == lab::TrafficClass::kKeyVault) {
    wear_key_vault_address(state);
  } else {
    wear_outbound_address(state);
  }
  return std::nullopt;
}

// contract "Decided" 27
Ended leave_by_service_endpoint(WalkState& state, const Network::Subnet& subnet,
                                const EffectiveRoute& route) {
  const Interface& sender = state.network.interfaces[state.trail.sender];
  if (state.packet.source != sender.address) {
    return state.stop(Verdict::kDrop,
                      {Stage::kServiceEndpoint, subnet.name, "Drop", route.name,
                       fmt::format("{} is not the address of {}: only its own addresses pass a "
                                   "service endpoint.",
                                   state.packet.source.to_string(), sender.name)});
  }
  state.trail.way = Entry::Way::kServiceEndpoint;
  state.trail.exit_host = state.trail.sender;
  return std::nullopt;
}

Ended leave_by_route(WalkState& state, const Network::Subnet& subnet, const EffectiveRoute& route) {
  if (comes_to_exit(state, subnet)) state.leave();
  if (dropped_at_exits(state)) {
    return state.drop_at_route(subnet, route, private_destination(state));
  }
  if (subnet.nat_gateway != kNowhere) return leave_by_nat_gateway(state, subnet);
  if (!subnet.integration) return wear_public_address(state, subnet, route);
  if (const Ended ended = refuse_port(state, Exit::kInternet)) return ended;
  wear_outbound_address(state);
  return std::nullopt;
}

}  // namespace egress::policy
