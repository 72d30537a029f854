// SPDX-License-Identifier: MIT
#pragma once

// A packet under way and what is known of it so far: what the parts of the walk (walk, exits,
// arrival) hand to one another.

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "policy/walk.hpp"

namespace egress::policy {

using Ended = std::optional<lab::Verdict>;  // empty: the packet goes on

struct WalkState {
  const Network& network;
  const Origin& origin;
  const Flow& flow;
  Packet packet{};
  Explanation explanation{};
  Trail trail{};
  const EffectiveRule* admitted_by = nullptr;   // the rule that allowed it at the last list
  const EffectiveRule* first_rule = nullptr;    // the same at the sender's subnet
  const EffectiveRoute* first_route = nullptr;  // null: it entered no network

  const std::string& vnet_name(Index vnet) const { return network.vnets[vnet].name; }

  bool passes_again = false;  // an NVA has brought it back to the VNet that it has passed

  void enter(Index vnet) {
    trail.passages.push_back(
        {.vnet = vnet, .source = packet.source, .destination = packet.destination});
    passes_again = false;
  }
  // A frontend gives it another destination, as which the VNet then knows this passage of it alone.
  void be_seen_as(Ipv4Address destination) {
    if (passes_again) enter(trail.passages.back().vnet);
    trail.passages.back().destination = destination;
  }

  // The VNet that has the packet lets it go on.
  void leave() { trail.passages.back().left = true; }

  void note(Step step) { explanation.steps.push_back(std::move(step)); }

  // The step decides the flow.
  lab::Verdict stop(lab::Verdict verdict, Step step) {
    explanation.decided_by = {step.stage, step.name};
    note(std::move(step));
    return verdict;
  }

  lab::Verdict drop_at_route(const Network::Subnet& subnet, const EffectiveRoute& route,
                             const std::string& why) {
    return stop(lab::Verdict::kDrop, {Stage::kRoute, subnet.name, "Drop", route.name,
                                      fmt::format("{} does not carry it: {}.", route.name, why)});
  }
};

}  // namespace egress::policy
