// SPDX-License-Identifier: MIT
#include "policy/reply.hpp"

#include <fmt/format.h>

#include <set>
#include <variant>

#include "policy/gateways.hpp"
#include "policy/lists.hpp"
#include "policy/load_balancing.hpp"
#include "policy/reply_state.hpp"
#include "policy/steps.hpp"

namespace egress::policy {
namespace {

using lab::Verdict;
using Hop = std::variant<Index, Reply>;  // the host that gets the answer next, or its end

class Return {
 public:
  Return(const Network& network, const Origin& origin, const Flow& flow, const Trail& trail)
      : network_(network), origin_(origin), trail_(trail), state_{network, trail} {
    packet_ = {.protocol = number_of(flow.protocol), .source = flow.destination};
    if (flow.protocol == Protocol::kUdp && trail.refused) {
      packet_.protocol = number_of(Protocol::kIcmp);  // port unreachable
    } else if (flow.protocol != Protocol::kIcmp) {
      packet_.source_port = flow.destination_port;
      packet_.destination_port = flow.source_port;
    }
  }

  Reply run() && {
    Reply end = go_back();
    if (end.verdict == Verdict::kAllow) {
      if (const Lost lost = go_on(state_)) end = *lost;
    }
    end.steps = std::move(state_.steps);
    end.by_ports = state_.by_ports;
    return end;
  }

 private:
  Reply go_back() {
    Hop hop = leave_receiver();
    while (true) {
      if (const Reply* end = std::get_if<Reply>(&hop)) return *end;
      const Index host = std::get<Index>(hop);
      wear_frontend();
      if (const Lost lost = handle(host)) return *lost;
      hop = send_from(host);
    }
  }

  const std::string& vnet_name(Index vnet) const { return network_.vnets[vnet].name; }
  void note(Step step) { state_.note(std::move(step)); }
  Reply finish(Verdict verdict, Step step) { return state_.finish(verdict, std::move(step)); }
  Reply drop(Stage stage, std::string where, std::string name, std::string reason) {
    return state_.drop(stage, std::move(where), std::move(name), std::move(reason));
  }

  Reply drop_at_route(const Network::Subnet& subnet, const EffectiveRoute& route,
                      const std::string& to) {
    return drop(Stage::kRoute, subnet.name, route.name,
                fmt::format("{} sends the answer {}.", route.name, to));
  }

  // The first hop; or the end of what knows its way back by itself.
  Hop leave_receiver() {
    if (trail_.is_probe) {
      const std::string& worker = network_.interfaces[trail_.receiver].name;
      return drop(Stage::kPlatform, worker, "udp/30000", "Nothing answers the platform's probes.");
    }
    if (trail_.receiver == kNowhere) return leave_network();
    if (trail_.endpoint != kNowhere) return leave_endpoint();
    if (trail_.public_machine != kNowhere) return leave_by_public_address();
    if (trail_.on_premises != kNowhere) return leave_on_premises();
    if (network_.interfaces[trail_.receiver].subnet != kNowhere) {
      packet_.source = network_.interfaces[trail_.receiver].address;
      packet_.destination = trail_.passages.back().source;
      return send_from(trail_.receiver);
    }
    return leave_internet();
  }

  // Its network takes the translation back at its edge alone: what a route leads elsewhere comes to
  // nobody who knows it.
  Hop leave_by_public_address() {
    const Interface& machine = network_.interfaces[trail_.public_machine];
    const Network::Subnet& subnet = network_.subnets[machine.subnet];
    const Ipv4Address address = *machine.public_address;
    packet_.source = machine.address;
    packet_.destination = trail_.passages.back().source;
    const EffectiveRoute& route =
        subnet.routing->routes[subnet.routing->lookup.find(packet_.destination)];
    note(route_step(subnet.name, route, packet_.destination));
    if (route.carries_nothing || route.next_hop_type != EffectiveNextHop::kInternet) {
      return drop_at_route(
          subnet, route,
          fmt::format("to {}{}: it does not leave as {}, and nobody there saw the flow begin",
                      name_of(route.next_hop_type),
                      route.next_hop_ip_address
                          ? fmt::format(" {}", route.next_hop_ip_address->to_string())
                          : "",
                      address.to_string()));
    }
    packet_.source = address;
    note({Stage::kNat, subnet.name, address.to_string(), "",
          fmt::format("The answer of {} leaves as {}.", machine.name, address.to_string())});
    return trail_.on_premises == kNowhere ? leave_internet() : leave_on_premises();
  }

  // By the gateway that told the network of the asking one, or that `returnRoutes` name.
  Hop leave_on_premises() {
    const Network::OnPremises& network = network_.on_premises[trail_.on_premises];
    const Trail::Passage* const last = trail_.last_outward();
    packet_.destination =
        last == nullptr ? network_.interfaces[origin_.interface].address : last->source;
    if (last == nullptr) return come_back(network.name);
    const std::string destination = packet_.destination.to_string();
    const Network::GatewayRoute* const route = route_to(network.return_routes, packet_.destination);
    const Index place = Network::place_of_on_premises(trail_.on_premises);
    if (network_.owner(place, packet_.destination) != kNowhere) {
      return drop(Stage::kGateway, network.name, "onPremises/" + network.name,
                  fmt::format("{} is an address of its own in {}.", destination, network.name));
    }
    if (route == nullptr) {
      return drop(Stage::kGateway, network.name, "onPremises/" + network.name,
                  fmt::format("{} has no route back to {}.", network.name, destination));
    }
    const Network::Gateway& gateway = network_.gateways[route->to];
    note({Stage::kGateway, network.name, lab::name_of(Verdict::kAllow), decider_name(gateway),
          fmt::format("{} sends the answer to {} by gateway {}.", network.name, destination,
                      gateway.name)});
    return gateway.interface;
  }

  // What the network refuses itself.
  Hop leave_network() {
    packet_.destination = trail_.passages.back().source;
    return endpoint(trail_.passages.back().vnet);
  }

  Hop leave_internet() {
    const bool by_endpoint = trail_.way == Entry::Way::kServiceEndpoint;
    Step step{Stage::kNat, "internet", "delivered", {}, {}};
    if (by_endpoint) step.stage = Stage::kServiceEndpoint;
    if (trail_.nat_gateway != kNowhere) step.stage = Stage::kNatGateway;
    if (trail_.exit_host == kNowhere) {
      step.reason = origin_.app != nullptr
                        ? "App Service's source NAT brings the answer back to the app."
                        : "The answer comes back over the Internet.";
      return finish(Verdict::kAllow, std::move(step));
    }
    const Interface& exit = network_.interfaces[trail_.exit_host];
    const bool back = trail_.exit_host == origin_.interface;
    step.reason = fmt::format("The answer comes back to {} by the way it went.",
                              back ? origin_.name : exit.name);
    if (back) return finish(Verdict::kAllow, std::move(step));
    note(std::move(step));
    packet_.destination = exit.address;
    return trail_.exit_host;
  }

  // No list and no user route holds the answer of a private endpoint up, and it finds the way to
  // its own network and that one's peers alone (azure-facts 5.5.4; contract "Decided" 26).
  Hop leave_endpoint() {
    packet_.destination = trail_.passages.back().source;
    const Interface& left = network_.interfaces[trail_.endpoint];
    const Index own = left.vnet;
    if (const Lost lost = enter(own)) return *lost;
    if (network_.vnets[own].space.contains(packet_.destination.bits)) return endpoint(own);
    for (const auto& [peer, accepts] : network_.vnets[own].accepts_forwarded_from) {
      if (!network_.vnets[peer].space.contains(packet_.destination.bits)) continue;
      if (const Lost lost = cross(own, peer)) return *lost;
      return endpoint(peer);
    }
    const Index gateway = gateway_towards(network_, own, packet_.destination);
    if (gateway != kNowhere && origin_.on_premises(network_) != kNowhere) {
      return go_to_gateway(own, network_.gateways[gateway].interface);
    }
    return drop(Stage::kPrivateEndpoint, vnet_name(own), "privateEndpoints/" + left.name,
                fmt::format("{} is an address of no network that is peered with {}.",
                            packet_.destination.to_string(), vnet_name(own)));
  }

  // What a machine behind a load balancer answers has the frontend's address from where it leaves
  // the machine's network on, or goes to an appliance in it.
  void wear_frontend() {
    if (trail_.frontend == kNowhere) return;
    packet_.source = network_.interfaces[trail_.frontend].address;
  }

  // A VNet that has not seen the flow takes an answer to an integration for a new connection.
  Lost enter(Index vnet) {
    if (trail_.was_seen_in(vnet, packet_)) return std::nullopt;
    const Interface* owner = network_.integration_near(vnet, packet_.destination);
    if (owner == nullptr) return std::nullopt;
    const std::string& integration = network_.subnets[owner->subnet].name;
    return drop(Stage::kPlatform, vnet_name(vnet), integration,
                fmt::format("{} did not see the flow and takes the answer to {} in {} for a new "
                            "connection to an integration.",
                            vnet_name(vnet), packet_.destination.to_string(), integration));
  }

  // The lists of a host's subnet and of its own.
  Lost pass(Index host, lab::Direction direction) {
    const Network::Subnet& subnet = network_.subnets[network_.interfaces[host].subnet];
    if (trail_.was_seen_in(subnet.vnet, packet_)) return std::nullopt;
    for (const ListAt& list : lists_at(network_, host, direction)) {
      const EffectiveRule& rule = list.gate->decide(packet_);
      const bool allowed = rule.rule.access == lab::Access::kAllow;
      Step step{
          Stage::kNetworkSecurityGroup, list.where, lab::name_of(rule.rule.access), rule.name,
          fmt::format("{} did not see the flow, so {} {} the answer at {}.", vnet_name(subnet.vnet),
                      rule.name, allowed ? "allows" : "denies", list.where)};
      if (!allowed) return finish(Verdict::kDeny, std::move(step));
      note(std::move(step));
    }
    return std::nullopt;
  }

  Lost cross(Index from, Index to) {
    wear_frontend();
    const std::string peering = vnet_name(to) + "/" + vnet_name(from);
    if (!network_.peer_accepts(from, to, packet_.source)) {
      return drop(Stage::kPeering, vnet_name(to), peering,
                  fmt::format("The answer's source {} is not an address of {}, and {} does not "
                              "allow forwarded traffic.",
                              packet_.source.to_string(), vnet_name(from), peering));
    }
    note({Stage::kPeering, vnet_name(to), lab::name_of(Verdict::kAllow), peering,
          fmt::format("{} takes the answer from {}.", vnet_name(to), vnet_name(from))});
    return enter(to);
  }

  // The answer leaves a host's interface: the list and the routes of its subnet.
  Hop send_from(Index host) {
    const Network::Subnet& subnet = network_.subnets[network_.interfaces[host].subnet];
    if (const Lost lost = enter(subnet.vnet)) return *lost;
    if (const Lost lost = pass(host, lab::Direction::kOutbound)) return *lost;
    const Index row = row_of_flow(network_, *subnet.routing,
                                  subnet.routing->lookup.find(packet_.destination), packet_);
    const EffectiveRoute& route = subnet.routing->routes[row];
    const Index target = subnet.routing->targets[row];
    note(route_step(subnet.name, route, packet_.destination));
    switch (route.next_hop_type) {
      case EffectiveNextHop::kVnetLocal: return endpoint(subnet.vnet);
      case EffectiveNextHop::kVNetPeering:
      case EffectiveNextHop::kVNetGlobalPeering:
        if (const Lost lost = cross(subnet.vnet, target)) return *lost;
        return endpoint(target);
      case EffectiveNextHop::kVirtualAppliance: return to_appliance(subnet, route, target);
      case EffectiveNextHop::kVirtualNetworkGateway:
        if (target == kNowhere || origin_.on_premises(network_) == kNowhere) break;
        return go_to_gateway(subnet.vnet, target);
      case EffectiveNextHop::kInternet:
      case EffectiveNextHop::kVirtualNetworkServiceEndpoint:
      case EffectiveNextHop::kInterfaceEndpoint:
      case EffectiveNextHop::kNone: break;
    }
    return drop_at_route(subnet, route,
                         fmt::format("from {} to {}, which does not lead back", subnet.name,
                                     name_of(route.next_hop_type)));
  }

  Reply come_back(const std::string& where) {
    return finish(Verdict::kAllow,
                  {Stage::kDestination, where, "delivered", origin_.name,
                   fmt::format("The answer comes back to {}.", packet_.destination.to_string())});
  }

  // Towards a network on-premises, which is none but the sender's.
  Hop go_to_gateway(Index vnet, Index target) {
    wear_frontend();
    const Interface& gateway = network_.interfaces[target];
    if (gateway.vnet != vnet) {
      if (const Lost lost = cross(vnet, gateway.vnet)) return *lost;
    }
    const Network::Gateway& its = network_.gateways[gateway.gateway];
    const auto* const route = route_to(its.routes, packet_.destination);
    const Index home = origin_.on_premises(network_);
    if (route == nullptr) {
      return drop(Stage::kGateway, vnet_name(its.vnet), decider_name(its),
                  fmt::format("Gateway {} does not bring the answer to {}.", its.name,
                              packet_.destination.to_string()));
    }
    const Index chosen = network_for(network_, its, *route, packet_);
    if (route->to.size() > 1) state_.by_ports = state_.by_ports || has_ports(packet_.protocol);
    if (chosen == home) return come_back(network_.on_premises[home].name);
    return drop(
        Stage::kGateway, vnet_name(its.vnet), decider_name(its),
        fmt::format("Gateway {} brings the answer to {}, not to {}.", its.name,
                    chosen_text(network_, *route, chosen), network_.on_premises[home].name));
  }

  Hop endpoint(Index vnet) {
    const bool home = origin_.vnet(network_) == vnet;
    if (home && packet_.destination == network_.interfaces[origin_.interface].address) {
      return come_back(vnet_name(vnet));
    }
    const Index host = network_.machine_at(vnet, packet_.destination);
    if (host == kNowhere || network_.interfaces[host].host == nullptr) {
      return drop(Stage::kDestination, vnet_name(vnet), packet_.destination.to_string(),
                  fmt::format("{} has no way to {} for the answer.", vnet_name(vnet),
                              packet_.destination.to_string()));
    }
    if (const Lost lost = pass(host, lab::Direction::kInbound)) return *lost;
    return host;
  }

  Hop to_appliance(const Network::Subnet& subnet, const EffectiveRoute& route, Index target) {
    if (target == kNowhere) {
      return drop_at_route(subnet, route,
                           fmt::format("to {}, which no host in reach owns",
                                       route.next_hop_ip_address->to_string()));
    }
    if (is_handed_over(network_, target, packet_)) {
      wear_frontend();
      const Index frontend = target;
      target = next_hop_for(network_, frontend, packet_);
      if (target == kNowhere) return drop_at_route(subnet, route, "to a frontend of nobody");
      note(hand_over_step(network_, frontend, target));
    }
    const Interface& appliance = network_.interfaces[target];
    const bool own = appliance.address == packet_.destination;
    if (!own && !appliance.forwards()) {
      return drop_at_route(subnet, route,
                           fmt::format("to {}, which has enableIPForwarding off", appliance.name));
    }
    if (!own && !visited_.insert({target, packet_.destination}).second) {
      return drop(Stage::kRoute, subnet.name, route.name,
                  fmt::format("The answer loops at {}.", appliance.name));
    }
    if (appliance.vnet != subnet.vnet) {
      if (const Lost lost = cross(subnet.vnet, appliance.vnet)) return *lost;
    }
    if (const Lost lost = pass(target, lab::Direction::kInbound)) return *lost;
    return target;
  }

  // What a host does with an answer: take it, where it asked; take its own translation back, or
  // forward.
  Lost handle(Index index) {
    const Interface& host = network_.interfaces[index];
    if (packet_.destination != host.address) return forward(state_, index);
    if (index == origin_.interface) return come_back(vnet_name(host.vnet));
    const Trail::Translation* const translation = trail_.translation_at(index);
    if (translation == nullptr) {
      return drop(Stage::kDestination, network_.subnets[host.subnet].name, host.name,
                  fmt::format("The answer ends at {}.", host.name));
    }
    state_.passed.insert(index);
    packet_.destination = translation->original;
    note({Stage::kNat, network_.subnets[host.subnet].name, packet_.destination.to_string(), "",
          fmt::format("{} takes its translation back: the answer is for {}.", host.name,
                      packet_.destination.to_string())});
    return std::nullopt;
  }

  const Network& network_;
  const Origin& origin_;
  const Trail& trail_;
  ReplyState state_;
  Packet& packet_ = state_.packet;
  std::set<std::pair<Index, Ipv4Address>> visited_{};  // NVAs that had the answer, by destination
};

}  // namespace

Reply reply_of(const Network& network, const Origin& origin, const Flow& flow, const Trail& trail) {
  return Return(network, origin, flow, trail).run();
}

}  // namespace egress::policy
