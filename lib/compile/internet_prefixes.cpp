// SPDX-License-Identifier: MIT
#include "compile/internet_prefixes.hpp"

namespace egress::compile {
namespace {

// Behind what goes back by a way (ways.cpp), before the local table.
constexpr uint32_t kAnswersPriority = kSteeringPriority + 1;

}  // namespace

void answer_in_prefixes(state::NetnsState& netns, const policy::Interface& host,
                        Ipv4Address gateway) {
  for (const Ipv4Prefix& prefix : host.host->address_prefixes) {
    add(netns, {.table = state::kLocalTable,
                .destination = prefix,
                .kind = state::RouteKind::kLocal,
                .link = "lo"});
  }
  // Gateways are in there: the kernel takes none that is the namespace's own.
  add(netns, special_route(state::kLocalTable, kLinkLocal, state::RouteKind::kThrow));
  add(netns, route_via(state::kAnswersTable, {}, "eth0", gateway));
  for (const Ipv4Prefix& own : {kLoopback, Ipv4Prefix::host(host.address)}) {
    add(netns, special_route(state::kAnswersTable, own, state::RouteKind::kThrow));
  }
  netns.rules.insert({.priority = kAnswersPriority, .table = state::kAnswersTable, .iif = "lo"});
  place_local_table(netns, kSharedPriority);
}

void lead_to_prefixes(state::NetnsState& internet, const policy::Interface& host,
                      const std::string& port) {
  for (const Ipv4Prefix& prefix : host.host->address_prefixes) {
    add(internet, route_via(kMainTable, prefix, port, host.address));
  }
}

void keep_from_prefixes(state::NetnsState& internet, const policy::Network& network) {
  for (const auto& [prefix, holder] : network.internet_prefixes) {
    if (holder != policy::kNowhere || internet.routes.contains({kMainTable, prefix})) continue;
    add(internet, special_route(kMainTable, prefix, state::RouteKind::kBlackhole));
  }
}

}  // namespace egress::compile
