// SPDX-License-Identifier: MIT
#include "policy/gateways.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "base/special_ranges.hpp"
#include "lab/suggest.hpp"
#include "policy/arrival.hpp"

namespace egress::policy {
namespace {

using lab::Verdict;

// What the network declares, and what it has told gateways.
std::vector<Ipv4Prefix> own_prefixes(const std::string& name, const Situation& situation) {
  const lab::OnPremisesNetwork& network = situation.lab.on_premises.at(name);
  std::vector<Ipv4Prefix> own;
  const auto add = [&own](const std::vector<Ipv4Prefix>& prefixes) {
    std::copy_if(prefixes.begin(), prefixes.end(), std::back_inserter(own),
                 [](const Ipv4Prefix& prefix) { return prefix.length != 0; });
  };
  add(network.local_network_address_space);
  add(network.advertised_prefixes);
  for (const auto& [gateway, sessions] : situation.learned) {
    const auto session = sessions.find(name);
    if (session != sessions.end()) add(session->second);
  }
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
    for (Network::OnPremises& network : out_.on_premises) add_return_routes(network);
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
      gateway.routes.push_back({each.prefix, numbers_.at(each.on_premises)});
      prefixes.push_back(each.prefix);
    }
    gateway.reaches = address_set(prefixes);
    for (const auto& [remote, connection] : declared.connections) {
      out_.on_premises[numbers_.at(remote)].gateways.push_back(
          static_cast<Index>(out_.gateways.size()));
    }
    out_.gateways.push_back(std::move(gateway));
  }

  // A peer takes what comes from on-premises by the gateway that it uses as the gateway's network's
  // own.
  void use(Network::Vnet& vnet) {
    const std::string name = lab::gateway_of(lab_, vnet.name);
    for (Index index = 0; index < out_.gateways.size(); ++index) {
      if (out_.gateways[index].name == name) vnet.gateway = index;
    }
    for (const auto& [peer, accepts] : vnet.accepts_forwarded_from) {
      AddressSet own = out_.vnets[peer].space;
      if (vnet.gateway != kNowhere && out_.gateways[vnet.gateway].vnet == peer) {
        own = own.united(out_.gateways[vnet.gateway].reaches);
      }
      vnet.own_of_peers.emplace(peer, std::move(own));
    }
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
  const Index gateway = network.vnets[vnet].gateway;
  if (gateway == kNowhere || route.source != RouteSource::kUser) return gateway;
  const bool vpn = network.gateways[gateway].declared->gateway_type == lab::GatewayType::kVpn;
  return vpn ? gateway : kNowhere;
}

const Network::GatewayRoute* route_to(const std::vector<Network::GatewayRoute>& routes,
                                      Ipv4Address address) {
  const Network::GatewayRoute* longest = nullptr;
  for (const Network::GatewayRoute& each : routes) {
    if (!each.prefix.contains(address)) continue;
    if (longest == nullptr || each.prefix.length > longest->prefix.length) longest = &each;
  }
  return longest;
}

Verdict leave_by_gateway(WalkState& state, Index index) {
  const Network::Gateway& gateway = state.network.gateways[index];
  const std::string& where = state.vnet_name(gateway.vnet);
  const std::string destination = state.packet.destination.to_string();
  const Network::GatewayRoute* const route = route_to(gateway.routes, state.packet.destination);
  if (route == nullptr) {
    return state.stop(Verdict::kDrop, {Stage::kGateway, where, "Drop", decider_name(gateway),
                                       fmt::format("No connection of gateway {} leads to {}.",
                                                   gateway.name, destination)});
  }
  const Network::OnPremises& network = state.network.on_premises[route->to];
  state.note({Stage::kGateway, where, network.name, decider_name(gateway),
              fmt::format("Gateway {} sends it to {}, which has {}.", gateway.name, network.name,
                          route->prefix.to_string())});
  return deliver_on_premises(state, route->to);
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
