// SPDX-License-Identifier: MIT
#include "policy/topology.hpp"

#include <algorithm>

namespace egress::policy {
namespace {

std::optional<Gate> make_gate(const lab::Lab& lab, const lab::SubnetRef& subnet,
                              lab::Direction direction) {
  Gate gate{.rules = effective_rules(lab, subnet, direction)};
  if (gate.rules.empty()) return std::nullopt;
  gate.classifier = compile_classifier(gate.rules, direction);
  return gate;
}

class Surveyor {
 public:
  Surveyor(const lab::Lab& lab, const lab::IntegrationAddresses& addresses, Topology& out)
      : lab_(lab), addresses_(addresses), out_(out) {}

  void survey() {
    add_vnets();
    add_hosts();
    add_subnets();
    add_apps();
  }

 private:
  void add_vnets() {
    for (const auto& [name, vnet] : lab_.virtual_networks) {
      vnet_at_[name] = static_cast<Index>(out_.vnets.size());
      out_.vnets.push_back({.name = name, .space = address_set(vnet.address_prefixes)});
    }
    for (VnetView& view : out_.vnets) {
      const lab::VirtualNetwork& vnet = lab_.virtual_networks.at(view.name);
      for (const std::string& peer : connected_peers(lab_, view.name)) {
        view.accepts_forwarded_from[vnet_at_.at(peer)] =
            vnet.virtual_network_peerings.at(peer).allow_forwarded_traffic;
      }
    }
    for (const auto& [integration, address] : addresses_) {
      const auto home = vnet_at_.find(integration.subnet.vnet);
      if (home == vnet_at_.end()) continue;
      const std::string subnet = integration.subnet.to_string();
      out_.vnets[home->second].integrations_near.insert_or_assign(address.bits, subnet);
      for (const auto& [peer, accepts] : out_.vnets[home->second].accepts_forwarded_from) {
        out_.vnets[peer].integrations_near.emplace(address.bits, subnet);
      }
    }
    for (const auto& [name, vnet] : lab_.virtual_networks) {
      for (const auto& [subnet, declared] : vnet.subnets) {
        const auto next = static_cast<Index>(subnet_at_.size());
        subnet_at_[lab::SubnetRef{name, subnet}] = next;
      }
    }
  }

  void add_hosts() {
    for (const auto& [name, host] : lab_.hosts) {
      const auto index = static_cast<Index>(out_.hosts.size());
      HostView view{.declared = &host, .name = name};
      if (host.internet()) {
        out_.internet_hosts[host.ip_address.bits] = index;
      } else {
        view.subnet = subnet_at_.at(*host.subnet);
        view.vnet = vnet_at_.at(host.subnet->vnet);
        out_.vnets[view.vnet].hosts[host.ip_address.bits] = index;
      }
      host_at_[name] = index;
      out_.hosts.push_back(std::move(view));
    }
  }

  void add_subnets() {
    out_.subnets.resize(subnet_at_.size());
    for (const auto& [ref, index] : subnet_at_) {
      SubnetView& view = out_.subnets[index];
      view.name = ref.to_string();
      view.vnet = vnet_at_.at(ref.vnet);
      view.integration = lab::is_integration_subnet(*lab_.find(ref));
      view.routes = effective_routes(lab_, ref);
      view.lookup = RouteLookup(view.routes);
      for (const EffectiveRoute& route : view.routes) {
        view.targets.push_back(target_of(ref.vnet, route));
      }
      view.outbound = make_gate(lab_, ref, lab::Direction::kOutbound);
      view.inbound = make_gate(lab_, ref, lab::Direction::kInbound);
    }
  }

  Index target_of(const std::string& vnet, const EffectiveRoute& route) {
    if (!route.peer.empty()) return vnet_at_.at(route.peer);
    if (!route.next_hop_ip_address) return kNowhere;
    const auto [known, added] = appliances_.try_emplace({vnet, *route.next_hop_ip_address});
    if (added) {
      const auto appliance = find_appliance(lab_, vnet, *route.next_hop_ip_address);
      known->second = appliance ? host_at_.at(appliance->host) : kNowhere;
    }
    return known->second;
  }

  void add_apps() {
    for (const auto& [name, site] : lab_.sites) {
      const auto farm = lab_.server_farms.find(site.server_farm);
      if (farm == lab_.server_farms.end()) continue;
      for (int instance = 0; instance < farm->second.capacity; ++instance) {
        AppView app{.server_farm = site.server_farm,
                    .routing = application_routing(site),
                    .scope = address_set(virtual_network_scope(lab_, site)),
                    .outbound = outbound_address(lab_, site.server_farm, instance)};
        if (site.virtual_network_subnet) {
          app.subnet = subnet_at_.at(*site.virtual_network_subnet);
          const auto lease =
              addresses_.find({site.server_farm, instance, *site.virtual_network_subnet});
          if (lease != addresses_.end()) app.lease = lease->second;
        }
        out_.apps.emplace(AppInstance{name, instance}, std::move(app));
      }
    }
  }

  const lab::Lab& lab_;
  const lab::IntegrationAddresses& addresses_;
  Topology& out_;
  std::map<std::string, Index> vnet_at_{};
  std::map<lab::SubnetRef, Index> subnet_at_{};
  std::map<std::string, Index> host_at_{};
  std::map<std::pair<std::string, Ipv4Address>, Index> appliances_{};  // a tag route has many rows
};

}  // namespace

// Rows are sorted by prefix, so an enclosing prefix precedes what it encloses: a stack holds the
// rows around the current address, and each end of a row goes back to the one around it.
RouteLookup::RouteLookup(const std::vector<EffectiveRoute>& routes) {
  std::vector<Index> around;
  const auto leave_until = [&](const EffectiveRoute* next) {
    while (!around.empty()) {
      const Ipv4Prefix& inner = routes[around.back()].address_prefix;
      if (next != nullptr && inner.contains(next->address_prefix)) return;
      around.pop_back();
      const uint32_t last = inner.last().bits;
      if (last != ~uint32_t{0}) begin(last + 1, around.empty() ? kNowhere : around.back());
    }
  };
  begin(0, kNowhere);
  for (Index row = 0; row < routes.size(); ++row) {
    if (routes[row].state != RouteState::kActive) continue;
    leave_until(&routes[row]);
    begin(routes[row].address_prefix.first().bits, row);
    around.push_back(row);
  }
  leave_until(nullptr);
}

void RouteLookup::begin(uint32_t first, Index row) {
  if (!segments_.empty() && segments_.back().first == first) {
    segments_.back().row = row;
  } else {
    segments_.push_back({first, row});
  }
}

Index RouteLookup::find(Ipv4Address destination) const {
  const auto after = std::upper_bound(
      segments_.begin(), segments_.end(), destination.bits,
      [](uint32_t wanted, const Segment& segment) { return wanted < segment.first; });
  return std::prev(after)->row;
}

Topology::Topology(const lab::Lab& lab, const lab::IntegrationAddresses& addresses) {
  Surveyor(lab, addresses, *this).survey();
}

Index Topology::host_in(Index vnet, Ipv4Address address) const {
  const auto found = vnets[vnet].hosts.find(address.bits);
  return found == vnets[vnet].hosts.end() ? kNowhere : found->second;
}

Index Topology::internet_host(Ipv4Address address) const {
  const auto found = internet_hosts.find(address.bits);
  return found == internet_hosts.end() ? kNowhere : found->second;
}

const std::string* Topology::integration_near(Index vnet, Ipv4Address address) const {
  const auto found = vnets[vnet].integrations_near.find(address.bits);
  return found == vnets[vnet].integrations_near.end() ? nullptr : &found->second;
}

bool Topology::peer_accepts(Index from, Index to, Ipv4Address source) const {
  if (vnets[from].space.contains(source.bits)) return true;
  const auto peering = vnets[to].accepts_forwarded_from.find(from);
  return peering != vnets[to].accepts_forwarded_from.end() && peering->second;
}

}  // namespace egress::policy
