// SPDX-License-Identifier: MIT

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "lab/check/checks.hpp"
#include "lab/flow_url.hpp"
#include "lab/limits.hpp"
#include "lab/schema/vocabulary.hpp"

namespace egress::lab {
namespace {

// Another size is not what was misspelt: only the same one with something between is.
std::string hint_for_sku(const std::string& written) {
  const auto plain = [](std::string text) {
    std::erase_if(text, [](char c) { return c == ' ' || c == '_' || c == '-'; });
    return lower_case(text);
  };
  std::vector<std::string> of_kind;
  for (const Sku& known : skus()) {
    if (plain(known.name) == plain(written)) return fmt::format("did you mean '{}'?", known.name);
    const bool kind = known.integrates && !written.empty() &&
                      lower_case(written.front()) == lower_case(known.name.front());
    if (kind && written.size() <= known.name.size()) of_kind.push_back(known.name);
  }
  constexpr size_t kFew = 4;
  return of_kind.empty() || of_kind.size() > kFew
             ? "write one like B1, S1, P1v3, P1v4 or EP1"
             : fmt::format("the sizes of that kind are {}", fmt::join(of_kind, ", "));
}

void check_plan(const std::string& name, const ServerFarm& farm, Checks& checks) {
  const std::string path = "serverFarms." + name;
  const Sku* sku = find_sku(farm.sku);
  if (sku == nullptr) {
    checks.error(path + ".sku", "unknown-value", fmt::format("unknown SKU '{}'", shown(farm.sku)),
                 hint_for_sku(farm.sku));
  } else if (sku->tier == kIsolated) {
    checks.error(path + ".sku", "isolated",
                 fmt::format("{} is an Isolated SKU: it runs in an App Service Environment, inside "
                             "the virtual network, and has no regional integration",
                             sku->name));
  }
  if (farm.capacity < 1 || farm.capacity > kMaxCapacity) {
    checks.spoiling_error(
        path + ".capacity", "capacity",
        fmt::format("capacity {} is not from 1 to {}", farm.capacity, kMaxCapacity));
  }
}

void check_impairment(const std::string& name, const ServerFarm& farm, Checks& checks) {
  if (!farm.impairment) return;
  const std::string path = "serverFarms." + name + ".impairment";
  if (farm.interface != IntegrationInterface::kTun) {
    checks.error(path, "needs-tun", "needs interface: tun", {},
                 {"serverFarms." + name + ".interface"});
  }
  if (const auto problem = problem_of(*farm.impairment)) {
    checks.error(path + "." + problem->property, "impairment", problem->message, {}, {path});
  }
}

// Wires of plans that join no network.
void check_unused_wires(const Lab& lab, Checks& checks) {
  for (const auto& [name, farm] : lab.server_farms) {
    if (farm.interface != IntegrationInterface::kTun) continue;
    const bool joins =
        std::any_of(lab.sites.begin(), lab.sites.end(), [&plan = name](const auto& entry) {
          return entry.second.server_farm == plan && entry.second.virtual_network_subnet;
        });
    if (joins) continue;
    Checks::Paths set = {"interface"};
    if (farm.impairment) set.push_back("impairment");
    for (const std::string& key : set) {
      checks.warning("serverFarms." + name + "." + key, "no-effect",
                     "no app of the plan is integrated", {}, {"sites"});
    }
  }
}

struct LegacyFlag {
  const char* name = "";
  std::optional<bool> value{};
  const char* counterpart = "";  // in outboundVnetRouting
  bool counterpart_value = false;
};

// azure-facts 1.2.5; contract "Decided" 8.
void check_routing(const std::string& name, const Site& site, Checks& checks) {
  if (!site.outbound_vnet_routing) return;
  const OutboundVnetRouting& routing = *site.outbound_vnet_routing;
  const std::string path = "sites." + name;
  const LegacyFlag flags[] = {
      {"vnetRouteAllEnabled", site.vnet_route_all_enabled, "applicationTraffic",
       routing.application_traffic},
      {"vnetContentShareEnabled", site.vnet_content_share_enabled, "contentShareTraffic",
       routing.content_share_traffic},
      {"vnetImagePullEnabled", site.vnet_image_pull_enabled, "imagePullTraffic",
       routing.image_pull_traffic},
      {"vnetBackupRestoreEnabled", site.vnet_backup_restore_enabled, "backupRestoreTraffic",
       routing.backup_restore_traffic},
  };
  for (const LegacyFlag& flag : flags) {
    if (!flag.value) continue;
    const bool meant = routing.all_traffic || flag.counterpart_value;
    if (*flag.value == meant) continue;
    checks.error(
        path + "." + flag.name, "routing-conflict",
        fmt::format("{}: {} contradicts outboundVnetRouting.{}: {}", flag.name, *flag.value,
                    routing.all_traffic ? "allTraffic" : flag.counterpart, meant),
        "write only one of the two", {path + ".outboundVnetRouting"});
  }
}

// Configuration traffic that is to enter a network, where the site has none.
void check_unused_routing(const std::string& name, const Site& site, Checks& checks) {
  const OutboundVnetRouting routing = site.outbound_vnet_routing.value_or(OutboundVnetRouting{});
  const std::pair<const char*, bool> flags[] = {
      {"outboundVnetRouting.contentShareTraffic", routing.content_share_traffic},
      {"outboundVnetRouting.imagePullTraffic", routing.image_pull_traffic},
      {"outboundVnetRouting.backupRestoreTraffic", routing.backup_restore_traffic},
      {"outboundVnetRouting.managedIdentityTraffic", routing.managed_identity_traffic},
      {"vnetContentShareEnabled", site.vnet_content_share_enabled.value_or(false)},
      {"vnetImagePullEnabled", site.vnet_image_pull_enabled.value_or(false)},
      {"vnetBackupRestoreEnabled", site.vnet_backup_restore_enabled.value_or(false)},
      {"vnetPrivatePortsCount", site.vnet_private_ports_count > 0}};
  const std::string path = "sites." + name;
  for (const auto& [flag, set] : flags) {
    if (!set) continue;
    checks.warning(path + "." + flag, "no-effect", "the app has no virtual network integration", {},
                   {path + ".virtualNetworkSubnet"});
  }
}

void check_dependencies(const std::string& name, const Site& site, Checks& checks) {
  for (size_t i = 0; i < site.dependencies.size(); ++i) {
    const auto target = parse_flow_target(site.dependencies[i]);
    if (target.ok()) continue;
    checks.error(fmt::format("sites.{}.dependencies[{}]", name, i), "url", target.error().message,
                 kFlowUrlForm);
  }
}

// Sites run where their plan does, and join networks there alone (azure-facts 3.3.2).
void check_location(const std::string& name, const Site& site, const Lab& lab, Checks& checks) {
  const std::string path = "sites." + name;
  const std::string plan_path = "serverFarms." + site.server_farm;
  const std::string& of_plan = location_of(lab, lab.server_farms.at(site.server_farm));
  if (location_of(lab, site) != of_plan) {
    checks.error(path + ".location", "location",
                 fmt::format("the app is in {}, its plan '{}' in {}: an app is where its plan is",
                             location_of(lab, site), site.server_farm, of_plan),
                 {}, {"location", path + ".serverFarm", plan_path + ".location"});
    return;
  }
  if (!site.virtual_network_subnet) return;
  const std::string& vnet = site.virtual_network_subnet->vnet;
  const auto network = lab.virtual_networks.find(vnet);
  if (network == lab.virtual_networks.end() || network->second.location == of_plan) return;
  checks.error(
      path + ".virtualNetworkSubnet", "location",
      fmt::format("virtual network '{}' is in {}, the app in {}: integration is regional", vnet,
                  network->second.location, of_plan),
      {}, {"location", path + ".location", plan_path + ".location", vnet_path(vnet) + ".location"});
}

void check_site(const std::string& name, const Site& site, const Lab& lab, Checks& checks) {
  const std::string path = "sites." + name;
  // A slot's plan is its app's, of which this has been said.
  const bool has_farm = site.slot_of.empty()
                            ? checks.refers(path + ".serverFarm", "App Service plan",
                                            site.server_farm, lab.server_farms, "serverFarms")
                            : lab.server_farms.contains(site.server_farm);
  if (has_farm) check_location(name, site, lab, checks);
  check_routing(name, site, checks);
  check_dependencies(name, site, checks);
  if (!site.virtual_network_subnet) check_unused_routing(name, site, checks);
}

// Private ports are unique on an instance, which runs every app of its plan (azure-facts 9.3).
void check_private_ports(const Lab& lab, Checks& checks) {
  std::map<std::string, int> wanted;
  for (const auto& [name, site] : lab.sites) {
    if (site.virtual_network_subnet) wanted[site.server_farm] += site.vnet_private_ports_count;
  }
  for (const auto& [name, site] : lab.sites) {
    const int of_plan = wanted[site.server_farm];
    const bool has = site.virtual_network_subnet && site.vnet_private_ports_count > 0;
    if (!has || of_plan <= kMaxPrivatePortsPerPlan) continue;
    checks.error("sites." + name + ".vnetPrivatePortsCount", "private-ports",
                 fmt::format("the apps of plan '{}' want {} private ports, an instance has {}",
                             site.server_farm, of_plan, kMaxPrivatePortsPerPlan),
                 {}, {"sites"});
    return;
  }
}

}  // namespace

void check_web(const Lab& lab, Checks& checks) {
  std::map<std::string, size_t> sites_of_plan;
  for (const auto& [name, farm] : lab.server_farms) {
    check_plan(name, farm, checks);
    check_impairment(name, farm, checks);
  }
  check_unused_wires(lab, checks);
  for (const auto& [name, site] : lab.sites) {
    check_site(name, site, lab, checks);
    if (++sites_of_plan[site.server_farm] == kMaxSitesPerPlan + 1) {
      checks.error("sites." + name + ".serverFarm", "limit",
                   fmt::format("more than {} apps in plan '{}': a worker has no more addresses",
                               kMaxSitesPerPlan, site.server_farm));
    }
  }
  check_private_ports(lab, checks);
}

}  // namespace egress::lab
