// SPDX-License-Identifier: MIT
#include "policy/lanes.hpp"

#include "base/ip.hpp"

namespace egress::policy {
namespace {

using lab::TrafficClass;

DnsSettings public_names(DnsSettings dns) {
  dns.servers = {kAzurePlatform};
  dns.decided_by = "Azure DNS";
  dns.note.clear();
  return dns;
}

}  // namespace

std::vector<Lane> lanes_of(const lab::Site& site, const DnsSettings& dns) {
  std::vector<Lane> lanes;
  for (const TrafficClass traffic :
       {TrafficClass::kApplication, TrafficClass::kImagePull, TrafficClass::kContentShare,
        TrafficClass::kBackupRestore, TrafficClass::kManagedIdentity, TrafficClass::kKeyVault}) {
    Lane lane{.traffic = traffic, .routing = traffic_routing(site, traffic), .dns = dns};
    const bool integrated = lane.routing.integrated;
    if (traffic == TrafficClass::kKeyVault && integrated) {
      Lane first = lane;
      first.public_attempt = true;
      first.routing.scope = TrafficRouting::Scope::kNothing;
      first.dns = public_names(dns);
      lanes.push_back(std::move(first));
    }
    if (integrated && lane.routing.scope == TrafficRouting::Scope::kNothing) {
      lane.dns = public_names(dns);
    }
    lanes.push_back(std::move(lane));
  }
  return lanes;
}

TrafficInUse traffic_in_use(const lab::Lab& lab, const TrafficInUse& run_in) {
  TrafficInUse in_use = run_in;
  for (const auto& [site, classes] : lab::traffic_in_use(lab)) {
    in_use[site].insert(classes.begin(), classes.end());
  }
  return in_use;
}

}  // namespace egress::policy
