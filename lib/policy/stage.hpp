// SPDX-License-Identifier: MIT
#pragma once

// What an answer says of the way to it: stages in the contract's words, steps, and which decided.

#include <string>

namespace egress::policy {

enum class Stage {
  kNameResolution,
  kApplicationRouting,
  kNetworkSecurityGroup,
  kRoute,
  kPeering,
  kFirewall,
  kNat,
  kNatGateway,
  kGateway,
  kPlatform,
  kServiceEndpoint,
  kPrivateEndpoint,
  kLoadBalancer,
  kService,
  kDestination,
};
const char* name_of(Stage stage);

struct Step {
  Stage stage = Stage::kRoute;
  std::string where{};   // "spoke/integration", "hub", "internet", "web/0"
  std::string result{};  // "virtualNetwork", "Allow", "VirtualAppliance 10.0.1.4", "refused"
  std::string name{};    // rule, route or peering that decided this step, or empty
  std::string reason{};  // one sentence for people
};

struct DecidedBy {
  Stage stage = Stage::kRoute;
  std::string name{};
  bool operator==(const DecidedBy&) const = default;
};

}  // namespace egress::policy
