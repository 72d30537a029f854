// SPDX-License-Identifier: MIT
#include "tests/lifecycle/model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace egress::life {
namespace {

using lab::SubnetRef;

constexpr int kLongestOfPortal = 27;
constexpr int kLongestShared = 26;
constexpr size_t kIntegrationsOfPlan = 2;
constexpr int kReservedAddresses = 5;

SubnetRef subnet_named(const std::string& vnet_and_subnet) {
  const size_t slash = vnet_and_subnet.find('/');
  return {vnet_and_subnet.substr(0, slash), vnet_and_subnet.substr(slash + 1)};
}

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  size_t from = 0;
  for (size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', from)) {
    parts.push_back(path.substr(from, dot - from));
    from = dot + 1;
  }
  parts.push_back(path.substr(from));
  return parts;
}

// What stands behind `key: ` in a value as steps write it.
std::string member(const std::string& value, const std::string& key) {
  const size_t at = value.find(key + ": ");
  if (at == std::string::npos) return "";
  const size_t from = at + key.size() + 2;
  return value.substr(from, value.find_first_of(",}", from) - from);
}

class Change {
 public:
  explicit Change(Model& model) : model_(model) {}

  void operator()(const lifecycle::Scale& scale) const {
    const auto plan = model_.plans.find(scale.server_farm);
    if (plan == model_.plans.end()) return;
    if (scale.capacity) plan->second.capacity = *scale.capacity;
    if (scale.sku) plan->second.sku = *scale.sku;
  }
  void operator()(const lifecycle::Connect& connect) const {
    const auto site = model_.sites.find(connect.site);
    if (site == model_.sites.end()) return;
    ModelSubnet& subnet = model_.subnets[connect.subnet];
    if (connect.create) subnet.prefix = *connect.create;
    subnet.delegated = true;
    site->second.subnet = connect.subnet;
  }
  void operator()(const lifecycle::Disconnect& disconnect) const {
    const auto site = model_.sites.find(disconnect.site);
    if (site != model_.sites.end()) site->second.subnet.reset();
  }
  void operator()(const lifecycle::Delete& removal) const {
    if (removal.kind == "serverFarm") model_.plans.erase(removal.name);
    if (removal.kind == "subnet") model_.subnets.erase(subnet_named(removal.name));
    const auto site = model_.sites.find(removal.name);
    if (removal.kind != "site" || site == model_.sites.end()) return;
    if (site->second.subnet) {
      model_.orphans.insert({*site->second.subnet, site->second.plan, removal.name});
    }
    model_.sites.erase(site);
  }
  void operator()(const lifecycle::Set& set) const {
    const std::vector<std::string> parts = parts_of(set.path);
    if (parts[0] == "sites") {
      ModelSite& site = model_.sites[parts[1]];
      site.plan = parts.size() == 2 ? member(set.value, "serverFarm") : set.value;
    } else if (parts[0] == "serverFarms") {
      ModelPlan& plan = model_.plans[parts[1]];
      if (parts.size() == 2) plan.sku = member(set.value, "sku");
      plan.capacity = std::stoi(parts.size() == 2 ? member(set.value, "capacity") : set.value);
    } else {
      ModelSubnet& subnet = model_.subnets[{parts[1], parts[3]}];
      if (parts.size() == 4) subnet.delegated = true;
      subnet.prefix =
          Ipv4Prefix::parse(parts.size() == 4 ? member(set.value, "addressPrefix") : set.value)
              .value();
    }
  }
  void operator()(const lifecycle::Unset& unset) const {
    const std::vector<std::string> parts = parts_of(unset.path);
    model_.subnets[{parts[1], parts[3]}].delegated = false;
  }
  void operator()(const lifecycle::Purge& purge) const {
    std::erase_if(model_.orphans, [&](const auto& link) { return link.subnet == purge.subnet; });
  }
  // Of nothing that the model has.
  void operator()(const lifecycle::Swap& /*swap*/) const {}

 private:
  Model& model_;
};

std::set<std::string> sites_in(const SubnetRef& ref, const Model& model) {
  std::set<std::string> sites;
  for (const auto& [name, site] : model.sites) {
    if (site.subnet == ref) sites.insert(name);
  }
  return sites;
}

bool has_link(const SubnetRef& ref, const Model& before, const Model& after) {
  if (!sites_in(ref, before).empty() && !sites_in(ref, after).empty()) return true;
  return std::any_of(before.orphans.begin(), before.orphans.end(),
                     [&](const auto& link) { return link.subnet == ref; });
}

void refuse_subnets(const Model& before, const Model& after, std::set<std::string>& codes) {
  for (const auto& [ref, was] : before.subnets) {
    const bool linked = has_link(ref, before, after);
    const auto is = after.subnets.find(ref);
    if (is == after.subnets.end()) {
      if (linked || was.has_machine) codes.insert("InUseSubnetCannotBeDeleted");
      continue;
    }
    if (linked && is->second.prefix != was.prefix) codes.insert("InUsePrefixCannotBeDeleted");
    if (linked && was.delegated && !is->second.delegated) {
      codes.insert("SubnetMissingRequiredDelegation");
    }
    if (was.has_machine && is->second.delegated && !was.delegated) {
      codes.insert("SubnetDelegationsCannotChangeWhenSubnetUsedByResource");
    }
  }
}

void refuse_plans(const Model& before, const Model& after, std::set<std::string>& codes) {
  std::map<std::string, std::set<SubnetRef>> subnets_of;
  for (const auto& [name, site] : after.sites) {
    if (!after.plans.contains(site.plan)) {
      codes.insert(before.plans.contains(site.plan) ? "Conflict" : "unknown-reference");
    } else if (site.subnet) {
      subnets_of[site.plan].insert(*site.subnet);
    }
  }
  for (const auto& [plan, subnets] : subnets_of) {
    if (subnets.size() > kIntegrationsOfPlan) codes.insert("Conflict");
  }
}

// Too few addresses, or too many plans.
void refuse_load(const Model& after, const ModelLeases& kept, std::set<std::string>& codes) {
  std::map<SubnetRef, std::set<std::string>> plans_of;
  std::map<SubnetRef, int> taken;
  for (const lab::Integration& holder : wanted(after)) {
    plans_of[holder.subnet].insert(holder.server_farm);
    ++taken[holder.subnet];
  }
  for (const auto& [ref, subnet] : after.subnets) {
    for (const auto& [key, lease] : kept.waiting) {
      if (key.vnet == ref.vnet && subnet.prefix.contains(key.address)) ++taken[ref];
    }
    const int usable = (1 << (32 - subnet.prefix.length)) - kReservedAddresses;
    if (taken[ref] > usable) codes.insert("Conflict");
    if (subnet.prefix.length > kLongestShared && plans_of[ref].size() > 1) codes.insert("Conflict");
  }
}

// What is wrong with the words of an operation.
void refuse_operation(const lifecycle::Operation& operation, const Model& before,
                      std::set<std::string>& codes) {
  const auto refuse_unless = [&](bool known) {
    if (!known) codes.insert(errc_name(Errc::kNotFound));
  };
  if (const auto* scale = std::get_if<lifecycle::Scale>(&operation)) {
    refuse_unless(before.plans.contains(scale->server_farm));
  } else if (const auto* connect = std::get_if<lifecycle::Connect>(&operation)) {
    refuse_unless(before.sites.contains(connect->site));
    if (!connect->create) return;
    if (before.subnets.contains(connect->subnet)) codes.insert(errc_name(Errc::kExists));
    if (connect->create->length > kLongestOfPortal) codes.insert("subnet-size-portal");
  } else if (const auto* disconnect = std::get_if<lifecycle::Disconnect>(&operation)) {
    refuse_unless(before.sites.contains(disconnect->site));
  } else if (const auto* removal = std::get_if<lifecycle::Delete>(&operation)) {
    if (removal->kind == "site") refuse_unless(before.sites.contains(removal->name));
    if (removal->kind == "serverFarm") refuse_unless(before.plans.contains(removal->name));
  } else if (const auto* purge = std::get_if<lifecycle::Purge>(&operation)) {
    if (!sites_in(purge->subnet, before).empty()) codes.insert("purge-in-use");
  }
}

}  // namespace

Model model_of(const lab::Lab& lab, const lifecycle::State& life) {
  Model model{.orphans = life.orphans};
  for (const auto& [name, plan] : lab.server_farms) {
    const auto known = life.instances.find(name);
    model.plans[name] = {plan.capacity, plan.sku,
                         known == life.instances.end() ? 0 : known->second.incarnation};
  }
  for (const auto& [name, site] : lab.sites) {
    model.sites[name] = {site.server_farm, site.virtual_network_subnet};
  }
  for (const auto& [vnet, declared] : lab.virtual_networks) {
    for (const auto& [name, subnet] : declared.subnets) {
      model.subnets[{vnet, name}] = {.prefix = subnet.address_prefixes.front(),
                                     .delegated = lab::is_integration_subnet(subnet)};
    }
  }
  for (const auto& [name, host] : lab.hosts) {
    if (host.subnet) model.subnets[*host.subnet].has_machine = true;
  }
  return model;
}

std::string to_text(const Model& model) {
  std::string text;
  for (const auto& [name, plan] : model.plans) {
    text += fmt::format("{}: {} × {}, for the {}. time\n", name, plan.capacity, plan.sku,
                        plan.incarnation + 1);
  }
  for (const auto& [name, site] : model.sites) {
    text += fmt::format("{} on {} in {}\n", name, site.plan,
                        site.subnet ? site.subnet->to_string() : "no network");
  }
  for (const auto& [ref, subnet] : model.subnets) {
    text += fmt::format("{}: {}{}\n", ref.to_string(), subnet.prefix.to_string(),
                        subnet.delegated ? ", delegated" : "");
  }
  for (const auto& link : model.orphans) {
    text += fmt::format("link of {} on {}\n", link.site, link.subnet.to_string());
  }
  return text;
}

Model after(const Action& action, const Model& before, const Model& first) {
  Model model = before;
  if (const auto* operation = std::get_if<lifecycle::Operation>(&action)) {
    std::visit(Change(model), *operation);
  } else if (const auto* apply = std::get_if<Apply>(&action); apply != nullptr && apply->first) {
    model = first;
    model.orphans = before.orphans;
  }
  for (auto& [name, plan] : model.plans) {
    const auto was = before.plans.find(name);
    if (was == before.plans.end()) continue;
    plan.incarnation = was->second.incarnation + (plan.sku == was->second.sku ? 0 : 1);
  }
  // Who is connected again has its link back.
  std::erase_if(model.orphans, [&](const lifecycle::OrphanedLink& link) {
    const auto site = model.sites.find(link.site);
    return site != model.sites.end() && site->second.subnet == link.subnet;
  });
  return model;
}

std::set<std::string> touched(const Action& action, const Model& before, const Model& after) {
  std::set<std::string> sites;
  if (const auto* restart = std::get_if<Restart>(&action)) sites.insert(restart->site);
  const auto incarnation = [](const Model& model, const ModelSite& site) {
    const auto plan = model.plans.find(site.plan);
    return plan == model.plans.end() ? -1 : plan->second.incarnation;
  };
  for (const auto& [name, was] : before.sites) {
    const auto is = after.sites.find(name);
    const bool stays = is != after.sites.end() && is->second == was &&
                       incarnation(before, was) == incarnation(after, was);
    if (!stays) sites.insert(name);
  }
  return sites;
}

ModelLeases leases_of(const ipam::Leases& leases, ipam::TimePoint now) {
  ModelLeases model;
  for (const auto& [key, lease] : leases.all()) {
    if (lease.state == ipam::LeaseState::kHeld) model.held.emplace(lease.holder, lease.address);
  }
  for (const ipam::Lease& lease : leases.waiting(now)) {
    model.waiting[lease.key()] = {lease.holder, lease.release_at.value()};
  }
  return model;
}

std::set<lab::Integration> wanted(const Model& model) {
  std::set<lab::Integration> all;
  for (const auto& [name, site] : model.sites) {
    const auto plan = model.plans.find(site.plan);
    if (!site.subnet || plan == model.plans.end()) continue;
    for (int instance = 0; instance < plan->second.capacity; ++instance) {
      all.insert({.server_farm = site.plan,
                  .instance = instance,
                  .subnet = *site.subnet,
                  .incarnation = plan->second.incarnation});
    }
  }
  return all;
}

ModelLeases kept(const ModelLeases& before, const Model& model, ipam::TimePoint now,
                 std::chrono::seconds release_delay) {
  const std::set<lab::Integration> holders = wanted(model);
  const auto plan_uses = [&](const lab::Integration& holder) {
    return std::any_of(holders.begin(), holders.end(), [&](const lab::Integration& other) {
      return other.server_farm == holder.server_farm && other.subnet == holder.subnet;
    });
  };
  ModelLeases kept;
  for (const auto& [holder, address] : before.held) {
    if (holders.contains(holder)) {
      kept.held.emplace(holder, address);
    } else if (plan_uses(holder) && release_delay.count() > 0) {
      kept.waiting[{holder.subnet.vnet, address}] = {holder, now + release_delay};
    }
  }
  for (const auto& [key, lease] : before.waiting) {
    if (plan_uses(lease.left_by) && lease.release_at > now) kept.waiting[key] = lease;
  }
  return kept;
}

std::set<std::string> refusals(const Action& action, const Model& before, const Model& after,
                               const ModelLeases& kept) {
  std::set<std::string> codes;
  if (const auto* operation = std::get_if<lifecycle::Operation>(&action)) {
    refuse_operation(*operation, before, codes);
  }
  refuse_plans(before, after, codes);
  refuse_subnets(before, after, codes);
  refuse_load(after, kept, codes);
  return codes;
}

}  // namespace egress::life
