// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "lab/check/checks.hpp"
#include "lab/flow_url.hpp"
#include "lab/limits.hpp"
#include "lab/schema/vocabulary.hpp"

namespace egress::lab {
namespace {

void check_plan(const std::string& name, const ServerFarm& farm, Checks& checks) {
  const std::string path = "serverFarms." + name;
  const Sku* sku = find_sku(farm.sku);
  if (sku == nullptr) {
    std::vector<std::string> names;
    for (const Sku& known : skus()) names.push_back(known.name);
    checks.error(path + ".sku", "unknown-value", fmt::format("unknown SKU '{}'", shown(farm.sku)),
                 suggestion(farm.sku, names, "write one like B1, S1, P1v3, P1v4 or EP1"));
  } else if (sku->tier == "Isolated") {
    checks.error(path + ".sku", "isolated",
                 fmt::format("{} is an Isolated SKU: it runs in an App Service Environment, inside "
                             "the virtual network, and has no regional integration",
                             sku->name));
  }
  if (farm.capacity < 1 || farm.capacity > kMaxCapacity) {
    checks.error(path + ".capacity", "capacity",
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

void check_site(const std::string& name, const Site& site, const Lab& lab, Checks& checks) {
  const std::string path = "sites." + name;
  const bool has_farm = checks.refers(path + ".serverFarm", "App Service plan", site.server_farm,
                                      lab.server_farms, "serverFarms");
  check_routing(name, site, checks);
  check_dependencies(name, site, checks);
  if (!site.virtual_network_subnet) {
    check_unused_routing(name, site, checks);
    return;
  }
  if (is_docker_compose(site)) {
    checks.error(path + ".linuxFxVersion", "docker-compose",
                 "Virtual network integration isn't supported for Docker Compose scenarios in App "
                 "Service",
                 {}, {path + ".virtualNetworkSubnet"});
  }
  const std::string subnet_at = path + ".virtualNetworkSubnet";
  const Sku* sku = has_farm ? find_sku(lab.server_farms.at(site.server_farm).sku) : nullptr;
  if (sku != nullptr && !sku->integrates && sku->tier != "Isolated") {
    checks.error(
        subnet_at, "sku-without-integration",
        fmt::format("plan '{}' is of the {} tier, which has no virtual network integration",
                    site.server_farm, sku->tier),
        "Basic is the smallest tier that has it",
        {path + ".serverFarm", "serverFarms." + site.server_farm});
  }
  const SubnetRef& ref = *site.virtual_network_subnet;
  if (!checks.refers_to_subnet(subnet_at, ref, lab)) return;
  const Subnet& subnet = *lab.find(ref);
  if (!is_integration_subnet(subnet)) {
    checks.error(
        subnet_at, "delegation",
        fmt::format("subnet '{}' is not delegated to {}", ref.to_string(), kServerFarmsDelegation),
        fmt::format("give it 'delegations: [{}]'", kServerFarmsDelegation),
        {subnet_path(ref) + ".delegations"});
  }
  const std::string& location = lab.virtual_networks.at(ref.vnet).location;
  if (location != lab.location) {
    checks.error(subnet_at, "location",
                 fmt::format("virtual network '{}' is in {}, the app in {}: integration is "
                             "regional",
                             ref.vnet, location, lab.location),
                 {}, {"location", vnet_path(ref.vnet) + ".location"});
  }
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

// The plans of a subnet and the instances that take an address each (azure-facts 3.2.1, 3.2.7).
void check_subnet_load(const SubnetRef& ref, const std::set<std::string>& plans, const Lab& lab,
                       Checks& checks) {
  const Subnet& subnet = *lab.find(ref);
  const std::string path = subnet_path(ref);
  const Checks::Paths rests_on = {path + ".addressPrefix", path + ".addressPrefixes", "sites",
                                  "serverFarms"};
  int length = 33;
  for (const Ipv4Prefix& prefix : subnet.address_prefixes) {
    length = std::min(length, int{prefix.length});
  }
  const std::string prefix_path = path + ".addressPrefixes[0]";
  if (length > kMinIntegrationLength) {
    checks.error(prefix_path, "integration-subnet-size",
                 fmt::format("an integration subnet is /{} or larger, not /{}",
                             kMinIntegrationLength, length),
                 {}, rests_on);
    return;
  }
  if (plans.size() > 1 && length > kMinSharedSubnetLength) {
    checks.error(prefix_path, "integration-subnet-size",
                 fmt::format("a subnet that several plans join is /{} or larger, not /{}",
                             kMinSharedSubnetLength, length),
                 {}, rests_on);
  }
  uint64_t needed = 0;
  for (const std::string& plan : plans) {
    needed += static_cast<uint64_t>(std::max(lab.server_farms.at(plan).capacity, 0));
    if (needed <= usable_addresses(subnet)) continue;
    checks.error(
        "serverFarms." + plan + ".capacity", "address-space-exhausted",
        fmt::format("Insufficient address space remaining in VNet(s): {}_{}", ref.vnet, ref.subnet),
        fmt::format("{} instances need an address each, {} are usable", needed,
                    usable_addresses(subnet)),
        rests_on);
    break;
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

void check_integrations(const Lab& lab, Checks& checks) {
  std::map<std::string, std::set<SubnetRef>> subnets_of_plan;
  std::map<SubnetRef, std::set<std::string>> plans_of_subnet;
  for (const auto& [name, site] : lab.sites) {
    if (!site.virtual_network_subnet || !lab.server_farms.contains(site.server_farm)) continue;
    const SubnetRef& ref = *site.virtual_network_subnet;
    if (lab.find(ref) == nullptr) continue;
    auto& subnets = subnets_of_plan[site.server_farm];
    if (subnets.size() == kMaxIntegrationsPerPlan && !subnets.contains(ref)) {
      checks.error(
          "sites." + name + ".virtualNetworkSubnet", "integration-limit",
          fmt::format("Adding this VNET would exceed the App Service Plan VNET limit of {}",
                      kMaxIntegrationsPerPlan),
          fmt::format("plan '{}' already uses '{}' and '{}'", site.server_farm,
                      subnets.begin()->to_string(), subnets.rbegin()->to_string()));
      continue;
    }
    subnets.insert(ref);
    plans_of_subnet[ref].insert(site.server_farm);
  }
  for (const auto& [ref, plans] : plans_of_subnet) check_subnet_load(ref, plans, lab, checks);
}

}  // namespace egress::lab
