// SPDX-License-Identifier: MIT
#include "policy/walk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "policy/arrival.hpp"
#include "policy/departure.hpp"
#include "policy/exits.hpp"
#include "policy/firewalls.hpp"
#include "policy/gateways.hpp"
#include "policy/lists.hpp"
#include "policy/load_balancing.hpp"
#include "policy/private_ports.hpp"
#include "policy/refused_ports.hpp"
#include "policy/steps.hpp"

namespace egress::policy {
namespace {

using lab::Verdict;

Packet packet_of(const Flow& flow) {
  const bool ported = flow.protocol != Protocol::kIcmp;
  return {.protocol = number_of(flow.protocol),
          .destination = flow.destination,
          .source_port = ported ? flow.source_port : uint16_t{0},
          .destination_port = ported ? flow.destination_port : uint16_t{0}};
}

class Walk {
 public:
  Walk(const Network& network, const Origin& origin, const Flow& flow)
      : network_(network),
        origin_(origin),
        state_{.network = network, .origin = origin, .flow = flow, .packet = packet_of(flow)} {}

  Report run() && {
    state_.explanation.verdict = origin_.app != nullptr ? leave_app() : leave_machine();
    return {std::move(state_.explanation), std::move(state_.trail)};
  }

 private:
  Verdict leave_app() {
    const Network::Site& site = *origin_.app->site;
    const Lane& lane = *origin_.app->lane;
    const bool inside = enters_network(site, lane.routing);
    state_.explanation.path = inside ? lab::Path::kVirtualNetwork : lab::Path::kDirect;
    if (const Ended ended = keep_in_sandbox(state_)) return *ended;
    if (const Ended ended = keep_platform_addresses(state_)) return *ended;
    if (auto refused = refused_port(network_, origin_, packet_, Exit::kWorker)) {
      return stop(Verdict::kDrop, *std::move(refused));
    }
    note(routing_step(origin_.name, lane, packet_.destination, inside));
    if (!inside) return go_directly();
    if (auto unsupported = unsupported_port(origin_, packet_)) note(*std::move(unsupported));
    packet_.source = network_.interfaces[origin_.interface].address;
    note({Stage::kNat, network_.interfaces[origin_.interface].name, packet_.source.to_string(), "",
          fmt::format("The worker sends it with the instance's integration address {}.",
                      packet_.source.to_string())});
    return go_through_vnets(origin_.interface);
  }

  bool enters_network(const Network::Site& site, const TrafficRouting& routing) const {
    switch (routing.scope) {
      case TrafficRouting::Scope::kNothing: return false;
      case TrafficRouting::Scope::kPrivate:
        return site.scope_addresses.contains(packet_.destination.bits);
      case TrafficRouting::Scope::kEverything: return true;
    }
    return false;
  }

  Verdict leave_machine() {
    const Interface& machine = network_.interfaces[origin_.interface];
    const bool inside = machine.vnet != kNowhere;
    state_.explanation.path = inside ? lab::Path::kVirtualNetwork : lab::Path::kDirect;
    if (const Ended ended = keep_platform_addresses(state_)) return *ended;
    packet_.source = machine.address;
    if (origin_.on_premises(network_) != kNowhere) return leave_by_network_on_premises();
    return inside ? go_through_vnets(origin_.interface) : arrive_on_internet(state_);
  }

  Verdict leave_by_network_on_premises() {
    const std::variant<Index, Verdict> way = leave_on_premises(state_);
    if (const auto* const ended = std::get_if<Verdict>(&way)) return *ended;
    state_.explanation.path = lab::Path::kVirtualNetwork;
    return go_through_vnets(network_.gateways[std::get<Index>(way)].interface);
  }

  void note(Step step) { state_.note(std::move(step)); }
  Verdict stop(Verdict verdict, Step step) { return state_.stop(verdict, std::move(step)); }
  Verdict drop_at_route(const Network::Subnet& subnet, const EffectiveRoute& route,
                        const std::string& why) {
    return state_.drop_at_route(subnet, route, why);
  }
  const std::string& vnet_name(Index vnet) const { return state_.vnet_name(vnet); }

  Verdict go_directly() {
    if (const Ended ended = leave_directly(state_)) return *ended;
    return arrive_on_internet(state_);
  }

  // Azure's order at each subnet, beginning with the sender's: its outbound list, then its routes.
  Verdict go_through_vnets(Index sender) {
    Index at = network_.interfaces[sender].subnet;
    trail_.sender = sender;
    state_.enter(network_.subnets[at].vnet);
    if (auto refused = refused_by_network(network_, origin_, packet_, network_.subnets[at].vnet)) {
      return stop(Verdict::kDrop, *std::move(refused));
    }
    while (true) {
      const Network::Subnet& subnet = network_.subnets[at];
      if (const Ended ended = keep_from_integrations(subnet.vnet, Entrance::kSubnet)) return *ended;
      if (const Ended ended = pass_lists(state_, trail_.sender, lab::Direction::kOutbound)) {
        return *ended;
      }
      if (trail_.appliances.empty()) state_.first_rule = state_.admitted_by;
      const Index row = row_of_flow(network_, *subnet.routing,
                                    subnet.routing->lookup.find(packet_.destination), packet_);
      const EffectiveRoute& route = subnet.routing->routes[row];
      take(subnet, route);
      if (route.carries_nothing) {
        return drop_at_route(subnet, route,
                             "it stands in place of a private endpoint's route and leads nowhere");
      }
      Index target = subnet.routing->targets[row];
      switch (route.next_hop_type) {
        case EffectiveNextHop::kVnetLocal: return deliver_locally(subnet, route);
        case EffectiveNextHop::kVNetPeering:
        case EffectiveNextHop::kVNetGlobalPeering: return deliver_in_peer(subnet, target);
        case EffectiveNextHop::kInternet: return go_to_internet(subnet, route);
        case EffectiveNextHop::kVirtualNetworkServiceEndpoint:
          return go_by_service_endpoint(subnet, route);
        case EffectiveNextHop::kInterfaceEndpoint: return go_to_endpoint(subnet, target);
        case EffectiveNextHop::kVirtualAppliance:
          if (const Ended ended = pass_appliance(subnet, route, target)) return *ended;
          at = network_.interfaces[target].subnet;
          break;
        case EffectiveNextHop::kNone:
          return drop_at_route(subnet, route, "its next hop None discards the packet");
        case EffectiveNextHop::kVirtualNetworkGateway: return go_to_gateway(subnet, route, target);
      }
    }
  }

  void take(const Network::Subnet& subnet, const EffectiveRoute& route) {
    if (state_.first_route == nullptr) {
      state_.first_route = &route;
      state_.explanation.next_hop =
          NextHop{name_of(route.next_hop_type), route.next_hop_ip_address};
    }
    note(route_step(subnet.name, route, packet_.destination));
  }

  // By which a packet comes into a VNet.
  enum class Entrance { kSubnet, kPeering };

  // Integrations in it, and in its peers, as destinations.
  Ended keep_from_integrations(Index vnet, Entrance entrance) {
    const Interface* owner = network_.integration_near(vnet, packet_.destination);
    if (owner == nullptr || takes(*owner, vnet, entrance)) return std::nullopt;
    const std::string& integration = network_.subnets[owner->subnet].name;
    // Only the sender's own network finds the way back for the refusal.
    state_.explanation.refused = origin_.vnet(network_) == vnet;
    std::string reason = fmt::format(
        "{} is an integration address of {}; integrations are outbound only, so the "
        "connection is refused in {}.",
        packet_.destination.to_string(), integration, vnet_name(vnet));
    if (const auto app = app_of_private_port(network_, *owner, packet_)) {
      reason += fmt::format(" {} is a private port of {}, for other instances of its plan alone.",
                            packet_.destination_port, *app);
    }
    return stop(Verdict::kDrop,
                {Stage::kPlatform, vnet_name(vnet), "refused", integration, std::move(reason)});
  }

  bool takes(const Interface& integration, Index vnet, Entrance entrance) const {
    const bool own =
        origin_.interface != kNowhere && &network_.interfaces[origin_.interface] == &integration;
    if (own) return false;  // the worker refuses it
    if (is_health_probe(packet_)) return true;
    return entrance == Entrance::kSubnet && integration.vnet == vnet &&
           is_from_another_instance(network_, integration, packet_.source) &&
           app_of_private_port(network_, integration, packet_).has_value();
  }

  Ended cross(Index from, Index to) {
    state_.leave();
    const std::string peering = vnet_name(to) + "/" + vnet_name(from);
    if (!network_.peer_accepts(from, to, packet_.source)) {
      return stop(Verdict::kDrop,
                  {Stage::kPeering, vnet_name(to), "Drop", peering,
                   fmt::format("{} is not an address of {}, and {} does not allow forwarded "
                               "traffic.",
                               packet_.source.to_string(), vnet_name(from), peering)});
    }
    note({Stage::kPeering, vnet_name(to), "Allow", peering,
          fmt::format("{} takes the packet from {}.", vnet_name(to), vnet_name(from))});
    state_.enter(to);
    return keep_from_integrations(to, Entrance::kPeering);
  }

  Verdict deliver_locally(const Network::Subnet& subnet, const EffectiveRoute& route) {
    const Index owner = network_.owner(subnet.vnet, packet_.destination);
    if (owner != kNowhere) return deliver(owner, subnet.vnet);
    if (!network_.vnets[subnet.vnet].space.contains(packet_.destination.bits)) {
      return drop_at_route(subnet, route,
                           "VnetLocal reaches only what is in the virtual network itself");
    }
    return nobody(state_, vnet_name(subnet.vnet));
  }

  // What comes over a peering reaches endpoints only; it is not routed on.
  Verdict deliver_in_peer(const Network::Subnet& subnet, Index peer) {
    if (const Ended ended = cross(subnet.vnet, peer)) return *ended;
    const Index owner = network_.owner(peer, packet_.destination);
    return owner == kNowhere ? nobody(state_, vnet_name(peer)) : deliver(owner, subnet.vnet);
  }

  // `from` is the VNet from which it comes to the one that it is in.
  Verdict deliver(Index index, Index from) {
    if (network_.interfaces[index].frontend != kNowhere) {
      if (const Ended ended = take_by_frontend(state_, index, from, index)) return *ended;
    }
    const Interface& owner = network_.interfaces[index];
    const Network::Subnet& subnet = network_.subnets[owner.subnet];
    if (owner.endpoint != nullptr) return deliver_to_endpoint(index, subnet);
    if (const Ended ended = pass_lists(state_, index, lab::Direction::kInbound)) return *ended;
    state_.leave();
    if (owner.integration != nullptr) return arrive_at_integration(state_, index);
    return arrive(state_, index, subnet.name);
  }

  // contract "Decided" 24
  Verdict deliver_to_endpoint(Index index, const Network::Subnet& subnet) {
    const Interface& endpoint = network_.interfaces[index];
    const std::string name = "privateEndpoints/" + endpoint.name;
    state_.admitted_by = nullptr;
    const auto drop = [&](const std::string& why) {
      return stop(Verdict::kDrop, {Stage::kPrivateEndpoint, subnet.name, "Drop", name, why});
    };
    if (endpoint.endpoint->status != lab::EndpointStatus::kApproved) {
      return drop(fmt::format("The connection of {} is not approved.", endpoint.name));
    }
    if (state_.flow.protocol == Protocol::kIcmp) {
      return drop(fmt::format("{} takes no ICMP.", endpoint.name));
    }
    if (subnet.endpoints_inbound) {
      const ListAt list{subnet.endpoints_inbound.get(), subnet.name};
      if (const Ended ended = pass_list(state_, list, lab::Direction::kInbound)) return *ended;
    }
    state_.leave();
    const std::string& service = network_.interfaces[endpoint.behind].name;
    note({Stage::kPrivateEndpoint, subnet.name, "Allow", name,
          fmt::format("{} hands it to {} with the source that it has.", endpoint.name, service)});
    return arrive_at_endpoint(state_, index);
  }

  static const char* why_to_no_gateway(const Network::Vnet& vnet) {
    switch (vnet.gateways.size()) {
      case 0: return "the network has no gateway";
      case 1: return "a user route leads to no ExpressRoute gateway";
      default: return "a user route leads to no gateway where VPN and ExpressRoute stand together";
    }
  }

  Verdict go_to_gateway(const Network::Subnet& subnet, const EffectiveRoute& route, Index target) {
    if (target == kNowhere) {
      return drop_at_route(subnet, route, why_to_no_gateway(network_.vnets[subnet.vnet]));
    }
    const Interface& gateway = network_.interfaces[target];
    if (gateway.vnet != subnet.vnet) {
      if (const Ended ended = cross(subnet.vnet, gateway.vnet)) return *ended;
    }
    if (packet_.destination == gateway.address) return deliver(target, subnet.vnet);
    state_.leave();
    return leave_by_gateway(state_, gateway.gateway);
  }

  // `target` becomes the appliance, where it is a frontend.
  Ended pass_appliance(const Network::Subnet& subnet, const EffectiveRoute& route, Index& target) {
    if (target == kNowhere) {
      return drop_at_route(
          subnet, route,
          fmt::format("no host in {} or a connected peer owns {}", vnet_name(subnet.vnet),
                      route.next_hop_ip_address->to_string()));
    }
    if (is_handed_over(network_, target, packet_)) {
      if (const Ended ended = hand_to_appliance(state_, subnet, route, target, target)) {
        return ended;
      }
    }
    const Interface& appliance = network_.interfaces[target];
    const bool own = appliance.address == packet_.destination;
    if (!own && !appliance.forwards()) {
      // It is sent the packet all the same.
      if (appliance.vnet != subnet.vnet || lets_in(network_, target, packet_)) state_.leave();
      return drop_at_route(subnet, route,
                           fmt::format("{} has enableIPForwarding off", appliance.name));
    }
    const bool had_it = std::any_of(trail_.appliances.begin(), trail_.appliances.end(),
                                    [&](const auto& each) { return each.host == target; });
    if (!own && had_it) {
      return drop_at_route(subnet, route,
                           fmt::format("it is a loop, {} had the packet before", appliance.name));
    }
    if (appliance.vnet != subnet.vnet) {
      if (const Ended ended = cross(subnet.vnet, appliance.vnet)) return ended;
    }
    if (own) return deliver(target, subnet.vnet);
    if (const Ended ended = pass_lists(state_, target, lab::Direction::kInbound)) return ended;
    state_.leave();
    if (const Ended ended = pass_firewall(state_, appliance)) return ended;
    forward(target, network_.subnets[appliance.subnet]);
    return std::nullopt;
  }

  void forward(Index target, const Network::Subnet& subnet) {
    const Interface& appliance = network_.interfaces[target];
    trail_.appliances.push_back({target, packet_.source});
    trail_.sender = target;
    state_.passes_again = true;
    const Ipv4Address own = appliance.address;
    if (!translates(appliance, packet_.source, packet_.destination)) return;
    trail_.translations.push_back({target, packet_.source});
    packet_.source = own;
    state_.enter(appliance.vnet);
    note({Stage::kNat, subnet.name, own.to_string(), "",
          fmt::format("{} puts its own address {} in place of the source, as the "
                      "destination is public.",
                      appliance.name, own.to_string())});
  }

  Verdict go_to_internet(const Network::Subnet& subnet, const EffectiveRoute& route) {
    if (const Ended ended = leave_by_route(state_, subnet, route)) return *ended;
    return arrive_on_internet(state_);
  }

  Verdict go_by_service_endpoint(const Network::Subnet& subnet, const EffectiveRoute& route) {
    if (const Ended ended = leave_by_service_endpoint(state_, subnet, route)) return *ended;
    const bool somebody = network_.machine_at(kNowhere, packet_.destination) != kNowhere;
    if (somebody) state_.leave();
    return arrive_on_internet(state_);
  }

  Verdict go_to_endpoint(const Network::Subnet& subnet, Index endpoint) {
    const Index vnet = network_.interfaces[endpoint].vnet;
    if (vnet != subnet.vnet) {
      if (const Ended ended = cross(subnet.vnet, vnet)) return *ended;
    }
    return deliver(endpoint, subnet.vnet);
  }

  const Network& network_;
  const Origin& origin_;
  WalkState state_;
  Packet& packet_ = state_.packet;
  Trail& trail_ = state_.trail;
};

}  // namespace

Report walk(const Network& network, const Origin& origin, const Flow& flow) {
  return Walk(network, origin, flow).run();
}

}  // namespace egress::policy
