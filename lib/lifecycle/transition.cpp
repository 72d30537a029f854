// SPDX-License-Identifier: MIT
#include "lifecycle/transition.hpp"

#include <algorithm>
#include <iterator>

#include "lab/slots.hpp"
#include "lifecycle/rules.hpp"

namespace egress::lifecycle {
namespace {

using lab::Lab;
using lab::SubnetRef;

const Lab& lab_before(const Change& change) {
  static const Lab none;
  return change.before == nullptr ? none : *change.before;
}

// Spelled as the lab does.
SubnetRef spelled(const SubnetRef& ref, const Lab& lab) {
  const auto vnet = lab.virtual_networks.find(ref.vnet);
  if (vnet == lab.virtual_networks.end()) return ref;
  const auto subnet = vnet->second.subnets.find(ref.subnet);
  return subnet == vnet->second.subnets.end() ? ref : SubnetRef{vnet->first, subnet->first};
}

// A site of that name that is integrated again has its link back, whatever its plan. A subnet with
// links stays as long as there is a lab to hold it.
bool is_orphan(const OrphanedLink& link, const Change& change) {
  const auto* purge = change.operation == nullptr ? nullptr : std::get_if<Purge>(change.operation);
  if (purge != nullptr && same(purge->subnet, link.subnet)) return false;
  if (change.after.find(spelled(link.subnet, change.after)) == nullptr) return false;
  const lab::Site* site = find(change.after.sites, link.site);
  return site == nullptr || !is_in(site->virtual_network_subnet, link.subnet);
}

// A file that no longer has a site disconnects it first; whoever deletes a site does not
// (azure-facts 3.4.7).
std::set<OrphanedLink> left_behind(const Change& change) {
  std::set<OrphanedLink> links;
  if (change.cause != Cause::kOperation) return links;
  for (const auto& [name, was] : lab_before(change).sites) {
    if (!was.virtual_network_subnet || find(change.after.sites, name) != nullptr) continue;
    const SubnetRef subnet = spelled(*was.virtual_network_subnet, change.after);
    if (change.after.find(subnet) == nullptr) continue;
    links.insert({subnet, was.server_farm, name});
  }
  return links;
}

// Sets what becomes of links that are there, and of those that the change leaves.
void carry_links(const Change& change, Transition& transition) {
  Effects& effects = transition.effects;
  transition.next.orphans.clear();
  for (const OrphanedLink& link : change.state.orphans) {
    auto& links = is_orphan(link, change) ? transition.next.orphans : effects.taken_away;
    links.insert({spelled(link.subnet, change.after), link.server_farm, link.site});
  }
  effects.left_behind = left_behind(change);
  transition.next.orphans.insert(effects.left_behind.begin(), effects.left_behind.end());
}

// Of the plans that the lab has. Another size begins with the old ones serving.
lab::Instances instances_after(const Change& change, const std::vector<Scaling>& scalings) {
  lab::Instances instances;
  for (const auto& [name, farm] : change.after.server_farms) {
    const auto* known = find(change.state.instances, name);
    if (known != nullptr) instances.emplace(name, *known);
  }
  for (const Scaling& scaling : scalings) {
    if (!scaling.all_new) continue;
    lab::PlanInstances& plan = instances[scaling.server_farm];
    ++plan.incarnation;
    plan.outgoing = {.capacity = scaling.capacity_before, .sku = scaling.sku_before};
  }
  return instances;
}

// What the limit of azure-facts 3.2.10 counts, where the lab has one.
lab::Named<std::vector<TimePoint>> counted(const Change& change,
                                           const std::vector<Scaling>& scalings) {
  lab::Named<std::vector<TimePoint>> counted;
  if (!change.after.max_scale_changes_per_hour) return counted;
  for (const auto& [name, farm] : change.after.server_farms) {
    const bool scaled =
        std::any_of(scalings.begin(), scalings.end(),
                    [&plan = name](const Scaling& scaling) { return scaling.server_farm == plan; });
    std::vector<TimePoint> changes = recent_scale_changes(change.state, name, change.now);
    if (scaled) changes.push_back(change.now);
    if (!changes.empty()) counted.emplace(name, std::move(changes));
  }
  return counted;
}

// Both sides of a swap, though nothing of them differs.
std::set<std::string> swapped(const Change& change) {
  const auto* swap = change.operation == nullptr ? nullptr : std::get_if<Swap>(change.operation);
  if (swap == nullptr) return {};
  std::set<std::string> sites;
  for (const std::string& name : {swap->site, lab::site_of_slot(swap->site, swap->slot)}) {
    const auto found = change.after.sites.find(name);
    if (found != change.after.sites.end()) sites.insert(found->first);
  }
  return sites;
}

// Of connecting and disconnecting (azure-facts 3.4.1).
std::set<std::string> restarts(const Lab& before, const Lab& after) {
  std::set<std::string> sites;
  for (const auto& [name, is] : after.sites) {
    const lab::Site* was = find(before.sites, name);
    if (was == nullptr) continue;
    const bool stays = is.virtual_network_subnet
                           ? is_in(was->virtual_network_subnet, *is.virtual_network_subnet)
                           : !was->virtual_network_subnet;
    if (!stays) sites.insert(name);
  }
  return sites;
}

}  // namespace

Refusal refusal(lab::AzureText text, std::string path, std::string hint) {
  return {.code = std::move(text.code),
          .message = std::move(text.message),
          .path = std::move(path),
          .hint = std::move(hint)};
}

bool same(const SubnetRef& a, const SubnetRef& b) {
  const lab::NameLess less;
  return !less(a.vnet, b.vnet) && !less(b.vnet, a.vnet) && !less(a.subnet, b.subnet) &&
         !less(b.subnet, a.subnet);
}

bool is_in(const std::optional<SubnetRef>& subnet, const SubnetRef& ref) {
  return subnet && same(*subnet, ref);
}

std::string path_of(const SubnetRef& subnet) {
  return "virtualNetworks." + subnet.vnet + ".subnets." + subnet.subnet;
}

std::vector<Refusal> refusals(const Change& change) {
  Refusals all;
  if (change.cause == Cause::kRestore) return all;
  const Step step{lab_before(change), change.after, change};
  refuse_sites(step, all);
  refuse_subscriptions(step, all);
  refuse_plans(step, all);
  refuse_subnets(step, all);
  refuse_public_addresses(step, all);
  return all;
}

std::variant<Transition, std::vector<Refusal>> transition(const Change& change) {
  Refusals refused = refusals(change);
  if (!refused.empty()) return refused;
  Transition transition{.next = change.state};
  if (change.cause == Cause::kRestore) return transition;
  const Lab& before = lab_before(change);
  carry_links(change, transition);
  transition.effects.scalings = scalings(before, change.after);
  transition.effects.restarts = restarts(before, change.after);
  transition.effects.restarts.merge(swapped(change));
  transition.next.instances = instances_after(change, transition.effects.scalings);
  transition.next.scale_changes = counted(change, transition.effects.scalings);
  return transition;
}

}  // namespace egress::lifecycle
