// SPDX-License-Identifier: MIT
#include "tests/oracle/shrink.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/oracle/generator.hpp"

namespace egress::oracle {
namespace {

using lab::Lab;

// Removes one part; does nothing when that has gone with another one.
using Cut = std::function<void(Lab&)>;
using Cuts = std::vector<Cut>;

template <typename Map>
auto* at(Map& map, const std::string& key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

template <typename Map>
Cuts entries(Map Lab::*map, const Lab& lab) {
  Cuts cuts;
  for (const auto& [name, value] : lab.*map) {
    cuts.push_back([map, name = name](Lab& l) { (l.*map).erase(name); });
  }
  return cuts;
}

// Entries of a map that each entry of a map has: rules of groups, routes of tables.
template <typename Owners, typename Owner, typename Map>
Cuts inner_entries(Owners Lab::*owners, Map Owner::*map, const Lab& lab) {
  Cuts cuts;
  for (const auto& [owner, declared] : lab.*owners) {
    for (const auto& [name, value] : declared.*map) {
      cuts.push_back([owners, map, owner = owner, name = name](Lab& l) {
        if (Owner* found = at(l.*owners, owner)) (found->*map).erase(name);
      });
    }
  }
  return cuts;
}

// Each of `changes` to each entry of a map.
template <typename Value, typename... Changes>
void for_each(lab::Named<Value> Lab::*map, const Lab& lab, Cuts& cuts, const Changes&... changes) {
  for (const auto& [name, value] : lab.*map) {
    const auto add = [&, map, name = name](const auto& change) {
      cuts.push_back([map, name, change](Lab& l) {
        if (Value* found = at(l.*map, name)) change(*found);
      });
    };
    (add(changes), ...);
  }
}

Cuts attachments(const Lab& lab) {
  Cuts cuts;
  for (const auto& [vnet, declared] : lab.virtual_networks) {
    for (const auto& [name, subnet] : declared.subnets) {
      const auto on_subnet = [&, vnet = vnet, name = name](auto change) {
        cuts.push_back([vnet, name, change](Lab& l) {
          lab::VirtualNetwork* network = at(l.virtual_networks, vnet);
          if (lab::Subnet* found = network ? at(network->subnets, name) : nullptr) change(*found);
        });
      };
      on_subnet([](lab::Subnet& found) { found.network_security_group.reset(); });
      on_subnet([](lab::Subnet& found) { found.route_table.reset(); });
      on_subnet([](lab::Subnet& found) { found.address_prefixes.resize(1); });
      on_subnet([](lab::Subnet& found) { found.service_endpoints.clear(); });
      on_subnet([](lab::Subnet& found) { found.nat_gateway.reset(); });
      on_subnet([](lab::Subnet& found) { found.private_endpoint_network_policies = {}; });
    }
  }
  return cuts;
}

Cuts rule_parts(const Lab& lab) {
  Cuts cuts;
  for (const auto& [group, declared] : lab.network_security_groups) {
    for (const auto& [name, rule] : declared.security_rules) {
      const auto on_rule = [&, group = group, name = name](auto change) {
        cuts.push_back([group, name, change](Lab& l) {
          lab::NetworkSecurityGroup* owner = at(l.network_security_groups, group);
          if (lab::SecurityRule* found = owner ? at(owner->security_rules, name) : nullptr) {
            change(*found);
          }
        });
      };
      on_rule([](lab::SecurityRule& found) { found.source = {.any = true}; });
      on_rule([](lab::SecurityRule& found) { found.destination = {.any = true}; });
      on_rule([](lab::SecurityRule& found) { found.source_ports = PortSet::all(); });
      on_rule([](lab::SecurityRule& found) { found.destination_ports = PortSet::all(); });
      on_rule([](lab::SecurityRule& found) { found.description.clear(); });
    }
  }
  return cuts;
}

Cuts small_parts(const Lab& lab) {
  Cuts cuts = {[](Lab& l) { l.application_security_groups.clear(); },
               [](Lab& l) {
                 l.service_tags.reset();
                 l.service_tags_file.clear();
               },
               [](Lab& l) { l.address_allocation = lab::AddressAllocation::kLowest; }};
  for (const auto& [name, farm] : lab.server_farms) {
    cuts.push_back([name = name](Lab& l) {
      if (lab::ServerFarm* found = at(l.server_farms, name)) found->capacity = 1;
    });
    cuts.push_back([name = name](Lab& l) {
      lab::ServerFarm* found = at(l.server_farms, name);
      if (found != nullptr) found->interface = lab::IntegrationInterface::kVeth;
    });
  }
  for_each(
      &Lab::hosts, lab, cuts, [](lab::Host& found) { found.masquerade.reset(); },
      [](lab::Host& found) { found.network_security_group.reset(); },
      [](lab::Host& found) { found.public_ip_address.reset(); },
      [](lab::Host& found) { found.network_rules.clear(); },
      [](lab::Host& found) { found.stateful = false; },
      [](lab::Host& found) { found.enable_ip_forwarding = false; },
      [](lab::Host& found) { found.names.clear(); });
  return cuts;
}

Cuts public_records(const Lab& lab) {
  Cuts cuts;
  for (const auto& [name, set] : lab.public_dns.record_sets) {
    cuts.push_back([name = name](Lab& l) { l.public_dns.record_sets.erase(name); });
  }
  return cuts;
}

// What servers, networks and apps say about names.
Cuts name_parts(const Lab& lab) {
  Cuts cuts = {[](Lab& l) { l.public_dns.forward_to.clear(); }};
  for_each(&Lab::virtual_networks, lab, cuts,
           [](lab::VirtualNetwork& found) { found.dns_servers.clear(); });
  for_each(
      &Lab::hosts, lab, cuts, [](lab::Host& found) { found.dns_server.reset(); },
      [](lab::Host& found) {
        if (found.dns_server) found.dns_server->record_sets.clear();
      },
      [](lab::Host& found) {
        if (found.dns_server) found.dns_server->forward_to.clear();
      });
  for_each(
      &Lab::sites, lab, cuts, [](lab::Site& found) { found.dns_configuration.reset(); },
      [](lab::Site& found) { found.app_settings.clear(); });
  return cuts;
}

Cuts service_parts(const Lab& lab) {
  Cuts cuts;
  for_each(&Lab::virtual_networks, lab, cuts,
           [](lab::VirtualNetwork& found) { found.private_endpoint_vnet_policies = {}; });
  for_each(
      &Lab::services, lab, cuts, [](lab::Service& found) { found.network_acls.reset(); },
      [](lab::Service& found) { found.public_network_access = {}; });
  for_each(
      &Lab::sites, lab, cuts, [](lab::Site& found) { found.inbound_ip_address.reset(); },
      [](lab::Site& found) { found.public_network_access.reset(); },
      [](lab::Site& found) { found.vnet_private_ports_count = 0; });
  for_each(
      &Lab::private_endpoints, lab, cuts,
      [](lab::PrivateEndpoint& found) { found.private_dns_zones.clear(); },
      [](lab::PrivateEndpoint& found) { found.status = {}; });
  return cuts;
}

// One list per kind, coarse kinds first.
std::vector<std::function<Cuts(const Lab&)>> kinds() {
  return {[](const Lab& lab) { return entries(&Lab::virtual_networks, lab); },
          [](const Lab& lab) { return entries(&Lab::sites, lab); },
          [](const Lab& lab) { return entries(&Lab::hosts, lab); },
          [](const Lab& lab) { return entries(&Lab::services, lab); },
          [](const Lab& lab) { return entries(&Lab::private_endpoints, lab); },
          [](const Lab& lab) { return entries(&Lab::private_dns_zones, lab); },
          [](const Lab& lab) { return entries(&Lab::nat_gateways, lab); },
          [](const Lab& lab) { return entries(&Lab::virtual_network_gateways, lab); },
          [](const Lab& lab) { return entries(&Lab::load_balancers, lab); },
          [](const Lab& lab) {
            return inner_entries(&Lab::load_balancers, &lab::LoadBalancer::load_balancing_rules,
                                 lab);
          },
          [](const Lab& lab) { return entries(&Lab::on_premises, lab); },
          [](const Lab& lab) { return entries(&Lab::public_ip_addresses, lab); },
          [](const Lab& lab) { return entries(&Lab::network_security_groups, lab); },
          [](const Lab& lab) { return entries(&Lab::route_tables, lab); },
          [](const Lab& lab) { return entries(&Lab::server_farms, lab); },
          [](const Lab& lab) {
            return inner_entries(&Lab::virtual_networks, &lab::VirtualNetwork::subnets, lab);
          },
          [](const Lab& lab) { return inner_entries(&Lab::hosts, &lab::Host::network_rules, lab); },
          [](const Lab& lab) {
            return inner_entries(&Lab::network_security_groups,
                                 &lab::NetworkSecurityGroup::security_rules, lab);
          },
          [](const Lab& lab) {
            return inner_entries(&Lab::route_tables, &lab::RouteTable::routes, lab);
          },
          [](const Lab& lab) {
            return inner_entries(&Lab::virtual_networks,
                                 &lab::VirtualNetwork::virtual_network_peerings, lab);
          },
          [](const Lab& lab) {
            return inner_entries(&Lab::private_dns_zones, &lab::PrivateDnsZone::record_sets, lab);
          },
          [](const Lab& lab) {
            return inner_entries(&Lab::private_dns_zones,
                                 &lab::PrivateDnsZone::virtual_network_links, lab);
          },
          public_records,
          attachments,
          small_parts,
          name_parts,
          service_parts,
          rule_parts};
}

template <typename Name, typename Map>
void keep_if_known(std::optional<Name>& name, const Map& map) {
  if (name && !map.contains(*name)) name.reset();
}

void drop_dangling_services(Lab& lab) {
  for (auto& [name, service] : lab.services) {
    if (!service.network_acls) continue;
    std::erase_if(service.network_acls->virtual_network_rules,
                  [&](const lab::SubnetRef& ref) { return lab.find(ref) == nullptr; });
  }
  std::erase_if(lab.private_endpoints, [&](const auto& entry) {
    const lab::PrivateEndpoint& endpoint = entry.second;
    return lab.find(endpoint.subnet) == nullptr ||
           (!lab.services.contains(endpoint.private_link_service) &&
            !lab.sites.contains(endpoint.private_link_service));
  });
  for (auto& [name, endpoint] : lab.private_endpoints) {
    std::erase_if(endpoint.private_dns_zones,
                  [&](const std::string& zone) { return !lab.private_dns_zones.contains(zone); });
  }
  for (auto& [name, zone] : lab.private_dns_zones) {
    std::erase_if(zone.virtual_network_links,
                  [&](const auto& link) { return !lab.virtual_networks.contains(link.first); });
  }
}

void drop_dangling_balancers(Lab& lab) {
  for (auto& [name, balancer] : lab.load_balancers) {
    for (auto& [pool_name, pool] : balancer.backend_address_pools) {
      std::erase_if(pool.backend_ip_configurations,
                    [&](const std::string& host) { return !lab.hosts.contains(host); });
    }
  }
  std::erase_if(lab.load_balancers, [&](const auto& entry) {
    const auto& frontends = entry.second.frontend_ip_configurations;
    return std::any_of(frontends.begin(), frontends.end(), [&](const auto& frontend) {
      return lab.find(frontend.second.subnet) == nullptr;
    });
  });
}

// Without what refers to something that is no longer there.
void drop_dangling(Lab& lab) {
  for (auto& [name, vnet] : lab.virtual_networks) {
    std::erase_if(vnet.virtual_network_peerings, [&](const auto& peering) {
      return !lab.virtual_networks.contains(peering.first);
    });
    for (auto& [subnet_name, subnet] : vnet.subnets) {
      keep_if_known(subnet.network_security_group, lab.network_security_groups);
      keep_if_known(subnet.route_table, lab.route_tables);
    }
  }
  std::erase_if(lab.hosts, [&](const auto& entry) {
    return entry.second.subnet && lab.find(*entry.second.subnet) == nullptr;
  });
  std::erase_if(lab.sites, [&](const auto& entry) {
    return !lab.server_farms.contains(entry.second.server_farm);
  });
  drop_dangling_services(lab);
  drop_dangling_balancers(lab);
  for (auto& [name, site] : lab.sites) {
    if (!lab.sites.contains(site.slot_of)) site.slot_of.clear();
    if (site.virtual_network_subnet && lab.find(*site.virtual_network_subnet) == nullptr) {
      site.virtual_network_subnet.reset();
    }
  }
  if (!lab.application_security_groups.empty()) return;
  for (auto& [name, host] : lab.hosts) host.application_security_groups.clear();
}

class Shrinker {
 public:
  Shrinker(Lab lab, const StillShows& still_shows, size_t most_questions)
      : lab_(std::move(lab)), still_shows_(still_shows), left_(most_questions) {
    lab_.expectations.clear();  // of a replayed case: they name parts that may go
  }

  Lab run() {
    for (bool smaller = true; smaller && left_ > 0;) {
      smaller = false;
      for (const auto& kind : kinds()) smaller = cut_kind(kind(lab_)) || smaller;
    }
    return std::move(lab_);
  }

 private:
  bool cut_kind(const Cuts& cuts) {
    bool smaller = false;
    for (size_t group = cuts.size(); group > 0; group /= 2) {
      for (size_t first = 0; first < cuts.size(); first += group) {
        smaller = cut(cuts, first, std::min(first + group, cuts.size())) || smaller;
      }
    }
    return smaller;
  }

  bool cut(const Cuts& cuts, size_t first, size_t last) {
    if (left_ == 0) return false;
    Lab candidate = lab_;
    for (size_t i = first; i < last; ++i) cuts[i](candidate);
    drop_dangling(candidate);
    if (candidate == lab_ || !is_valid(candidate)) return false;
    --left_;
    if (!still_shows_(candidate)) return false;
    lab_ = std::move(candidate);
    return true;
  }

  Lab lab_;
  const StillShows& still_shows_;
  size_t left_;
};

}  // namespace

Lab shrink(Lab lab, const StillShows& still_shows, size_t most_questions) {
  return Shrinker(std::move(lab), still_shows, most_questions).run();
}

}  // namespace egress::oracle
