// SPDX-License-Identifier: MIT
#include "policy/gateways.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/special_ranges.hpp"
#include "lab/suggest.hpp"
#include "policy/arrival.hpp"
#include "policy/equal_ways.hpp"

namespace egress::policy {
namespace {

using lab::Verdict;

// What the network declares, and what it has told gateways.
std::vector<Ipv4Prefix> own_prefixes(const std::string& name, const Situation& situation) {
  const lab::OnPremisesNetwork& network = situation.lab.on_premises.at(name);
  std::vector<Ipv4Prefix> own = network.local_network_address_space;
  own.insert(own.end(), network.advertised_prefixes.begin(), network.advertised_prefixes.end());
  for (const auto& [gateway, sessions] : situation.learned) {
    const auto session = sessions.find(name);
    if (session == sessions.end()) continue;
    for (const LearnedPrefix& each : session->second) own.push_back(each.prefix);
  }
  std::erase_if(own, [](const Ipv4Prefix& prefix) { return prefix.length == 0; });
  return own;
}

class Gateways {
 public:
  explicit Gateways(Network& out) : out_(out), lab_(out.situation.lab) {}

  void add() {
    for (const auto& [name, network] : lab_.on_premises) {
      numbers_[name] = static_cast<Index>(out_.on_premises.size());
      out_.on_premises.push_back({.name = name,
                                  .declared = &network,
                                  .space = address_set(own_prefixes(name, out_.situation))});
    }
    for (const auto& [name, gateway] : lab_.virtual_network_gateways) add_gateway(name, gateway);
    for (Network::Vnet& vnet : out_.vnets) use(vnet);
    for (Network::OnPremises& network : out_.on_premises) {
      prefer_circuits(network.gateways);
      add_return_routes(network);
    }
  }

 private:
  Index vnet_called(const std::string& name) const {
    const auto found = std::find_if(out_.vnets.begin(), out_.vnets.end(),
                                    [&](const Network::Vnet& vnet) { return vnet.name == name; });
    return static_cast<Index>(found - out_.vnets.begin());
  }

  void add_gateway(const std::string& name, const lab::VirtualNetworkGateway& declared) {
    Network::Gateway gateway{
        .name = name, .declared = &declared, .vnet = vnet_called(declared.virtual_network)};
    std::vector<Ipv4Prefix> prefixes;
    for (const lab::GatewayRoute& each : lab::routes_of(lab_, name, out_.situation.learned)) {
      if (gateway.routes.empty() || gateway.routes.back().prefix != each.prefix) {
        gateway.routes.push_back({.prefix = each.prefix});
        prefixes.push_back(each.prefix);
      }
      gateway.routes.back().to.push_back(numbers_.at(each.on_premises));
    }
    gateway.reaches = address_set(prefixes);
    for (const auto& [remote, connection] : declared.connections) {
      out_.on_premises[numbers_.at(remote)].gateways.push_back(
          static_cast<Index>(out_.gateways.size()));
    }
    out_.gateways.push_back(std::move(gateway));
  }

  // A peer takes what comes from on-premises by the gateways that it uses as their network's own.
  void use(Network::Vnet& vnet) {
    for (const std::string& name : lab::gateways_of(lab_, vnet.name)) {
      const auto found =
          std::find_if(out_.gateways.begin(), out_.gateways.end(),
                       [&](const Network::Gateway& each) { return each.name == name; });
      vnet.gateways.push_back(static_cast<Index>(found - out_.gateways.begin()));
    }
    for (const auto& [peer, accepts] : vnet.accepts_forwarded_from) {
      AddressSet own = out_.vnets[peer].space;
      for (const Index each : vnet.gateways) {
        if (out_.gateways[each].vnet == peer) own = own.united(out_.gateways[each].reaches);
      }
      vnet.own_of_peers.emplace(peer, std::move(own));
    }
  }

  // A network on-premises prefers them as Azure does.
  void prefer_circuits(std::vector<Index>& gateways) const {
    std::stable_partition(gateways.begin(), gateways.end(), [&](Index each) {
      return out_.gateways[each].declared->gateway_type == lab::GatewayType::kExpressRoute;
    });
  }

  void add_return_routes(Network::OnPremises& network) const {
    std::map<Ipv4Prefix, Index> routes;
    const auto& returned = network.declared->return_routes;
    if (returned && !network.gateways.empty()) {
      for (const Ipv4Prefix& prefix : *returned) routes.emplace(prefix, network.gateways.front());
    }
    for (const Index gateway : network.gateways) {
      for (const Ipv4Prefix& told : lab::told_prefixes(lab_, out_.gateways[gateway].name)) {
        const bool goes_back =
            !returned || std::any_of(returned->begin(), returned->end(),
                                     [&](const Ipv4Prefix& each) { return each.contains(told); });
        if (goes_back) routes.emplace(told, gateway);
      }
    }
    for (const auto& [prefix, gateway] : routes) network.return_routes.push_back({prefix, gateway});
  }

  Network& out_;
  const lab::Lab& lab_;
  std::map<std::string, Index> numbers_{};  // of networks on-premises
};

// By its own exit, under its address there; nothing private (contract "Decided" 26).
bool leaves_for_internet(const Network::OnPremises& network, Ipv4Address destination) {
  return network.declared->internet_address && !is_rfc1918(destination) &&
         !network.space.contains(destination.bits);
}

// To a machine of the network, or by its exit.
Verdict deliver_on_premises(WalkState& state, Index place) {
  const Network::OnPremises& network = state.network.on_premises[place];
  const Ipv4Address destination = state.packet.destination;
  state.trail.on_premises = place;
  const Index host = state.network.owner(Network::place_of_on_premises(place), destination);
  if (host != kNowhere) return arrive(state, host, network.name);
  if (!leaves_for_internet(network, destination)) return nobody(state, network.name);
  state.packet.source = *network.declared->internet_address;
  state.note({Stage::kNat, network.name, state.packet.source.to_string(), "",
              fmt::format("{} sends it to the Internet as {}.", network.name,
                          state.packet.source.to_string())});
  return arrive_on_internet(state);
}

}  // namespace

void add_gateways(Network& network) {
  Gateways(network).add();
}

bool is_gateway_subnet(const lab::SubnetRef& subnet) {
  return lab::equal_ignoring_case(subnet.subnet, lab::kGatewaySubnet);
}

std::string decider_name(const Network::Gateway& gateway) {
  return "gateways/" + gateway.name;
}

Index gateway_for(const Network& network, Index vnet, const EffectiveRoute& route) {
  const std::vector<Index>& gateways = network.vnets[vnet].gateways;
  const auto found = std::find_if(gateways.begin(), gateways.end(), [&](Index each) {
    const Network::Gateway& gateway = network.gateways[each];
    if (route.source != RouteSource::kUser) return gateway.name == route.gateway;
    return gateways.size() == 1 && gateway.declared->gateway_type == lab::GatewayType::kVpn;
  });
  return found == gateways.end() ? kNowhere : *found;
}

Index gateway_towards(const Network& network, Index vnet, Ipv4Address address) {
  Index towards = kNowhere;
  int longest = -1;
  for (const Index each : network.vnets[vnet].gateways) {
    const auto* const route = route_to(network.gateways[each].routes, address);
    if (route == nullptr || route->prefix.length <= longest) continue;
    towards = each;
    longest = route->prefix.length;
  }
  return towards;
}

uint32_t way_seed(const Network& network, const Network::Gateway& gateway) {
  return network.interfaces[gateway.interface].address.bits;
}

std::vector<std::string> names_of_ways(const Network& network,
                                       const Network::ConnectionRoute& route) {
  std::vector<std::string> names;
  for (const Index each : route.to) names.push_back(network.on_premises[each].name);
  return names;
}

Index network_for(const Network& network, const Network::Gateway& gateway,
                  const Network::ConnectionRoute& route, const Packet& packet) {
  if (route.to.size() == 1) return route.to.front();
  const uint32_t slot = way_slot(way_seed(network, gateway), packet);
  return route.to[preferred_way(names_of_ways(network, route), slot)];
}

Index row_of_flow(const Network& network, const Routing& routing, Index row, const Packet& packet) {
  const EffectiveRoute& first = routing.routes[row];
  if (first.connection.empty()) return row;
  const Interface& interface = network.interfaces[routing.targets[row]];
  const Network::Gateway& gateway = network.gateways[interface.gateway];
  const auto* const route = route_to(gateway.routes, packet.destination);
  if (route == nullptr) return row;
  const std::string& chosen =
      network.on_premises[network_for(network, gateway, *route, packet)].name;
  for (Index each = row; each < routing.routes.size(); ++each) {
    if (routing.routes[each].address_prefix != first.address_prefix) break;
    if (is_equal_way(first, routing.routes[each]) && routing.routes[each].connection == chosen) {
      return each;
    }
  }
  return row;
}

std::string chosen_text(const Network& network, const Network::ConnectionRoute& route,
                        Index chosen) {
  const std::string& name = network.on_premises[chosen].name;
  if (route.to.size() == 1) return name;
  return fmt::format("{}, by the flow's hash one of {}", name,
                     fmt::join(names_of_ways(network, route), ", "));
}

Verdict leave_by_gateway(WalkState& state, Index index) {
  const Network::Gateway& gateway = state.network.gateways[index];
  const std::string& where = state.vnet_name(gateway.vnet);
  const std::string destination = state.packet.destination.to_string();
  const auto* const route = route_to(gateway.routes, state.packet.destination);
  if (route == nullptr) {
    return state.stop(Verdict::kDrop, {Stage::kGateway, where, "Drop", decider_name(gateway),
                                       fmt::format("No connection of gateway {} leads to {}.",
                                                   gateway.name, destination)});
  }
  const Index chosen = network_for(state.network, gateway, *route, state.packet);
  const Network::OnPremises& network = state.network.on_premises[chosen];
  if (route->to.size() > 1) {
    state.explanation.equal_ways.push_back({.gateway = decider_name(gateway),
                                            .connection = network.name,
                                            .connections = names_of_ways(state.network, *route),
                                            .by_ports = has_ports(state.packet.protocol)});
  }
  state.note({Stage::kGateway, where, network.name, decider_name(gateway),
              fmt::format("Gateway {} sends it to {}, which {} {}.", gateway.name,
                          chosen_text(state.network, *route, chosen),
                          route->to.size() > 1 ? "all have" : "has", route->prefix.to_string())});
  return deliver_on_premises(state, chosen);
}

std::variant<Index, Verdict> leave_on_premises(WalkState& state) {
  const Index place = state.origin.on_premises(state.network);
  const Network::OnPremises& network = state.network.on_premises[place];
  const Ipv4Address destination = state.packet.destination;
  const Network::GatewayRoute* const route = route_to(network.return_routes, destination);
  const bool its_own =
      state.network.owner(Network::place_of_on_premises(place), destination) != kNowhere;
  if (its_own || route == nullptr) return deliver_on_premises(state, place);
  const Network::Gateway& gateway = state.network.gateways[route->to];
  state.note({Stage::kGateway, network.name, lab::name_of(Verdict::kAllow), decider_name(gateway),
              fmt::format("{} sends {} to gateway {} of {}.", network.name,
                          route->prefix.to_string(), gateway.name, state.vnet_name(gateway.vnet))});
  return route->to;
}

}  // namespace egress::policy
