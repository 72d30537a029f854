// SPDX-License-Identifier: MIT
#pragma once

// The ways in which packets of a site's instances leave: one for what the application sends, one
// for each class that the platform sends, and two for Key Vault references, which an integrated
// site asks for in public first and then through its network (azure-facts 2.2.7).

#include <set>
#include <vector>

#include "policy/dns_settings.hpp"
#include "policy/traffic_routing.hpp"

namespace egress::policy {

struct Lane {
  lab::TrafficClass traffic = lab::TrafficClass::kApplication;
  bool public_attempt = false;  // of Key Vault: the first of its two
  TrafficRouting routing{};
  DnsSettings dns{};
  bool operator==(const Lane&) const = default;
};

// The application's first; of Key Vault the attempt that counts in the end last. `dns` is what the
// application asks. A class that enters its network asks the same; one that does not sees public
// names alone (contract "Decided" 25).
std::vector<Lane> lanes_of(const lab::Site& site, const DnsSettings& dns);

// By site: classes whose lanes are there to be sent in, beside the application's.
using TrafficInUse = lab::Named<std::set<lab::TrafficClass>>;
// Those that the lab asks for (lab/traffic.hpp), and those in which somebody has run something.
TrafficInUse traffic_in_use(const lab::Lab& lab, const TrafficInUse& run_in);

}  // namespace egress::policy
