// SPDX-License-Identifier: MIT
#pragma once

// Under which addresses flows leave the namespaces that translate them.

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "base/result.hpp"
#include "policy/network.hpp"

namespace egress::compile {

struct Translations {
  using Zones = std::map<uint16_t, std::set<Ipv4Address>>;
  // Of flows of apps and lanes in a worker, by the zone in which it tracks them.
  std::map<policy::WorkerKey, Zones> workers{};
  // Of integrations, by their interfaces, on their network's way to App Service's own source NAT.
  std::map<policy::Index, Ipv4Address> integrations{};
  // Of what comes to that from inside addresses.
  std::map<Ipv4Address, Ipv4Address> outbound{};
  // Of what leaves by each NAT gateway.
  std::map<std::string, std::set<Ipv4Address>> nat_gateways{};
};
// kInvalid when there are more inside addresses than numbers for them.
Result<Translations> translations(const policy::Network& network);

}  // namespace egress::compile
