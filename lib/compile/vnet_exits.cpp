// SPDX-License-Identifier: MIT
// Theory of operation. A machine that is reached by a public address gets the packet with its
// private one for a destination, as it comes in by `inet0` and before it is routed; so the lists
// see that, and connection tracking gives the answers the public address back, by whatever port
// they leave. That they may by `inet0` alone: what a route leads elsewhere nobody would know, or
// worse, somebody would, as it has the public address already.
#include <algorithm>

#include "compile/data_path.hpp"
#include "compile/marks.hpp"
#include "compile/vnet.hpp"

namespace egress::compile {
namespace {

using state::NftData;
using state::NftField;
using state::NftMap;
using NftElements = std::vector<state::NftElement>;

// Who asked may be in the same network, where the flow left for the Internet as another one.
constexpr const char* kIsAnswerOfPublic =
    "ct status dnat ct direction reply ct original ip daddr @reached ";

void add_entrance(state::NftTable& table, const policy::Network& network, const Vnet& vnet) {
  NftElements reached;
  NftElements destinations;
  for (const policy::Index each : vnet.analysed.hosts) {
    const policy::Interface& host = network.interfaces[each];
    if (!host.is_reached_by_public_address()) continue;
    reached.push_back({{*host.public_address}});
    destinations.push_back({{*host.public_address}, host.address});
  }
  table.maps["reached"] = make_map({.key = {NftField::kDaddr}}, reached);
  table.maps["destinations"] =
      make_map({.key = {NftField::kDaddr}, .data = NftData::kAddress}, destinations);
  table.chains[kFromInternet] = {.rules = {{"ct state established,related accept", "answers"},
                                           {kNotCarried, "protocols that no network carries"},
                                           {"ip daddr @reached accept", "public addresses"},
                                           {"counter drop", "nothing else new from outside"}}};
  table.chains["entrance"] = {
      .hook = state::NftHook{"nat", "prerouting", -100},
      .rules = {{"iifname \"inet0\" dnat to ip daddr map @destinations", "public address"}}};
}

}  // namespace

bool has_public_machines(const policy::Network& network, const Vnet& vnet) {
  const std::vector<policy::Index>& hosts = vnet.analysed.hosts;
  return std::any_of(hosts.begin(), hosts.end(), [&](policy::Index each) {
    return network.interfaces[each].is_reached_by_public_address();
  });
}

state::NftRule answers_elsewhere() {
  return {std::string(kIsAnswerOfPublic) + "oifname != \"inet0\" counter drop",
          "answers that do not leave by the public address"};
}

state::NftRule answers_past_nat_gateway(uint32_t table) {
  return {kIsAnswerOfPublic + set_packet_mark(table), "answers by the public address"};
}

void add_exits(state::NftTable& table, const Fabric& fabric, const Vnet& vnet) {
  const std::vector<policy::Interface>& interfaces = fabric.network.interfaces;
  NftElements inside;
  for (const policy::Index each : vnet.analysed.integrations) {
    inside.push_back({{interfaces[each].address}, fabric.inside_of(interfaces[each])});
  }
  NftElements publics;
  // Azure translates only the addresses of the interface that a packet comes from.
  NftElements sources;
  for (const policy::Index each : vnet.analysed.hosts) {
    const policy::Interface& host = interfaces[each];
    if (!host.public_address) continue;
    sources.push_back({{fabric.link(vnet.netns, machine_port(host)), host.address}});
    publics.push_back({{host.address}, *host.public_address});
  }
  const NftMap translation{.key = {NftField::kSaddr}, .data = NftData::kAddress};
  table.maps["inside"] = make_map(translation, inside);
  table.maps["public"] = make_map(translation, publics);
  table.maps["with_public"] = senders_set(sources);
  table.chains["translation"] = {
      .hook = state::NftHook{"nat", "postrouting", 100},
      .rules = {{"oifname \"stamp0\" snat to ip saddr map @inside", "to App Service's own NAT"},
                {"oifname \"inet0\" snat to ip saddr map @public", "public address"}}};
  if (has_public_machines(fabric.network, vnet)) add_entrance(table, fabric.network, vnet);
}

}  // namespace egress::compile
