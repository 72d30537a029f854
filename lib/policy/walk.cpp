// SPDX-License-Identifier: MIT
#include "policy/walk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "policy/kept_ranges.hpp"
#include "policy/steps.hpp"

namespace egress::policy {
namespace {

using lab::Verdict;
using Ended = std::optional<Verdict>;  // empty: the packet goes on

const Ipv4Prefix* kept_in_worker(Ipv4Address destination) {
  const auto* range =
      std::find_if(std::begin(kKeptInWorker), std::end(kKeptInWorker),
                   [&](const Ipv4Prefix& prefix) { return prefix.contains(destination); });
  return range == std::end(kKeptInWorker) ? nullptr : range;
}

bool listens(const lab::Host& host, const Flow& flow) {
  if (flow.protocol == Protocol::kIcmp) return true;
  return std::find(host.listen.begin(), host.listen.end(),
                   Port{flow.protocol, flow.destination_port}) != host.listen.end();
}

Packet packet_of(const Flow& flow) {
  const bool ported = flow.protocol != Protocol::kIcmp;
  return {.protocol = number_of(flow.protocol),
          .destination = flow.destination,
          .source_port = ported ? flow.source_port : uint16_t{0},
          .destination_port = ported ? flow.destination_port : uint16_t{0}};
}

class Walk {
 public:
  Walk(const Network& network, const Network::App& app, const Flow& flow)
      : network_(network), app_(app), flow_(flow), packet_(packet_of(flow)) {}

  Report run() && {
    explanation_.verdict = leave_app();
    return {std::move(explanation_), std::move(trail_)};
  }

 private:
  Verdict leave_app() {
    const bool inside =
        app_.site->routing.all || app_.site->scope_addresses.contains(packet_.destination.bits);
    explanation_.path = inside ? lab::Path::kVirtualNetwork : lab::Path::kDirect;
    if (const Ipv4Prefix* range = kept_in_worker(packet_.destination)) {
      return stop(Verdict::kDrop,
                  {Stage::kPlatform, where_app(), "Drop", range->to_string(),
                   fmt::format("{} belongs to the platform and never leaves the worker.",
                               packet_.destination.to_string())});
    }
    note(routing_step(where_app(), app_.site->routing, packet_.destination, inside));
    if (!inside) return go_directly();
    packet_.source = *app_.lease;
    note({Stage::kNat, fmt::format("{}/{}", app_.site->declared->server_farm, app_.name.instance),
          packet_.source.to_string(), "",
          fmt::format("The worker sends it with the instance's integration address {}.",
                      packet_.source.to_string())});
    return go_through_vnets();
  }

  void note(Step step) { explanation_.steps.push_back(std::move(step)); }

  // The step decides the flow.
  Verdict stop(Verdict verdict, Step step) {
    explanation_.decided_by = {step.stage, step.name};
    note(std::move(step));
    return verdict;
  }

  std::string where_app() const { return app_.name.to_string(); }
  const std::string& vnet_name(Index vnet) const { return network_.vnets[vnet].name; }

  Verdict go_directly() {
    if (const Ended ended = wear_outbound_address("applicationRouting")) return *ended;
    return arrive_on_internet();
  }

  // Azure's order at each subnet: its outbound list, then its routes.
  Verdict go_through_vnets() {
    Index at = app_.site->subnet;
    if (const Ended ended = enter(network_.subnets[at].vnet)) return *ended;
    while (true) {
      const Network::Subnet& subnet = network_.subnets[at];
      if (const Ended ended = pass(subnet, lab::Direction::kOutbound)) return *ended;
      if (trail_.appliances.empty()) first_rule_ = admitted_by_;
      const Index row = subnet.routing->lookup.find(packet_.destination);
      const EffectiveRoute& route = subnet.routing->routes[row];
      take(subnet, route);
      const Index target = subnet.routing->targets[row];
      switch (route.next_hop_type) {
        case EffectiveNextHop::kVnetLocal: return deliver_locally(subnet, route);
        case EffectiveNextHop::kVNetPeering:
        case EffectiveNextHop::kVNetGlobalPeering: return deliver_in_peer(subnet, target);
        case EffectiveNextHop::kInternet: return leave_to_internet(subnet, route);
        case EffectiveNextHop::kVirtualAppliance:
          if (const Ended ended = pass_appliance(subnet, route, target)) return *ended;
          at = network_.interfaces[target].subnet;
          break;
        case EffectiveNextHop::kNone:
          return drop_at_route(subnet, route, "its next hop None discards the packet");
        case EffectiveNextHop::kVirtualNetworkGateway:
          return drop_at_route(subnet, route, "the network has no gateway");
      }
    }
  }

  void take(const Network::Subnet& subnet, const EffectiveRoute& route) {
    if (first_route_ == nullptr) {
      first_route_ = &route;
      explanation_.next_hop = NextHop{name_of(route.next_hop_type), route.next_hop_ip_address};
    }
    note(route_step(subnet.name, route, packet_.destination));
  }

  Verdict drop_at_route(const Network::Subnet& subnet, const EffectiveRoute& route,
                        const std::string& why) {
    return stop(Verdict::kDrop, {Stage::kRoute, subnet.name, "Drop", route.name,
                                 fmt::format("{} does not carry it: {}.", route.name, why)});
  }

  // The packet, with its present source, comes into a VNet.
  Ended enter(Index vnet) {
    remember_passage(vnet);
    const Interface* owner = network_.integration_near(vnet, packet_.destination);
    if (owner == nullptr) return std::nullopt;
    const std::string& integration = network_.subnets[owner->subnet].name;
    // Only the app's own network finds the way back for the refusal.
    const bool home = network_.subnets[app_.site->subnet].vnet == vnet;
    explanation_.refused = home;
    return stop(Verdict::kDrop,
                {Stage::kPlatform, vnet_name(vnet), "refused", integration,
                 fmt::format("{} is an integration address of {}; integrations are outbound only, "
                             "so the connection is refused in {}.",
                             packet_.destination.to_string(), integration, vnet_name(vnet))});
  }

  void remember_passage(Index vnet) { trail_.passages.push_back({vnet, packet_.source}); }

  Ended cross(Index from, Index to) {
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
    return enter(to);
  }

  Ended pass(const Network::Subnet& subnet, lab::Direction direction) {
    const bool outbound = direction == lab::Direction::kOutbound;
    const std::shared_ptr<const Gate>& gate = outbound ? subnet.outbound : subnet.inbound;
    admitted_by_ = nullptr;
    if (!gate) {
      note(no_list_step(subnet.name, direction));
      return std::nullopt;
    }
    const EffectiveRule& rule = gate->decide(packet_);
    Step step = rule_step(subnet.name, rule, direction);
    if (rule.rule.access == lab::Access::kDeny) return stop(Verdict::kDeny, std::move(step));
    note(std::move(step));
    admitted_by_ = &rule;
    return std::nullopt;
  }

  Verdict deliver_locally(const Network::Subnet& subnet, const EffectiveRoute& route) {
    const Index host = network_.host_at(subnet.vnet, packet_.destination);
    if (host != kNowhere) return deliver(host);
    if (!network_.vnets[subnet.vnet].space.contains(packet_.destination.bits)) {
      return drop_at_route(subnet, route,
                           "VnetLocal reaches only what is in the virtual network itself");
    }
    return nobody(vnet_name(subnet.vnet));
  }

  // What comes over a peering reaches endpoints only; it is not routed on.
  Verdict deliver_in_peer(const Network::Subnet& subnet, Index peer) {
    if (const Ended ended = cross(subnet.vnet, peer)) return *ended;
    const Index host = network_.host_at(peer, packet_.destination);
    return host == kNowhere ? nobody(vnet_name(peer)) : deliver(host);
  }

  Verdict deliver(Index host) {
    const Network::Subnet& subnet = network_.subnets[network_.interfaces[host].subnet];
    if (const Ended ended = pass(subnet, lab::Direction::kInbound)) return *ended;
    return arrive(host, subnet.name);
  }

  Ended pass_appliance(const Network::Subnet& subnet, const EffectiveRoute& route, Index target) {
    const std::string address = route.next_hop_ip_address->to_string();
    if (target == kNowhere) {
      return drop_at_route(subnet, route,
                           fmt::format("no host in {} or a connected peer owns {}",
                                       vnet_name(subnet.vnet), address));
    }
    const Interface& appliance = network_.interfaces[target];
    const bool own = appliance.address == packet_.destination;
    if (!own && !appliance.forwards()) {
      return drop_at_route(subnet, route,
                           fmt::format("{} has enableIPForwarding off", appliance.name));
    }
    if (!own && std::find(trail_.appliances.begin(), trail_.appliances.end(), target) !=
                    trail_.appliances.end()) {
      return drop_at_route(subnet, route,
                           fmt::format("it is a loop, {} had the packet before", appliance.name));
    }
    if (appliance.vnet != subnet.vnet) {
      if (const Ended ended = cross(subnet.vnet, appliance.vnet)) return ended;
    }
    if (own) return deliver(target);
    const Network::Subnet& its = network_.subnets[appliance.subnet];
    if (const Ended ended = pass(its, lab::Direction::kInbound)) return ended;
    forward(target, its);
    return std::nullopt;
  }

  void forward(Index target, const Network::Subnet& subnet) {
    const Interface& appliance = network_.interfaces[target];
    trail_.appliances.push_back(target);
    const Ipv4Address own = appliance.address;
    const bool translates =
        appliance.public_address && packet_.source != own && !is_rfc1918(packet_.destination);
    if (!translates) return;
    trail_.translations.push_back({target, packet_.source});
    packet_.source = own;
    remember_passage(appliance.vnet);
    note({Stage::kNat, subnet.name, own.to_string(), "",
          fmt::format("{} puts its own address {} in place of the source, as the "
                      "destination is public.",
                      appliance.name, own.to_string())});
  }

  Verdict leave_to_internet(const Network::Subnet& subnet, const EffectiveRoute& route) {
    if (subnet.integration) {
      if (const Ended ended = wear_outbound_address(route.name)) return *ended;
      return arrive_on_internet();
    }
    // Only the addresses of the interface it comes from are translated (contract "Decided" 6).
    const Index host = trail_.appliances.back();
    const Interface& owner = network_.interfaces[host];
    if (packet_.source != owner.address || !owner.public_address) {
      return stop(Verdict::kDrop,
                  {Stage::kNat, subnet.name, "Drop", route.name,
                   fmt::format("{} has no public address for {}, so it cannot leave to the "
                               "Internet there.",
                               owner.name, packet_.source.to_string())});
    }
    trail_.exit_host = host;
    packet_.source = *owner.public_address;
    note({Stage::kNat, subnet.name, packet_.source.to_string(), "",
          fmt::format("{} leaves to the Internet as {}.", owner.name, packet_.source.to_string())});
    return arrive_on_internet();
  }

  // App Service's own source NAT, for direct packets and for Internet routes of the integration
  // subnet alike (azure-facts 1.3.3, 1.3.4).
  Ended wear_outbound_address(std::string_view decided_by) {
    if (!app_.worker->outbound) {
      return stop(Verdict::kDrop,
                  {Stage::kNat, "internet", "Drop", std::string(decided_by),
                   "The lab lists no outboundIpAddresses, so App Service has no public source."});
    }
    packet_.source = *app_.worker->outbound;
    note({Stage::kNat, "internet", packet_.source.to_string(), "",
          fmt::format("App Service's source NAT shows the outbound address {}.",
                      packet_.source.to_string())});
    return std::nullopt;
  }

  Verdict arrive_on_internet() {
    const Index host = network_.host_at(kNowhere, packet_.destination);
    return host == kNowhere ? nobody("internet") : arrive(host, "internet");
  }

  Verdict nobody(const std::string& where) {
    return stop(Verdict::kNoRoute,
                {Stage::kDestination, where, "NoRoute", packet_.destination.to_string(),
                 fmt::format("No host owns {}.", packet_.destination.to_string())});
  }

  Verdict arrive(Index index, const std::string& where) {
    const Interface& host = network_.interfaces[index];
    trail_.receiver = index;
    trail_.refused = !listens(*host.host, flow_);
    explanation_.source = packet_.source;
    explanation_.host = host.name;
    explanation_.refused = trail_.refused;
    explanation_.decided_by = decided_by();
    const char* what =
        trail_.refused ? "does not listen there: the port is closed" : "receives the packet";
    note({Stage::kDestination, where, trail_.refused ? "refused" : "delivered", host.name,
          fmt::format("{} {}; it sees {} as the source.", host.name, what,
                      packet_.source.to_string())});
    return Verdict::kAllow;
  }

  // Of a flow that arrived: the rule that let it out of the integration subnet, else the one that
  // let it into the destination's subnet, else its first route.
  DecidedBy decided_by() const {
    if (first_route_ == nullptr) return {Stage::kApplicationRouting, "applicationRouting"};
    if (first_rule_ != nullptr) return {Stage::kNetworkSecurityGroup, first_rule_->name};
    const bool in_vnet = network_.interfaces[trail_.receiver].subnet != kNowhere;
    if (in_vnet && admitted_by_ != nullptr) {
      return {Stage::kNetworkSecurityGroup, admitted_by_->name};
    }
    return {Stage::kRoute, first_route_->name};
  }

  const Network& network_;
  const Network::App& app_;
  const Flow& flow_;
  Packet packet_;
  Explanation explanation_{};
  Trail trail_{};
  const EffectiveRule* admitted_by_ = nullptr;  // the rule that allowed it at the last list
  const EffectiveRule* first_rule_ = nullptr;   // the same at the integration subnet
  const EffectiveRoute* first_route_ = nullptr;
};

}  // namespace

Report walk(const Network& network, const Network::App& app, const Flow& flow) {
  return Walk(network, app, flow).run();
}

}  // namespace egress::policy
