// SPDX-License-Identifier: MIT

// Which apps may join which subnets, and how many of them a plan and a subnet take (azure-facts 3.2
// and 3.3).

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "lab/check/checks.hpp"
#include "lab/limits.hpp"
#include "lab/platform.hpp"
#include "lab/resource_ids.hpp"
#include "lab/schema/vocabulary.hpp"

namespace egress::lab {
namespace {

std::string subnet_property(const std::string& site) {
  return "sites." + site + ".virtualNetworkSubnet";
}

std::string plan_path(const std::string& plan) {
  return "serverFarms." + plan;
}

// Null for one that is not known.
const Sku* sku_of(const Lab& lab, const std::string& plan) {
  const auto found = lab.server_farms.find(plan);
  return found == lab.server_farms.end() ? nullptr : find_sku(found->second.sku);
}

// Plans of the tier integrate in another manner than the one that is emulated, or in none.
bool is_without_integration(const Sku* sku) {
  return sku != nullptr && !sku->integrates;
}

// Why a plan of the tier integrates with nothing here, as the end of a sentence.
struct NoIntegration {
  std::string tier{};  // as people call it
  std::string why = "which has no virtual network integration";
  std::string hint = "Basic is the smallest tier that has it";
};

NoIntegration no_integration(const std::string& tier) {
  if (tier == kDynamic) return {.tier = "Consumption"};
  if (tier == kFlexConsumption) {
    return {"Flex Consumption",
            fmt::format("which integrates by a delegation to {} and gateways that apps share: that "
                        "is not emulated",
                        kEnvironmentsDelegation),
            ""};
  }
  if (tier == kWorkflowStandard) {
    return {"Workflow Standard", "whose Logic Apps are not emulated",
            "an Elastic Premium plan, such as EP1, is the nearest"};
  }
  return {.tier = tier};
}

void check_sku(const std::string& name, const Site& site, const Sku& sku, Checks& checks) {
  if (sku.tier == kIsolated) return;  // the plan has been refused
  const NoIntegration no = no_integration(sku.tier);
  checks.error(subnet_property(name), "sku-without-integration",
               fmt::format("plan '{}' is of the {} tier, {}", site.server_farm, no.tier, no.why),
               no.hint, {"sites." + name + ".serverFarm", plan_path(site.server_farm)});
}

// Empty: nobody.
std::string host_in(const SubnetRef& ref, const Lab& lab) {
  for (const auto& [name, host] : lab.hosts) {
    if (host.subnet == ref) return name;
  }
  return {};
}

void check_delegation(const std::string& name, const SubnetRef& ref, const Subnet& subnet,
                      const Lab& lab, Checks& checks) {
  if (is_integration_subnet(subnet)) return;
  const std::string host = subnet.delegations.empty() ? host_in(ref, lab) : std::string();
  if (!host.empty()) {
    checks.error(subnet_property(name), missing_delegation(ref),
                 fmt::format("host '{}' is in it, and a delegated subnet takes none: use another "
                             "subnet",
                             host),
                 {subnet_path(ref) + ".delegations", "hosts"});
    return;
  }
  // One that is delegated takes no second delegation (azure-facts 13.3).
  const std::string hint = subnet.delegations.empty()
                               ? fmt::format("give it 'delegations: [{}]'", kServerFarmsDelegation)
                               : fmt::format("it is delegated to {}: use another subnet",
                                             shown(subnet.delegations.front()));
  checks.error(subnet_property(name), missing_delegation(ref), hint,
               {subnet_path(ref) + ".delegations"});
}

void check_integrated_site(const std::string& name, const Site& site, const Lab& lab,
                           Checks& checks) {
  if (is_docker_compose(site)) {
    checks.error("sites." + name + ".linuxFxVersion", "docker-compose",
                 "Virtual network integration isn't supported for Docker Compose scenarios in App "
                 "Service",
                 {}, {subnet_property(name)});
  }
  const Sku* sku = sku_of(lab, site.server_farm);
  if (is_without_integration(sku)) check_sku(name, site, *sku, checks);
  const SubnetRef& ref = *site.virtual_network_subnet;
  if (!checks.refers_to_subnet(subnet_property(name), ref, lab)) return;
  const bool delegated_elsewhere = sku != nullptr && sku->tier == kFlexConsumption;
  if (!delegated_elsewhere) check_delegation(name, ref, *lab.find(ref), lab, checks);
}

// The apps of a plan that join a subnet, in the order of their names: one at least.
using SitesOfPlan = std::map<std::string, std::vector<std::string>>;

class Integrations {
 public:
  Integrations(const Lab& lab, Checks& checks) : lab_(lab), checks_(checks) {}

  void check() {
    for (const auto& [name, site] : lab_.sites) {
      ++apps_[site.server_farm];
      const Sku* sku = sku_of(lab_, site.server_farm);
      const bool has_plan = lab_.server_farms.contains(site.server_farm);
      if (!site.virtual_network_subnet || !has_plan || is_without_integration(sku)) continue;
      if (lab_.find(*site.virtual_network_subnet) != nullptr) {
        add(name, site.server_farm, *site.virtual_network_subnet);
      }
    }
    for (const auto& [ref, plans] : plans_of_) {
      check_subscriptions(ref, plans);
      if (check_size(ref, plans)) check_addresses(ref, plans);
    }
    for (const auto& [plan, subnets] : subnets_of_) check_units(plan, subnets.size());
  }

 private:
  void add(const std::string& site, const std::string& plan, const SubnetRef& ref) {
    auto& subnets = subnets_of_[plan];
    if (subnets.size() == kMaxIntegrationsPerPlan && !subnets.contains(ref)) {
      checks_.error(subnet_property(site), vnet_limit(),
                    fmt::format("plan '{}' already uses '{}' and '{}'", plan,
                                subnets.begin()->to_string(), subnets.rbegin()->to_string()));
      return;
    }
    subnets.insert(ref);
    plans_of_[ref][plan].push_back(site);
  }

  // All plans of a subnet are in one subscription, and whose the network is has registered App
  // Service (azure-facts 3.3.3; contract "Decided" 28).
  void check_subscriptions(const SubnetRef& ref, const SitesOfPlan& plans) {
    const VirtualNetwork& vnet = lab_.virtual_networks.at(ref.vnet);
    const std::string of_vnet = subscription_name(lab_, vnet.subscription);
    const auto owner = [&](const std::string& plan) {
      return subscription_name(lab_, lab_.server_farms.at(plan).subscription);
    };
    const std::string& first = plans.begin()->first;
    for (const auto& [plan, sites] : plans) {
      Checks::Paths rests_on = {"subscription", "subscriptions", plan_path(plan) + ".subscription",
                                vnet_path(ref.vnet) + ".subscription"};
      const bool foreign = of_vnet != owner(plan);
      if (foreign && !has_registered(subscription_of(lab_, vnet), kWebProvider)) {
        checks_.error(subnet_property(sites.front()), missing_registration(of_vnet, ref.vnet), {},
                      rests_on);
      }
      if (owner(plan) == owner(first)) continue;
      rests_on.push_back(plan_path(first) + ".subscription");
      checks_.error(subnet_property(sites.front()),
                    plans_in_two_subscriptions({first, owner(first)}, {plan, owner(plan)}, ref), {},
                    std::move(rests_on));
    }
  }

  // Whether the subnet is one that apps can join at all (azure-facts 3.3.1).
  bool check_size(const SubnetRef& ref, const SitesOfPlan& plans) {
    int length = 33;
    for (const Ipv4Prefix& prefix : lab_.find(ref)->address_prefixes) {
      length = std::min(length, int{prefix.length});
    }
    if (length > kMinIntegrationLength) {
      checks_.error(subnet_path(ref) + ".addressPrefixes[0]", "integration-subnet-size",
                    fmt::format("an integration subnet is /{} or larger, not /{}",
                                kMinIntegrationLength, length),
                    {}, paths_of_load(ref));
      return false;
    }
    if (length <= kMinSharedSubnetLength) return true;
    for (auto later = std::next(plans.begin()); later != plans.end(); ++later) {
      checks_.error(subnet_property(later->second.front()),
                    subnet_occupied(ref, plan_id(lab_, plans.begin()->first)),
                    fmt::format("a subnet that several plans join is /{} or larger, not /{}",
                                kMinSharedSubnetLength, length),
                    paths_of_load(ref));
    }
    return true;
  }

  // Each instance takes an address, and each app on it another one where they are Windows
  // containers (azure-facts 3.2.1, 3.2.2, 3.2.7).
  void check_addresses(const SubnetRef& ref, const SitesOfPlan& plans) {
    const uint64_t usable = usable_addresses(*lab_.find(ref));
    uint64_t needed = 0;
    for (const auto& [plan, sites] : plans) {
      const ServerFarm& farm = lab_.server_farms.at(plan);
      const uint64_t of_instance = farm.hyper_v ? 1 + sites.size() : 1;
      needed += static_cast<uint64_t>(std::max(farm.capacity, 0)) * of_instance;
      if (needed <= usable) continue;
      Checks::Paths rests_on = paths_of_load(ref);
      rests_on.push_back(plan_path(plan) + ".capacity");
      checks_.error(plan_path(plan) + ".capacity", insufficient_address_space({ref}),
                    fmt::format("{} addresses are needed, {} are usable", needed, usable),
                    std::move(rests_on));
      return;
    }
  }

  // Of Windows containers (azure-facts 3.3.8).
  void check_units(const std::string& plan, size_t connections) {
    const Sku* sku = sku_of(lab_, plan);
    if (sku == nullptr || !lab_.server_farms.at(plan).hyper_v) return;
    const int subnets = static_cast<int>(connections);
    const int apps = static_cast<int>(apps_[plan]);
    const int needed = 1 + subnets + apps;
    if (needed <= sku->cores * kNetworkingUnitsPerCore) return;
    checks_.error(plan_path(plan) + ".sku",
                  networking_units(plan, sku->name, sku->cores, needed, subnets, apps), {},
                  {"sites", plan_path(plan)});
  }

  static Checks::Paths paths_of_load(const SubnetRef& ref) {
    return {subnet_path(ref) + ".addressPrefix", subnet_path(ref) + ".addressPrefixes", "sites",
            "serverFarms"};
  }

  const Lab& lab_;
  Checks& checks_;
  std::map<std::string, size_t> apps_{};  // of a plan
  std::map<std::string, std::set<SubnetRef>> subnets_of_{};
  std::map<SubnetRef, SitesOfPlan> plans_of_{};
};

}  // namespace

void check_integrations(const Lab& lab, Checks& checks) {
  for (const auto& [name, site] : lab.sites) {
    if (site.virtual_network_subnet) check_integrated_site(name, site, lab, checks);
  }
  Integrations(lab, checks).check();
}

}  // namespace egress::lab
