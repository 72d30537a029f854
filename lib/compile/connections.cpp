// SPDX-License-Identifier: MIT
// Theory of operation. Routes decide by the longest prefix. Addresses whose longest prefix several
// connections have go by a mark, which the flow's hash chooses: that of the table by which all goes
// to the one connection. The routes lead them to the first, so that nothing is lost while one ends
// and the others take its flows. Of a packet that comes in parts the first alone has ports, so the
// gateway tracks connections, for which parts are put together.
#include "compile/connections.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <set>

#include "base/stable_hash.hpp"
#include "compile/data_path.hpp"
#include "compile/flow_hash.hpp"
#include "compile/marks.hpp"
#include "policy/gateways.hpp"

namespace egress::compile {
namespace {

using Gateway = policy::Network::Gateway;
using Route = policy::Network::ConnectionRoute;
using state::kArrivalsTable;
using Ways = std::vector<policy::Index>;

std::string book_of(const std::string& gateway) {
  return "connections/" + gateway;
}

Result<Numbers> table_numbers(const policy::Situation& situation, const std::string& gateway) {
  std::vector<std::string> names;
  for (const auto& [name, connection] :
       situation.lab.virtual_network_gateways.at(gateway).connections) {
    names.push_back(name);
  }
  return assign_slots(fmt::format("connections of gateway '{}'", gateway), names,
                      state::kFirstConnectionTable, state::kLastConnectionTable,
                      numbers_in(situation.numbers, book_of(gateway)));
}

// The addresses whose longest prefix several connections have, by which these are.
std::map<Ways, AddressSet> addresses_of_several(const std::vector<Route>& routes) {
  constexpr size_t kLengths = 33;
  std::array<std::map<Ways, std::vector<Ipv4Prefix>>, kLengths> by_length;
  for (const Route& route : routes) {
    by_length[route.prefix.length][route.to].push_back(route.prefix);
  }
  std::map<Ways, AddressSet> several;
  AddressSet longer;
  for (size_t length = kLengths; length-- > 0;) {
    AddressSet all;
    for (const auto& [ways, prefixes] : by_length[length]) {
      const AddressSet own = address_set(prefixes);
      all = all.united(own);
      if (ways.size() > 1) several[ways] = several[ways].united(own.without(longer));
    }
    longer = longer.united(all);
  }
  return several;
}

class Connections {
 public:
  Connections(Fabric& fabric, const Gateway& gateway, state::NetnsState& netns,
              state::NftTable& table)
      : fabric_(fabric), gateway_(gateway), netns_(netns), table_(table) {}

  void add() {
    for (const Route& route : gateway_.routes) {
      compile::add(
          netns_, route_via(kArrivalsTable, route.prefix, link(route.to.front()), kTransitGateway));
    }
    std::vector<state::NftElement> elements;
    for (const auto& [ways, addresses] : addresses_of_several(gateway_.routes)) {
      const std::string chain = add_choice(ways);
      for (const Ipv4Prefix& prefix : to_prefixes(addresses)) elements.push_back({{prefix}, chain});
    }
    if (elements.empty()) return;
    table_.maps["several"] = make_map(
        {.key = {state::NftField::kDaddr}, .data = state::NftData::kVerdict, .interval = true},
        elements);
    table_.chains["ways"] = {
        .hook = state::NftHook{"filter", "prerouting", -150},
        .rules = {{"ct state untracked counter", "none: who tracks puts parts of packets together"},
                  {"iifname \"eth0\" ip daddr vmap @several", "prefixes of several connections"}}};
  }

 private:
  const std::string& name_of(policy::Index way) const {
    return fabric_.network.on_premises[way].name;
  }
  const std::string& link(policy::Index way) const {
    return fabric_.link(gateway_netns(fabric_.options.prefix, gateway_.name),
                        connection_link(name_of(way)));
  }

  // The chain behind which a packet has the mark of its connection. Its name follows from what it
  // chooses among, as a packet may meet the map of one change and the chains of another.
  std::string add_choice(const Ways& ways) {
    std::vector<std::string> names;
    for (const policy::Index way : ways) {
      names.push_back(name_of(way));
      add_table(way);
    }
    const std::string chain =
        fmt::format("ways/{:016x}", fnv1a(fmt::format("{}", fmt::join(names, "/"))));
    add_way_choice(table_, chain, policy::way_seed(fabric_.network, gateway_), names, kChosen);
    return chain;
  }

  void add_table(policy::Index way) {
    if (!known_.insert(way).second) return;
    const uint32_t number = numbers_.at(name_of(way));
    table_.chains[kChosen + name_of(way)] = {
        .rules = {{set_packet_mark(number), "its route table"}}};
    netns_.rules.insert(
        {.priority = kSteeringPriority, .table = number, .fwmark = number, .fwmask = kWholeMark});
    compile::add(netns_, route_via(number, {}, link(way), kTransitGateway));
  }

  static constexpr const char* kChosen = "connection/";

  Fabric& fabric_;
  const Gateway& gateway_;
  state::NetnsState& netns_;
  state::NftTable& table_;
  // Of a situation for which numbers() has found enough.
  const Numbers numbers_ = *table_numbers(fabric_.network.situation, gateway_.name);
  std::set<policy::Index> known_{};
};

}  // namespace

Status number_connections(const policy::Situation& situation, NumberBook& book) {
  for (const auto& [name, gateway] : situation.lab.virtual_network_gateways) {
    ASSIGN_OR_RETURN(book[book_of(name)], table_numbers(situation, name));
  }
  return {};
}

void add_connections(Fabric& fabric, const Gateway& gateway, state::NetnsState& netns,
                     state::NftTable& table) {
  Connections(fabric, gateway, netns, table).add();
}

}  // namespace egress::compile
