// SPDX-License-Identifier: MIT
// What is asked of a network once it is analysed.
#include <algorithm>

#include "policy/internet_prefixes.hpp"
#include "policy/network.hpp"

namespace egress::policy {

std::string name_of(const Sender& sender, const Network::Worker& worker) {
  return sender.to_string() + (worker.is_next ? " next" : "");
}

const Lane& Network::Site::lane(lab::TrafficClass traffic, bool public_attempt) const {
  const Lane* found = &lanes.front();
  for (const Lane& lane : lanes) {
    if (lane.traffic != traffic) continue;
    found = &lane;
    if (public_attempt) break;
  }
  return *found;
}

const Network::Instance* Network::Site::instance(int number, int incarnation) const {
  const auto found = std::find_if(instances.begin(), instances.end(), [&](const Instance& each) {
    const bool meant = incarnation == lab::kServing
                           ? each.worker->standing == lab::Standing::kServing
                           : each.name.incarnation == incarnation;
    return meant && each.name.instance == number;
  });
  return found == instances.end() ? nullptr : &*found;
}

bool Network::Site::sends(lab::TrafficClass traffic) const {
  return traffic == lab::TrafficClass::kApplication || classes_in_use.count(traffic) != 0;
}

std::vector<const Lane*> Network::Site::lanes_in_use() const {
  std::vector<const Lane*> in_use;
  for (const Lane& lane : lanes) {
    if (classes_in_use.count(lane.traffic) != 0) in_use.push_back(&lane);
  }
  return in_use;
}

std::optional<Network::App> Network::find(const Sender& sender, bool public_attempt) const {
  const auto site = sites.find(sender.site);
  if (site == sites.end()) return std::nullopt;
  const Network::Instance* const on = site->second.instance(sender.instance, sender.incarnation);
  if (on == nullptr) return std::nullopt;
  App app{.name = {site->first, sender.instance, sender.traffic, sender.incarnation},
          .site = &site->second,
          .lane = &site->second.lane(sender.traffic, public_attempt),
          .instance = on->name,
          .worker = on->worker};
  for (const Index each : app.worker->integrations) {
    if (interfaces[each].subnet == app.site->subnet) app.lease = interfaces[each].address;
  }
  return app;
}

Index Network::owner(Index vnet, Ipv4Address address) const {
  const auto found = owners.find(owner_key(vnet, address));
  if (found != owners.end()) return found->second;
  return vnet == kNowhere ? holder_of(internet_prefixes, Ipv4Prefix::host(address)) : kNowhere;
}

Index Network::machine_at(Index vnet, Ipv4Address address) const {
  const Index found = owner(vnet, address);
  if (found == kNowhere || interfaces[found].kind == InterfaceKind::kIntegration) return kNowhere;
  return found;
}

const Interface* Network::integration_near(Index vnet, Ipv4Address address) const {
  const auto& near = vnets[vnet].integrations_near;
  const auto found = near.find(address);
  return found == near.end() ? nullptr : &interfaces[found->second];
}

bool Network::peer_accepts(Index from, Index to, Ipv4Address source) const {
  const auto own = vnets[to].own_of_peers.find(from);
  if (own != vnets[to].own_of_peers.end() && own->second.contains(source.bits)) return true;
  const auto peering = vnets[to].accepts_forwarded_from.find(from);
  return peering != vnets[to].accepts_forwarded_from.end() && peering->second;
}

}  // namespace egress::policy
