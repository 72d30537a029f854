// SPDX-License-Identifier: MIT
#include "compile/lanes.hpp"

#include <fmt/format.h>

namespace egress::compile {
namespace {

using lab::TrafficClass;

// In front of the numbers of classes: the nets of lanes that leave directly, 169.254.131.0/24 to
// 169.254.135.0/24, and of those that enter the network, 169.254.241.0/24 to 169.254.245.0/24.
constexpr uint32_t kDirectNets = 0xa9fe8200;
constexpr uint32_t kNetsInNetwork = 0xa9fef000;

bool enters_network(const policy::Lane& lane) {
  return lane.routing.scope == policy::TrafficRouting::Scope::kEverything;
}

Ipv4Prefix net_of(TrafficClass traffic, bool in_network) {
  const auto number = static_cast<uint32_t>(traffic);
  return {{(in_network ? kNetsInNetwork : kDirectNets) + (number << 8U)}, 24};
}

void add_lane(Worker& worker, const std::string& site_name, const policy::Network::Site& site,
              const policy::Lane& lane, uint32_t slot) {
  Fabric& fabric = worker.fabric;
  SenderLink link{.netns = lane_namespace(fabric.options.prefix, site_name, lane, worker.instance),
                  .link = "eth0",
                  .port = fabric.link(worker.name, lane_port(site_name, lane)),
                  .address = lane_address(lane, slot),
                  .gateway = gateway_in(kAppDirectNet),
                  .table = state::kDirectTable};
  if (enters_network(lane)) {
    const IntegrationLink* const integration = worker.integration_of(site);
    EG_CHECK(integration != nullptr, "who has no integration enters no network");
    link.gateway = gateway_in(kAppVnetNet);
    link.table = state::kFirstIntegrationTable + integration->number;
    worker.zones.push_back({{link.port}, integration->number});
  }
  join_sender(worker, link);
  add(fabric.netns(link.netns.name()), route_via(kMainTable, {}, link.link, link.gateway));
}

}  // namespace

std::string lane_port(const std::string& site, const policy::Lane& lane) {
  return fmt::format("{}-{}_{}", enters_network(lane) ? 'v' : 'e', site, name_of(lane.traffic));
}

Ipv4Address lane_address(const policy::Lane& lane, uint32_t slot) {
  return app_address(net_of(lane.traffic, enters_network(lane)), slot);
}

void add_lanes(Worker& worker, const std::string& site, uint32_t slot) {
  const policy::Network::Site& analysed = worker.fabric.network.sites.at(site);
  for (const policy::Lane* lane : analysed.lanes_in_use()) {
    add_lane(worker, site, analysed, *lane, slot);
  }
}

std::set<policy::WorkerKey> workers_asking_key_vault(const policy::Situation& situation) {
  const lab::Lab& lab = situation.lab;
  std::set<policy::WorkerKey> all;
  for (const auto& [name, classes] : policy::traffic_in_use(lab, situation.traffic)) {
    const auto site = lab.sites.find(name);
    if (site == lab.sites.end() || classes.count(TrafficClass::kKeyVault) == 0) continue;
    const std::string& server_farm = site->second.server_farm;
    for (auto& worker : policy::workers_of(lab, situation.instances, server_farm)) {
      all.insert(std::move(worker));
    }
  }
  return all;
}

void add_key_vault_path(Worker& worker) {
  Fabric& fabric = worker.fabric;
  const auto inside = fabric.inside_of_key_vault(worker.key());
  if (!inside) return;
  const std::string stamp = stamp_netns(fabric.options.prefix);
  add(fabric.netns(stamp), route_via(kMainTable, Ipv4Prefix::host(*inside),
                                     fabric.link(stamp, direct_port(worker.key())),
                                     fabric.inside_of_worker(worker.key())));
}

std::vector<state::NftRule> key_vault_translation(const Worker& worker) {
  const auto inside = worker.fabric.inside_of_key_vault(worker.key());
  if (!inside) return {};
  return {{fmt::format("oifname \"direct0\" ip saddr {} snat to {}",
                       net_of(TrafficClass::kKeyVault, false).to_string(), inside->to_string()),
           "to Key Vault in public"}};
}

}  // namespace egress::compile
