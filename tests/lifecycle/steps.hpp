// SPDX-License-Identifier: MIT
#pragma once

// What happens to a lab, drawn at random: a step is a kind and three numbers, which mean something
// only against the lab of the moment. So any part of a sequence is a sequence, which is what
// shrinking needs.

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "lab/lab.hpp"
#include "lifecycle/operation.hpp"

namespace egress::life {

enum class StepKind {
  kScale,  // to a capacity, a SKU or both
  kConnect,
  kCreate,  // connect, with a subnet that is made
  kDisconnect,
  kPutSite,  // a new one, or another plan for one that is there
  kDeleteSite,
  kPutPlan,  // a new one, or another capacity for one that is there
  kDeletePlan,
  kPutSubnet,  // one that has gone, or without delegation one that is there
  kResizeSubnet,
  kDeleteSubnet,
  kPurge,
  kRestart,
  kAdvance,
  kApplyFirst,   // the file that everything began with
  kApplyExport,  // what is in force
  kCrash,
};

struct Step {
  StepKind kind = StepKind::kCrash;
  std::array<uint32_t, 3> numbers{};
};
using Steps = std::vector<Step>;

Steps random_steps(uint64_t seed, size_t count);

// Of a site that is there.
struct Restart {
  std::string site{};
};
struct Advance {
  std::chrono::seconds by{};
};
struct Apply {
  bool first = false;  // else what is in force
};
// The daemon is killed and another one starts.
struct Crash {};
using Action = std::variant<lifecycle::Operation, Restart, Advance, Apply, Crash>;

// What the step is in this lab.
Action action_of(const Step& step, const lab::Lab& lab);
// As somebody would type it.
std::string to_text(const Action& action);

// What all sequences begin with: two networks that are peered, subnets of every size that the rules
// tell apart, plans and apps, addresses that wait for an hour.
inline constexpr const char* kFirstLab = R"(
outboundIpAddresses: [20.50.1.4, 20.50.1.5]
releaseDelay: 1h
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets:
      apps: {addressPrefix: 10.0.1.0/27, delegations: [Microsoft.Web/serverFarms]}
    virtualNetworkPeerings: {spoke: {}}
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      small: {addressPrefix: 10.1.1.0/28, delegations: [Microsoft.Web/serverFarms]}
      data: {addressPrefix: 10.1.2.0/24}
      shared: {addressPrefix: 10.1.4.0/26, delegations: [Microsoft.Web/serverFarms]}
      bare: {addressPrefix: 10.1.6.0/27}
    virtualNetworkPeerings: {hub: {}}
serverFarms:
  plan: {sku: P1v3, capacity: 2}
  other: {sku: P1v3, capacity: 1}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: spoke/small, vnetPrivatePortsCount: 1}
  api: {serverFarm: plan}
  batch: {serverFarm: other, virtualNetworkSubnet: spoke/shared}
hosts:
  sql: {subnet: spoke/data, ipAddress: 10.1.2.4, listen: [tcp/443]}
  website: {internet: true, ipAddress: 93.184.216.34, listen: [tcp/443]}
)";

}  // namespace egress::life
