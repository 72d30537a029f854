// SPDX-License-Identifier: MIT
#include "tests/oracle/gateways.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tests/support/values.hpp"

namespace egress::oracle {
namespace {

using testing_support::ip;
using testing_support::prefix;

// Apart from each other; in private space that no network has, in such as some have, and in public.
const std::vector<const char*> kSpaces = {"192.168.10.0/24", "172.16.5.0/24", "10.200.0.0/16",
                                          "51.60.0.0/16", "10.1.192.0/24"};
const std::vector<const char*> kAdvertised = {"0.0.0.0/0",     "10.0.0.0/8",   "192.168.0.0/16",
                                              "93.184.0.0/16", "10.2.64.0/18", "20.60.9.0/24",
                                              "172.16.0.0/12", "100.64.0.0/10"};

std::vector<Ipv4Prefix> some_return_routes(Random& random) {
  switch (random.below(4)) {
    case 0: return {};
    case 1: return {prefix("0.0.0.0/0")};
    case 2: return {prefix("10.0.0.0/8"), prefix("192.168.0.0/16")};
    default: return {prefix("10.0.0.0/16"), prefix("10.1.0.0/17"), prefix("172.20.0.0/16")};
  }
}

// RFC 6996, less Azure's own at their end.
constexpr uint32_t kFirstPrivateAsn = 64512;
constexpr uint32_t kPrivateAsns = 900;

lab::OnPremisesNetwork some_network(Random& random, uint32_t number) {
  lab::OnPremisesNetwork network;
  network.local_network_address_space = {prefix(kSpaces[number % kSpaces.size()])};
  for (const char* const text : kAdvertised) {
    const bool everything = text == kAdvertised.front();
    if (random.chance(everything ? 38 : 25)) network.advertised_prefixes.push_back(prefix(text));
  }
  if (random.chance(60)) {
    network.bgp_settings = lab::BgpSettings{
        .asn = static_cast<int>(kFirstPrivateAsn + random.below(kPrivateAsns)),
        .bgp_peering_address =
            Ipv4Address{network.local_network_address_space.front().first().bits + 4}};
  }
  if (random.chance(60)) network.return_routes = some_return_routes(random);
  const auto& advertised = network.advertised_prefixes;
  const bool everything = !advertised.empty() && advertised.front().length == 0;
  if (random.chance(everything ? 80 : 30))
    network.internet_address = Ipv4Address{ip("20.66.0.10").bits + number};
  return network;
}

void add_machines(lab::Lab& lab, const std::string& network, uint32_t number, Random& random) {
  const Ipv4Prefix space = lab.on_premises.at(network).local_network_address_space.front();
  for (uint32_t i = 0; i < 1 + random.below(2); ++i) {
    lab::Host host{.on_premises = network, .ip_address = {space.first().bits + 5 + i}};
    host.listen = {{Protocol::kTcp, 443}, {Protocol::kUdp, 53}};
    lab.hosts[fmt::format("prem{}-{}", number, i)] = std::move(host);
  }
}

// At the end of the network's first prefix.
void add_gateway_subnet(lab::VirtualNetwork& network) {
  const Ipv4Prefix space = network.address_prefixes.front();
  lab::Subnet subnet{.address_prefixes = {{{space.last().bits - 31}, 27}}};
  network.subnets[lab::kGatewaySubnet] = std::move(subnet);
}

template <typename T>
std::vector<std::string> keys_of(const lab::Named<T>& all) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : all) keys.push_back(key);
  return keys;
}

void connect(lab::Lab& lab, lab::VirtualNetworkGateway& gateway, Random& random) {
  for (const auto& [name, network] : lab.on_premises) {
    if (gateway.connections.empty() || random.chance(60)) {
      gateway.connections[name].enable_bgp = random.chance(70);
    }
  }
}

// A network with the same addresses and machines as one of the gateway's, which has it, too.
void add_twin(lab::Lab& lab, lab::VirtualNetworkGateway& gateway, Random& random) {
  const std::string of = random.pick(keys_of(gateway.connections));
  lab::OnPremisesNetwork twin = lab.on_premises.at(of);
  if (twin.bgp_settings) {
    --twin.bgp_settings->bgp_peering_address->bits;
    twin.bgp_settings->asn = static_cast<int>(kFirstPrivateAsn + random.below(kPrivateAsns));
  }
  if (random.chance(30)) twin.return_routes.reset();
  if (twin.internet_address) twin.internet_address->bits += 16;
  for (const auto& [name, host] : lab::Named<lab::Host>(lab.hosts)) {
    if (host.on_premises != of) continue;
    lab::Host other{.on_premises = "twin", .ip_address = host.ip_address, .listen = host.listen};
    if (random.chance(90)) lab.hosts["twin-" + name] = std::move(other);
  }
  const bool bgp = gateway.connections.at(of).enable_bgp;
  gateway.connections["twin"].enable_bgp = random.chance(80) ? bgp : !bgp;
  lab.on_premises["twin"] = std::move(twin);
}

void add_beside(lab::Lab& lab, const lab::VirtualNetworkGateway& gateway, Random& random) {
  using Type = lab::GatewayType;
  lab::VirtualNetworkGateway other{
      .virtual_network = gateway.virtual_network,
      .gateway_type = gateway.gateway_type == Type::kVpn ? Type::kExpressRoute : Type::kVpn};
  connect(lab, other, random);
  lab.virtual_network_gateways["beside"] = std::move(other);
}

void use_over_peerings(lab::Lab& lab, const std::string& vnet, Random& random) {
  auto& there = lab.virtual_networks.at(vnet).virtual_network_peerings;
  for (auto& [remote, peering] : there) {
    peering.allow_gateway_transit = random.chance(80);
    lab::VirtualNetwork& other = lab.virtual_networks.at(remote);
    const auto back = other.virtual_network_peerings.find(vnet);
    const bool may = back != other.virtual_network_peerings.end() &&
                     peering.allow_gateway_transit && !other.subnets.contains(lab::kGatewaySubnet);
    const bool uses_another =
        std::any_of(other.virtual_network_peerings.begin(), other.virtual_network_peerings.end(),
                    [](const auto& each) { return each.second.use_remote_gateways; });
    if (may && !uses_another && random.chance(70)) back->second.use_remote_gateways = true;
  }
}

}  // namespace

void add_gateways(lab::Lab& lab, Random& random) {
  if (random.chance(45)) return;
  for (uint32_t i = 0; i < 1 + random.below(3); ++i) {
    const std::string name = fmt::format("site{}", static_cast<char>('a' + i));
    lab.on_premises[name] = some_network(random, i + random.below(2) * 3);
    add_machines(lab, name, i, random);
  }
  std::vector<std::string> standing;
  for (auto& [name, network] : lab.virtual_networks) {
    if (standing.size() == 2 || random.chance(50)) continue;
    add_gateway_subnet(network);
    lab::VirtualNetworkGateway gateway{.virtual_network = name};
    if (random.chance(30)) gateway.gateway_type = lab::GatewayType::kExpressRoute;
    connect(lab, gateway, random);
    lab.virtual_network_gateways[fmt::format("gw{}", standing.size())] = std::move(gateway);
    standing.push_back(name);
  }
  for (const std::string& name : standing) use_over_peerings(lab, name, random);
  for (auto& [name, table] : lab.route_tables) {
    table.disable_bgp_route_propagation = random.chance(20);
    for (auto& [route_name, route] : table.routes) {
      if (!route.address_prefix || !random.chance(20)) continue;
      route.next_hop_type = lab::NextHopType::kVirtualNetworkGateway;
      route.next_hop_ip_address.reset();
    }
  }
  for (const std::string& name : standing) {
    if (!random.chance(50)) continue;
    lab.virtual_networks.at(name).subnets.at(lab::kGatewaySubnet).route_table =
        lab.route_tables.begin()->first;
  }
}

void add_equal_ways(lab::Lab& lab, Random& random) {
  if (lab.virtual_network_gateways.empty()) return;
  if (random.chance(85)) add_twin(lab, random.any_of(lab.virtual_network_gateways), random);
  if (random.chance(50)) add_beside(lab, random.any_of(lab.virtual_network_gateways), random);
}

void change_gateways(lab::Lab& lab, Random& random) {
  if (lab.virtual_network_gateways.empty()) return;
  lab::VirtualNetworkGateway& gateway = random.any_of(lab.virtual_network_gateways);
  lab::OnPremisesNetwork& network = random.any_of(lab.on_premises);
  switch (random.below(5)) {
    case 0:
      for (auto& [name, connection] : gateway.connections) {
        connection.enable_bgp = !connection.enable_bgp;
      }
      break;
    case 1: network.return_routes = some_return_routes(random); break;
    case 2: network.return_routes.reset(); break;
    case 3: network.advertised_prefixes = {prefix(random.pick(kAdvertised))}; break;
    default: {
      lab::RouteTable& table = random.any_of(lab.route_tables);
      table.disable_bgp_route_propagation = !table.disable_bgp_route_propagation;
    }
  }
}

lab::LearnedRoutes learned_in(const lab::Lab& lab) {
  lab::LearnedRoutes learned;
  for (const auto& [name, gateway] : lab.virtual_network_gateways) {
    const std::vector<Ipv4Prefix> told = lab::told_prefixes(lab, name);
    for (const lab::BgpPeering& peering : lab::bgp_peerings(lab, gateway)) {
      const auto draw = static_cast<uint32_t>(peering.remote.asn) - kFirstPrivateAsn;
      if (draw % 2 == 0) continue;
      auto& prefixes = learned[name][peering.on_premises];
      const uint32_t length = 1 + (draw >> 8U & 1U);
      for (size_t i = 0; i < kAdvertised.size(); ++i) {
        const Ipv4Prefix each = prefix(kAdvertised[i]);
        const bool takes = std::find(told.begin(), told.end(), each) == told.end();
        if ((draw >> (i + 1) & 1U) != 0 && takes) prefixes.push_back({each, length});
      }
      std::sort(prefixes.begin(), prefixes.end());
    }
  }
  return learned;
}

std::set<std::string> gateway_features(const lab::Lab& lab) {
  std::set<std::string> found;
  const auto note = [&](const char* feature, bool present) {
    if (present) found.insert(feature);
  };
  for (const auto& [name, gateway] : lab.virtual_network_gateways) {
    note("ExpressRoute gateway", gateway.gateway_type == lab::GatewayType::kExpressRoute);
    note("gateway with two connections", gateway.connections.size() > 1);
    std::set<Ipv4Prefix> seen;
    for (const lab::GatewayRoute& route : lab::routes_of(lab, name, learned_in(lab))) {
      note("default route on-premises", route.prefix.length == 0);
      note("prefix of several connections", !seen.insert(route.prefix).second);
    }
    const auto& subnets = lab.virtual_networks.at(gateway.virtual_network).subnets;
    note("GatewaySubnet with a route table",
         subnets.at(lab::kGatewaySubnet).route_table.has_value());
  }
  for (const auto& [name, vnet] : lab.virtual_networks) {
    const std::vector<std::string> gateways = lab::gateways_of(lab, name);
    note("gateways of both types", gateways.size() > 1);
    for (const std::string& used : gateways) {
      note("gateway of a peer", lab.virtual_network_gateways.at(used).virtual_network != name);
    }
  }
  for (const auto& [name, sessions] : learned_in(lab)) {
    for (const auto& [network, prefixes] : sessions) {
      note("session of a gateway that is up", true);
      note("session of a gateway that tells nothing", prefixes.empty());
    }
  }
  for (const auto& [name, network] : lab.on_premises) {
    note("network on-premises with a way to the Internet", network.internet_address.has_value());
    note("network on-premises that sends nothing back",
         network.return_routes && network.return_routes->empty());
  }
  for (const auto& [name, table] : lab.route_tables) {
    note("table without propagation", table.disable_bgp_route_propagation);
  }
  return found;
}

std::set<std::string> way_features(const policy::Explanation& explained) {
  std::set<std::string> found;
  const bool answered = explained.reply && explained.reply->verdict == lab::Verdict::kAllow;
  if (!explained.equal_ways.empty()) {
    found.insert("by one of several connections");
    if (explained.verdict == lab::Verdict::kAllow) {
      found.insert(fmt::format("by one of several connections, {}", answered ? "back" : "lost"));
    }
  }
  if (explained.reply && explained.reply->by_ports) {
    found.insert(
        fmt::format("answer by one of several connections, {}", answered ? "back" : "lost"));
  }
  return found;
}

std::set<std::string> gateway_features(const policy::Explanation& explained) {
  const auto& steps = explained.steps;
  const auto gateway = std::find_if(steps.begin(), steps.end(), [](const policy::Step& step) {
    return step.stage == policy::Stage::kGateway;
  });
  if (gateway == steps.end() || explained.verdict != lab::Verdict::kAllow) return {};
  std::set<std::string> found{steps.back().where == "internet" ? "left on-premises for the Internet"
                                                               : "arrived on-premises"};
  const auto peering = std::find_if(steps.begin(), gateway, [](const policy::Step& step) {
    return step.stage == policy::Stage::kPeering;
  });
  if (peering != gateway) found.insert("on-premises by a peer");
  if (explained.reply && explained.reply->verdict == lab::Verdict::kAllow) {
    found.insert("answered from on-premises");
  } else if (explained.reply) {
    found.insert("answer lost on-premises");
  }
  return found;
}

}  // namespace egress::oracle
