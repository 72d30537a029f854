// SPDX-License-Identifier: MIT
#include "policy/interfaces.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lab/app_settings.hpp"
#include "lab/public_addresses.hpp"
#include "lab/service_types.hpp"
#include "policy/gateways.hpp"

namespace egress::policy {
namespace {

class Interfaces {
 public:
  Interfaces(Network& out, const Places& places)
      : out_(out), lab_(out.situation.lab), places_(places) {}

  void add() {
    add_hosts();
    add_frontends();
    add_integrations();
    add_services();
    add_front_ends();
    add_private_endpoints();
    add_gateways();
  }

 private:
  Index add(Interface added) {
    const auto index = static_cast<Index>(out_.interfaces.size());
    out_.interfaces.push_back(std::move(added));
    return index;
  }

  Index add_owner(Interface added) {
    const Index place = added.on_premises == kNowhere
                            ? added.vnet
                            : Network::place_of_on_premises(added.on_premises);
    const uint64_t key = Network::owner_key(place, added.address);
    const Index index = add(std::move(added));
    out_.owners[key] = index;
    return index;
  }

  void place(Interface& added, const lab::SubnetRef& subnet) const {
    added.subnet = places_.subnets.at(subnet);
    added.vnet = places_.vnets.at(subnet.vnet);
  }

  // A host with prefixes sends under the first of the addresses that it has.
  void add_hosts() {
    const lab::HostPrefixes prefixes = lab::host_prefixes(lab_);
    for (const auto& [name, host] : lab_.hosts) {
      Interface added{
          .name = name,
          .address = host.ip_address,
          .host = &host,
          .listen = host.listen,
          .public_address = host.masquerade ? host.masquerade : lab::public_address_of(lab_, host),
          .masquerades = host.masquerade.has_value()};
      if (host.dns_server) {
        added.listen.push_back({Protocol::kUdp, kDomainPort});
        added.listen.push_back({Protocol::kTcp, kDomainPort});
      }
      if (host.subnet) place(added, *host.subnet);
      if (host.on_premises) added.on_premises = on_premises(*host.on_premises);
      if (!host.has_address()) {
        added.address = {lab::answered_by(name, prefixes).intervals().front().first};
      }
      const Index vnet = added.vnet;
      const Index index = add_owner(std::move(added));
      if (vnet != kNowhere) {
        out_.vnets[vnet].hosts.push_back(index);
        const Interface& machine = out_.interfaces[index];
        if (machine.is_reached_by_public_address()) {
          out_.public_machines[*machine.public_address] = index;
        }
      }
      hosts_[name] = index;
    }
    for (const auto& [prefix, host] : prefixes) {
      out_.internet_prefixes[prefix] = host.empty() ? kNowhere : hosts_.at(host);
    }
  }

  void add_frontends() {
    for (const auto& [balancer, declared] : lab_.load_balancers) {
      for (const auto& [name, configuration] : declared.frontend_ip_configurations) {
        Network::Frontend frontend{.balancer = balancer,
                                   .name = name,
                                   .address = configuration.private_ip_address,
                                   .basic = declared.sku == lab::LoadBalancerSku::kBasic};
        for (const auto& [rule_name, rule] : declared.load_balancing_rules) {
          if (rule.frontend_ip_configuration != name) continue;
          frontend.rules.push_back({rule_name, &rule, machines_of(declared, rule)});
        }
        Interface added{.kind = InterfaceKind::kFrontend,
                        .name = balancer + "/" + name,
                        .address = frontend.address,
                        .frontend = static_cast<Index>(out_.frontends.size())};
        place(added, configuration.subnet);
        frontend.interface = add_owner(std::move(added));
        out_.frontends.push_back(std::move(frontend));
      }
    }
  }

  std::vector<Index> machines_of(const lab::LoadBalancer& balancer,
                                 const lab::LoadBalancingRule& rule) const {
    const auto& pool = balancer.backend_address_pools.at(rule.backend_address_pool);
    std::vector<Index> machines;
    for (const std::string& host : pool.backend_ip_configurations) {
      machines.push_back(hosts_.at(host));
    }
    std::sort(machines.begin(), machines.end());
    return machines;
  }

  Index on_premises(const std::string& name) const {
    const auto found =
        std::find_if(out_.on_premises.begin(), out_.on_premises.end(),
                     [&](const Network::OnPremises& network) { return network.name == name; });
    return static_cast<Index>(found - out_.on_premises.begin());
  }

  // Leases that the lab has no place for are `compile`'s to refuse.
  void add_integrations() {
    for (const auto& [integration, address] : out_.situation.leases) {
      const auto worker = out_.workers.find(
          {integration.server_farm, integration.instance, integration.incarnation});
      if (!places_.subnets.contains(integration.subnet) || worker == out_.workers.end()) continue;
      Interface added{.kind = InterfaceKind::kIntegration,
                      .name = fmt::format("{}/{}{}", integration.server_farm, integration.instance,
                                          worker->second.is_next ? " next" : ""),
                      .address = address,
                      .integration = &integration};
      place(added, integration.subnet);
      Network::Vnet& vnet = out_.vnets[added.vnet];
      const Index index = add_owner(std::move(added));
      worker->second.integrations.push_back(index);
      vnet.integrations.push_back(index);
      vnet.integrations_near.insert_or_assign(address, index);
      for (const auto& [peer, accepts] : vnet.accepts_forwarded_from) {
        out_.vnets[peer].integrations_near.emplace(address, index);
      }
    }
  }

  void add_services() {
    for (const auto& [name, service] : lab_.services) {
      const lab::ServiceProfile profile = lab::profile_of(name, service);
      const bool storage = profile.tag == "Storage" || profile.tag.starts_with("Storage.");
      services_[name] =
          add_owner({.kind = InterfaceKind::kService,
                     .name = name,
                     .address = service.ip_address,
                     .service = &service,
                     .listen = profile.listen,
                     .hides_outbound_addresses = storage && service.location == lab_.location});
    }
  }

  // Of sites that the Internet or a private endpoint leads to.
  void add_front_ends() {
    for (const auto& [name, site] : lab_.sites) {
      Interface added{.kind = InterfaceKind::kFrontEnd,
                      .name = name,
                      .site = &site,
                      .listen = lab::profile_of_site(name, lab_).listen,
                      .app_port = lab::port_of_app(site)};
      if (site.inbound_ip_address) {
        added.address = *site.inbound_ip_address;
        front_ends_[name] = add_owner(std::move(added));
      } else if (lab::has_private_endpoint(lab_, name)) {
        front_ends_[name] = add(std::move(added));
      }
    }
  }

  // A service before a site of its name.
  Index behind(const lab::PrivateEndpoint& endpoint) const {
    const auto service = services_.find(endpoint.private_link_service);
    return service != services_.end() ? service->second
                                      : front_ends_.at(endpoint.private_link_service);
  }

  void add_private_endpoints() {
    for (const auto& [name, endpoint] : lab_.private_endpoints) {
      const auto address = out_.endpoints.find(name);
      if (address == out_.endpoints.end()) continue;
      Interface added{.kind = InterfaceKind::kPrivateEndpoint,
                      .name = name,
                      .address = address->second,
                      .endpoint = &endpoint,
                      .behind = behind(endpoint)};
      if (const auto profile = lab::profile_behind(lab_, endpoint)) {
        added.listen = lab::ports_of(*profile, lab::groups_of(*profile, endpoint));
      }
      place(added, endpoint.subnet);
      add_owner(std::move(added));
    }
  }

  void add_gateways() {
    for (Index index = 0; index < out_.gateways.size(); ++index) {
      Network::Gateway& gateway = out_.gateways[index];
      Interface added{.kind = InterfaceKind::kGateway,
                      .name = gateway.name,
                      .address = lab::address_of(lab_, *gateway.declared).value(),
                      .gateway = index};
      for (const auto& [subnet, place] : places_.subnets) {
        if (out_.subnets[place].vnet == gateway.vnet && is_gateway_subnet(subnet)) {
          added.subnet = place;
        }
      }
      added.vnet = gateway.vnet;
      gateway.interface = add_owner(std::move(added));
    }
  }

  Network& out_;
  const lab::Lab& lab_;
  const Places& places_;
  std::map<std::string, Index> hosts_{};
  lab::Named<Index> services_{};
  lab::Named<Index> front_ends_{};
};

}  // namespace

void add_interfaces(Network& network, const Places& places) {
  Interfaces(network, places).add();
}

}  // namespace egress::policy
