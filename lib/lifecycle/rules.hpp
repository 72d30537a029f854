// SPDX-License-Identifier: MIT
#pragma once

// The rules of transition.hpp, by what they are about. Of a lab `after` that does not validate,
// references may lead nowhere and be spelled in any case; of `before` neither.

#include <optional>
#include <string>
#include <vector>

#include "lab/azure_texts.hpp"
#include "lifecycle/transition.hpp"

namespace egress::lifecycle {

// A change with a lab on either side: an empty one where none is in force.
struct Step {
  const lab::Lab& before;
  const lab::Lab& after;
  const Change& change;
};

using Refusals = std::vector<Refusal>;

// Integrations: what the caller may do, and what a connect or a purge asks for.
void refuse_sites(const Step& step, Refusals& refusals);
// New owners of what is integrated.
void refuse_subscriptions(const Step& step, Refusals& refusals);
// Plans that go, or are scaled too often or while they still are.
void refuse_plans(const Step& step, Refusals& refusals);
// Subnets, and what they use: lists, tables, gateways.
void refuse_subnets(const Step& step, Refusals& refusals);
// Public addresses that a NAT gateway or a machine has.
void refuse_public_addresses(const Step& step, Refusals& refusals);

Refusal refusal(lab::AzureText text, std::string path, std::string hint = {});

bool same(const lab::SubnetRef& a, const lab::SubnetRef& b);  // in any case
bool is_in(const std::optional<lab::SubnetRef>& subnet, const lab::SubnetRef& ref);
std::string path_of(const lab::SubnetRef& subnet);

// Null when there is none.
template <typename T>
const T* find(const lab::Named<T>& named, const std::string& name) {
  const auto found = named.find(name);
  return found == named.end() ? nullptr : &found->second;
}

// When the plan was scaled within the hour that ends now.
std::vector<TimePoint> recent_scale_changes(const State& state, const std::string& server_farm,
                                            TimePoint now);
// Plans that stay, and whose number or size of instances is another one.
std::vector<Scaling> scalings(const lab::Lab& before, const lab::Lab& after);

}  // namespace egress::lifecycle
