// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>

#include "lab/suggest.hpp"
#include "lifecycle/rules.hpp"

namespace egress::lifecycle {
namespace {

using lab::Lab;

// The sites that were on the plan and still name it.
std::vector<std::string> apps_of(const std::string& server_farm, const Step& step) {
  std::vector<std::string> apps;
  for (const auto& [name, was] : step.before.sites) {
    const lab::Site* is = find(step.after.sites, name);
    if (is == nullptr || was.server_farm != server_farm) continue;
    if (lab::equal_ignoring_case(is->server_farm, server_farm)) apps.push_back(name);
  }
  return apps;
}

void refuse_plan_deletions(const Step& step, Refusals& refusals) {
  for (const auto& [name, farm] : step.before.server_farms) {
    if (find(step.after.server_farms, name) != nullptr) continue;
    const std::vector<std::string> apps = apps_of(name, step);
    if (apps.empty()) continue;
    refusals.push_back(refusal(lab::server_farm_has_apps(name, apps), "serverFarms." + name));
  }
}

// Linux, Windows and Windows containers are different plans.
void refuse_kind(const std::string& name, const lab::ServerFarm& was, const Step& step,
                 Refusals& refusals) {
  const lab::ServerFarm* is = find(step.after.server_farms, name);
  if (is == nullptr || (is->reserved == was.reserved && is->hyper_v == was.hyper_v)) return;
  const std::vector<std::string> apps = apps_of(name, step);
  if (apps.empty()) return;
  const std::string property = is->reserved == was.reserved ? "hyperV" : "reserved";
  refusals.push_back(refusal(lab::plan_kind_with_apps(name, property, apps),
                             "serverFarms." + name + "." + property));
}

std::string path_of(const Scaling& scaling) {
  return "serverFarms." + scaling.server_farm + (scaling.all_new ? ".sku" : ".capacity");
}

// One set of new instances at a time, and the old ones stay as many as they are.
void refuse_while_scaling(const Scaling& scaling, const Step& step, Refusals& refusals) {
  const auto* plan = find(step.change.state.instances, scaling.server_farm);
  if (plan == nullptr || !plan->outgoing) return;
  refusals.push_back(refusal(
      lab::scaling_in_progress(scaling.server_farm, plan->outgoing->sku, scaling.sku_before),
      path_of(scaling)));
}

// azure-facts 3.2.10.
void refuse_often(const Scaling& scaling, const Step& step, Refusals& refusals) {
  const auto limit = step.after.max_scale_changes_per_hour;
  if (!limit) return;
  const std::vector<TimePoint> recent =
      recent_scale_changes(step.change.state, scaling.server_farm, step.change.now);
  const int changes = static_cast<int>(recent.size());
  if (changes < *limit) return;
  refusals.push_back(refusal(lab::too_many_scale_changes(changes, *limit), path_of(scaling)));
}

}  // namespace

std::vector<TimePoint> recent_scale_changes(const State& state, const std::string& server_farm,
                                            TimePoint now) {
  std::vector<TimePoint> recent;
  const auto* all = find(state.scale_changes, server_farm);
  if (all == nullptr) return recent;
  std::copy_if(all->begin(), all->end(), std::back_inserter(recent),
               [now](TimePoint at) { return at > now - std::chrono::hours(1); });
  return recent;
}

std::vector<Scaling> scalings(const Lab& before, const Lab& after) {
  std::vector<Scaling> all;
  for (const auto& [name, is] : after.server_farms) {
    const lab::ServerFarm* was = find(before.server_farms, name);
    if (was == nullptr || (was->capacity == is.capacity && was->sku == is.sku)) continue;
    all.push_back({name, was->capacity, is.capacity, was->sku, is.sku, was->sku != is.sku});
  }
  return all;
}

void refuse_plans(const Step& step, Refusals& refusals) {
  refuse_plan_deletions(step, refusals);
  for (const auto& [name, was] : step.before.server_farms) {
    refuse_kind(name, was, step, refusals);
  }
  for (const Scaling& scaling : scalings(step.before, step.after)) {
    refuse_while_scaling(scaling, step, refusals);
    refuse_often(scaling, step, refusals);
  }
}

}  // namespace egress::lifecycle
