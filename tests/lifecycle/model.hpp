// SPDX-License-Identifier: MIT
#pragma once

// What a lab's life should be, told a second time and in fewer words: which plans, apps and subnets
// there are, which links have been left behind, who holds an address and which ones wait. It knows
// the steps of steps.hpp alone.

#include <chrono>
#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "ipam/leases.hpp"
#include "lifecycle/state.hpp"
#include "tests/lifecycle/steps.hpp"

namespace egress::life {

struct ModelPlan {
  int capacity = 1;
  std::string sku{};
  int incarnation = 0;  // how often its size has changed
  auto operator<=>(const ModelPlan&) const = default;
};
struct ModelSite {
  std::string plan{};
  std::optional<lab::SubnetRef> subnet{};
  bool operator==(const ModelSite&) const = default;
};
struct ModelSubnet {
  Ipv4Prefix prefix{};
  bool delegated = false;
  bool has_machine = false;
  bool operator==(const ModelSubnet&) const = default;
};

struct Model {
  std::map<std::string, ModelPlan> plans{};
  std::map<std::string, ModelSite> sites{};
  std::map<lab::SubnetRef, ModelSubnet> subnets{};
  std::set<lifecycle::OrphanedLink> orphans{};
  bool operator==(const Model&) const = default;
};
// Of what is in force.
Model model_of(const lab::Lab& lab, const lifecycle::State& life);
std::string to_text(const Model& model);

// What an action makes of the model in the end, whether or not that is refused; `first` is what
// everything began with.
Model after(const Action& action, const Model& before, const Model& first);
// Sites whose interfaces that may change: their connections may end.
std::set<std::string> touched(const Action& action, const Model& before, const Model& after);

// Who holds which address, and which addresses wait until when.
struct ModelLeases {
  struct Waiting {
    lab::Integration left_by{};
    ipam::TimePoint release_at{};
    bool operator==(const Waiting&) const = default;
  };
  std::map<lab::Integration, Ipv4Address> held{};
  std::map<ipam::LeaseKey, Waiting> waiting{};
};
// As of `now`.
ModelLeases leases_of(const ipam::Leases& leases, ipam::TimePoint now);
// What of the leases is left when `model` is in force at `now`: nobody new has one yet.
ModelLeases kept(const ModelLeases& before, const Model& model, ipam::TimePoint now,
                 std::chrono::seconds release_delay);
std::set<lab::Integration> wanted(const Model& model);

// Codes of all that refuses the action, of which it is told one; none: it is done.
std::set<std::string> refusals(const Action& action, const Model& before, const Model& after,
                               const ModelLeases& kept);

}  // namespace egress::life
