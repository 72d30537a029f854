// SPDX-License-Identifier: MIT
#include "compile/worker_exits.hpp"

#include "policy/kept_ranges.hpp"
#include "state/routing_tables.hpp"

namespace egress::compile {

namespace {

using state::kFirstDirectOfIntegrationTable;
using state::kFirstScopedIntegrationTable;
using state::kFrontAnswersTable;

}  // namespace

void add_exit(Worker& worker, uint32_t table, const std::string& link, Ipv4Address gateway,
              Ipv4Address gateway_here) {
  state::NetnsState& netns = worker.netns();
  // A TUN asks for nobody's MAC, and the kernel takes an entry there for one of 0.0.0.0.
  if (netns.links.at(link).kind == state::LinkKind::kVeth) {
    netns.neighbours.insert({link, gateway, kRouterMac});
  }
  add(netns, route_via(table, {}, link, gateway));
  for (const Ipv4Prefix& prefix : policy::kept_in_worker()) {
    add(netns, special_route(table, prefix, state::RouteKind::kBlackhole));
  }
  add(netns, special_route(table, Ipv4Prefix::host(gateway_here), state::RouteKind::kThrow));
}

void add_direct_exit(Worker& worker, uint32_t table) {
  add_exit(worker, table, "direct0", kTransitGateway, gateway_in(kAppDirectNet));
}

Ipv4Address gateway_of(const Worker& worker, const IntegrationLink& link) {
  const policy::Network::Subnet& subnet = worker.fabric.network.subnets[link.interface->subnet];
  return gateway_of(*subnet.declared, link.interface->address);
}

uint32_t direct_table_of_entering(Worker& worker) {
  add(worker.netns(), special_route(kFrontAnswersTable, {}, state::RouteKind::kBlackhole));
  add(worker.netns(), special_route(kFrontAnswersTable, Ipv4Prefix::host(gateway_in(kAppDirectNet)),
                                    state::RouteKind::kThrow));
  return kFrontAnswersTable;
}

// With routing off the platform's answers are those for the network all the same (azure-facts
// 8.1.7): the direct path, but for 168.63.129.16.
uint32_t direct_table_of_scoped(Worker& worker, const policy::Network::Site& site,
                                const IntegrationLink& link, const std::string& app_port) {
  const uint32_t table = kFirstDirectOfIntegrationTable + link.number;
  add_direct_exit(worker, table);
  for (const Ipv4Prefix& prefix : site.scope) {
    add(worker.netns(), special_route(table, prefix, state::RouteKind::kBlackhole));
  }
  add(worker.netns(), route_via(table, Ipv4Prefix::host(kAzurePlatform), link.worker_link,
                                gateway_of(worker, link)));
  worker.platform_zones.push_back({{app_port}, link.number});
  return table;
}

uint32_t integration_table_of_scoped(Worker& worker, const policy::Network::Site& site,
                                     const IntegrationLink& link) {
  const uint32_t table = kFirstScopedIntegrationTable + link.number;
  state::NetnsState& netns = worker.netns();
  add(netns, special_route(table, {}, state::RouteKind::kBlackhole));
  for (const Ipv4Prefix& prefix : site.scope) {
    add(netns, route_via(table, prefix, link.worker_link, gateway_of(worker, link)));
  }
  for (const Ipv4Address here : {gateway_in(kAppVnetNet), link.interface->address}) {
    add(netns, special_route(table, Ipv4Prefix::host(here), state::RouteKind::kThrow));
  }
  return table;
}

}  // namespace egress::compile
