// SPDX-License-Identifier: MIT
#include "policy/network.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/stable_hash.hpp"

namespace egress::policy {
namespace {

// The outbound address that App Service's source NAT gives a plan instance: one of the lab's, the
// same for all its flows (Azure may use any of the listed ones, azure-facts 1.3.3).
std::optional<Ipv4Address> outbound_address(const lab::Lab& lab, const std::string& server_farm,
                                            int instance) {
  if (lab.outbound_ip_addresses.empty()) return std::nullopt;
  // By the instance's own name, so that other plans and instances never move it.
  const uint64_t hash = fnv1a(fmt::format("{}/{}", server_farm, instance));
  return lab.outbound_ip_addresses[hash % lab.outbound_ip_addresses.size()];
}

class Analysis {
 public:
  Analysis(Network& out, const Network* previous)
      : out_(out), lab_(out.situation.lab), previous_(previous), lists_(lab_) {}

  void run() {
    add_vnets();
    add_hosts();
    add_workers();
    add_integrations();
    add_routing();
    add_gates();
    add_sites();
  }

 private:
  void add_vnets() {
    for (const auto& [name, vnet] : lab_.virtual_networks) {
      const auto index = static_cast<Index>(out_.vnets.size());
      vnet_at_[name] = index;
      Network::Vnet& added = out_.vnets.emplace_back(Network::Vnet{
          .name = name, .declared = &vnet, .space = address_set(vnet.address_prefixes)});
      for (const auto& [subnet_name, subnet] : vnet.subnets) {
        added.subnets.push_back(static_cast<Index>(out_.subnets.size()));
        const lab::SubnetRef ref{name, subnet_name};
        subnet_at_[ref] = added.subnets.back();
        out_.subnets.push_back({.ref = ref,
                                .name = ref.to_string(),
                                .vnet = index,
                                .declared = &subnet,
                                .integration = lab::is_integration_subnet(subnet)});
      }
    }
    for (Network::Vnet& vnet : out_.vnets) {
      for (const std::string& peer : connected_peers(lab_, vnet.name)) {
        vnet.accepts_forwarded_from[vnet_at_.at(peer)] =
            vnet.declared->virtual_network_peerings.at(peer).allow_forwarded_traffic;
      }
    }
  }

  Index add_interface(Interface added) {
    const auto index = static_cast<Index>(out_.interfaces.size());
    out_.owners[Network::owner_key(added.vnet, added.address)] = index;
    out_.interfaces.push_back(std::move(added));
    return index;
  }

  void add_hosts() {
    for (const auto& [name, host] : lab_.hosts) {
      Interface added{.name = name,
                      .address = host.ip_address,
                      .host = &host,
                      .public_address = host.masquerade};
      if (host.subnet) {
        added.subnet = subnet_at_.at(*host.subnet);
        added.vnet = vnet_at_.at(host.subnet->vnet);
      }
      const Index vnet = added.vnet;
      const Index index = add_interface(std::move(added));
      if (vnet != kNowhere) out_.vnets[vnet].hosts.push_back(index);
    }
  }

  void add_workers() {
    for (const auto& [name, farm] : lab_.server_farms) {
      for (int instance = 0; instance < farm.capacity; ++instance) {
        out_.workers[{name, instance}].outbound = outbound_address(lab_, name, instance);
      }
    }
  }

  // Leases that the lab has no place for are `compile`'s to refuse.
  void add_integrations() {
    for (const auto& [integration, address] : out_.situation.leases) {
      const auto subnet = subnet_at_.find(integration.subnet);
      const auto worker = out_.workers.find({integration.server_farm, integration.instance});
      if (subnet == subnet_at_.end() || worker == out_.workers.end()) continue;
      const Index home = out_.subnets[subnet->second].vnet;
      const Index index = add_interface(
          {.kind = InterfaceKind::kIntegration,
           .name = fmt::format("{}/{}", integration.server_farm, integration.instance),
           .address = address,
           .subnet = subnet->second,
           .vnet = home,
           .integration = &integration});
      worker->second.integrations.push_back(index);
      Network::Vnet& vnet = out_.vnets[home];
      vnet.integrations.push_back(index);
      vnet.integrations_near.insert_or_assign(address, index);
      for (const auto& [peer, accepts] : vnet.accepts_forwarded_from) {
        out_.vnets[peer].integrations_near.emplace(address, index);
      }
    }
  }

  void add_routing() {
    std::map<std::pair<Index, std::optional<std::string>>, std::shared_ptr<const Routing>> known;
    for (Network::Subnet& subnet : out_.subnets) {
      std::shared_ptr<const Routing>& shared = known[{subnet.vnet, subnet.declared->route_table}];
      if (!shared) {
        auto routing = std::make_shared<Routing>(effective_routes(lab_, subnet.ref));
        for (const EffectiveRoute& route : routing->routes) {
          routing->targets.push_back(target_of(subnet.vnet, route));
        }
        shared = std::move(routing);
      }
      subnet.routing = shared;
    }
  }

  Index target_of(Index vnet, const EffectiveRoute& route) const {
    if (!route.peer.empty()) return vnet_at_.at(route.peer);
    if (!route.next_hop_ip_address) return kNowhere;
    Index host = out_.host_at(vnet, *route.next_hop_ip_address);
    for (const auto& [peer, accepts] : out_.vnets[vnet].accepts_forwarded_from) {
      if (host != kNowhere) break;
      host = out_.host_at(peer, *route.next_hop_ip_address);
    }
    return host;
  }

  void add_gates() {
    lists_mean_the_same_ = previous_ != nullptr && same_meanings(previous_->situation.lab, lab_);
    for (Network::Subnet& subnet : out_.subnets) {
      subnet.outbound = gate_of(subnet.ref, lab::Direction::kOutbound);
      subnet.inbound = gate_of(subnet.ref, lab::Direction::kInbound);
    }
  }

  std::shared_ptr<const Gate> gate_of(const lab::SubnetRef& subnet, lab::Direction direction) {
    const auto list = lists_.list_of(subnet, direction);
    if (!list) return nullptr;
    std::shared_ptr<const Gate>& gate = out_.gates[*list];
    if (!gate) gate = previous_gate(*list);
    if (!gate) {
      std::vector<EffectiveRule> rules = lists_.expand(*list);
      Classifier classifier = compile_classifier(rules, direction);
      gate = std::make_shared<const Gate>(Gate{std::move(rules), std::move(classifier)});
    }
    return gate;
  }

  std::shared_ptr<const Gate> previous_gate(const SecurityList& list) const {
    if (!lists_mean_the_same_) return nullptr;
    const auto& groups = previous_->situation.lab.network_security_groups;
    const auto group = groups.find(list.group);
    const bool as_before =
        group != groups.end() && group->second == lab_.network_security_groups.at(list.group);
    const auto gate = previous_->gates.find(list);
    return as_before && gate != previous_->gates.end() ? gate->second : nullptr;
  }

  void add_sites() {
    for (const auto& [name, site] : lab_.sites) {
      std::vector<Ipv4Prefix> scope = virtual_network_scope(lab_, site);
      Network::Site& added = out_.sites[name];
      added = {.declared = &site,
               .routing = application_routing(site),
               .scope = scope,
               .scope_addresses = address_set(scope)};
      if (site.virtual_network_subnet) added.subnet = subnet_at_.at(*site.virtual_network_subnet);
      for (auto worker = out_.workers.lower_bound({site.server_farm, 0});
           worker != out_.workers.end() && worker->first.server_farm == site.server_farm;
           ++worker) {
        added.workers.push_back(&worker->second);
      }
      const auto restarts = out_.situation.restarts.find(name);
      if (restarts != out_.situation.restarts.end()) added.restarts = restarts->second;
    }
  }

  Network& out_;
  const lab::Lab& lab_;
  const Network* previous_;
  SecurityLists lists_;
  bool lists_mean_the_same_ = false;
  std::map<std::string, Index> vnet_at_{};
  std::map<lab::SubnetRef, Index> subnet_at_{};
};

}  // namespace

Routing::Routing(std::vector<EffectiveRoute> effective)
    : routes(std::move(effective)), lookup(routes) {}

std::shared_ptr<const Network> analyse(Situation situation, const Network* previous) {
  auto network = std::make_shared<Network>();
  network->situation = std::move(situation);
  Analysis(*network, previous).run();
  return network;
}

std::optional<Network::App> Network::find(const Sender& sender) const {
  const auto site = sites.find(sender.site);
  if (site == sites.end()) return std::nullopt;
  const auto& on = site->second.workers;
  if (sender.instance < 0 || static_cast<size_t>(sender.instance) >= on.size()) return std::nullopt;
  App app{.name = {site->first, sender.instance},
          .site = &site->second,
          .worker = on[static_cast<size_t>(sender.instance)]};
  for (const Index each : app.worker->integrations) {
    if (interfaces[each].subnet == app.site->subnet) app.lease = interfaces[each].address;
  }
  return app;
}

Index Network::owner(Index vnet, Ipv4Address address) const {
  const auto found = owners.find(owner_key(vnet, address));
  return found == owners.end() ? kNowhere : found->second;
}

Index Network::host_at(Index vnet, Ipv4Address address) const {
  const Index found = owner(vnet, address);
  return found != kNowhere && interfaces[found].kind == InterfaceKind::kHost ? found : kNowhere;
}

const Interface* Network::integration_near(Index vnet, Ipv4Address address) const {
  const auto& near = vnets[vnet].integrations_near;
  const auto found = near.find(address);
  return found == near.end() ? nullptr : &interfaces[found->second];
}

bool Network::peer_accepts(Index from, Index to, Ipv4Address source) const {
  if (vnets[from].space.contains(source.bits)) return true;
  const auto peering = vnets[to].accepts_forwarded_from.find(from);
  return peering != vnets[to].accepts_forwarded_from.end() && peering->second;
}

}  // namespace egress::policy
