// SPDX-License-Identifier: MIT
#include "policy/declared_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lab/domain_name.hpp"
#include "lab/service_types.hpp"
#include "lab/suggest.hpp"

namespace egress::policy {
namespace {

constexpr int kPublicTtl = 60;
constexpr int kRegisteredTtl = 10;  // as Azure writes them, for machines and for endpoints
constexpr const char* kProvidedZone = "internal.cloudapp.net";
constexpr const char* kPrivatelink = "privatelink";

lab::RecordSet address_record(Ipv4Address address, int ttl) {
  return {.ttl = ttl, .a = {address}};
}

// RFC 1035, 3.5.
std::string reverse_name(Ipv4Address address) {
  const uint32_t bits = address.bits;
  return fmt::format("{}.{}.{}.{}.in-addr.arpa", bits & 255U, bits >> 8U & 255U, bits >> 16U & 255U,
                     bits >> 24U);
}

bool has_label(std::string_view name, std::string_view label) {
  return fmt::format(".{}.", name).find(fmt::format(".{}.", label)) != std::string::npos;
}

// A service or a site: what private endpoints lead to.
struct Target {
  lab::ServiceProfile profile{};
  Ipv4Address address{};  // on the Internet
  std::vector<const lab::PrivateEndpoint*> endpoints{};
};

bool is_for(const Target& target, const lab::PrivateEndpoint& endpoint, const std::string& group) {
  const std::vector<std::string> groups = lab::groups_of(target.profile, endpoint);
  return std::any_of(groups.begin(), groups.end(),
                     [&](const std::string& id) { return lab::equal_ignoring_case(id, group); });
}

// An endpoint that writes records to a zone.
struct ZoneGroup {
  const lab::PrivateEndpoint* endpoint = nullptr;
  const Target* target = nullptr;
  Ipv4Address address{};
};

class Declared {
 public:
  Declared(const lab::Lab& lab, const EndpointAddresses& endpoints)
      : lab_(lab), endpoints_(endpoints) {}

  Names run() && {
    add_targets();
    add_public_names();
    for (const auto& [key, zone] : lab_.private_dns_zones) add_zone(key, zone);
    for (const auto& [name, vnet] : lab_.virtual_networks) add_view(name);
    out_.forward_to = lab_.public_dns.forward_to;
    return std::move(out_);
  }

 private:
  using Machine = std::pair<std::string, Ipv4Address>;  // its name and address

  void add_targets() {
    for (const auto& [name, service] : lab_.services) {
      services_[name] = {lab::profile_of(name, service), service.ip_address};
    }
    for (const auto& [name, site] : lab_.sites) {
      const Ipv4Address inbound = site.inbound_ip_address.value_or(lab::kDefaultInboundAddress);
      sites_[name] = {lab::profile_of_site(name, lab_), inbound};
    }
    for (const auto& [name, endpoint] : lab_.private_endpoints) {
      Target* target = target_of(endpoint);
      if (target == nullptr) continue;
      target->endpoints.push_back(&endpoint);
      const auto address = endpoints_.find(name);
      if (address == endpoints_.end()) continue;
      for (const std::string& zone : endpoint.private_dns_zones) {
        zone_groups_[zone].push_back({&endpoint, target, address->second});
      }
    }
    for (const auto& [name, host] : lab_.hosts) {
      if (host.subnet)
        machines_[host.subnet->vnet].emplace_back(lab::plain_domain_name(name), host.ip_address);
    }
  }

  Target* target_of(const lab::PrivateEndpoint& endpoint) {
    const auto service = services_.find(endpoint.private_link_service);
    if (service != services_.end()) return &service->second;
    const auto site = sites_.find(endpoint.private_link_service);
    return site == sites_.end() ? nullptr : &site->second;
  }

  // The declared records of publicDns hide the others.
  void add_public_names() {
    out_.public_sets = sets_of(lab_.public_dns.record_sets);
    for (const auto& [name, host] : lab_.hosts) {
      if (!host.has_address()) continue;
      add_public(name, address_record(host.ip_address, kPublicTtl));
      for (const std::string& own : host.names) {
        add_public(own, address_record(host.ip_address, kPublicTtl));
      }
    }
    for (const auto& [name, target] : services_) add_public_names_of(target);
    for (const auto& [name, target] : sites_) add_public_names_of(target);
  }

  // azure-facts 8.3.1: the name is an alias once an endpoint of its group exists anywhere.
  void add_public_names_of(const Target& target) {
    const lab::RecordSet own = address_record(target.address, kPublicTtl);
    for (const lab::PublicName& name : target.profile.names) {
      const bool aliased =
          !name.privatelink_name.empty() &&
          std::any_of(target.endpoints.begin(), target.endpoints.end(),
                      [&](const auto* endpoint) { return is_for(target, *endpoint, name.group); });
      if (!aliased) {
        add_public(name.name, own);
        continue;
      }
      add_public(name.name,
                 {.ttl = kPublicTtl, .cname = lab::plain_domain_name(name.privatelink_name)});
      add_public(name.privatelink_name, own);
    }
  }

  void add_public(const std::string& name, const lab::RecordSet& set) {
    out_.public_sets.emplace(lab::plain_domain_name(name), set);
  }

  // What stands there by hand is not replaced.
  void add_zone(const std::string& key, const lab::PrivateDnsZone& zone) {
    Names::Zone added{.key = key, .name = zone.zone_name};
    added.privatelink = has_label(added.name, kPrivatelink);
    for (const auto& [name, set] : zone.record_sets) {
      added.sets[lab::full_name(name, added.name)] = set;
    }
    for (auto& [name, set] : endpoint_records(key, added.name)) added.sets.emplace(name, set);
    for (const auto& [vnet, link] : zone.virtual_network_links) {
      if (!link.registration_enabled) continue;
      registration_zones_.emplace(vnet, added.name);
      for (const auto& [machine, address] : machines_[vnet]) {
        added.sets.emplace(machine + "." + added.name, address_record(address, kRegisteredTtl));
      }
    }
    out_.zones.push_back(std::move(added));
  }

  // Those of the zone groups that name the zone; endpoints of one name share its record.
  Names::Sets endpoint_records(const std::string& zone_key, const std::string& zone_name) {
    std::map<std::string, std::set<Ipv4Address>> addresses;
    for (const ZoneGroup& group : zone_groups_[zone_key]) {
      for (const lab::PublicName& each : group.target->profile.names) {
        const std::string private_name = lab::plain_domain_name(each.privatelink_name);
        if (!lab::lies_in_zone(private_name, zone_name)) continue;
        if (!is_for(*group.target, *group.endpoint, each.group)) continue;
        addresses[private_name].insert(group.address);
      }
    }
    Names::Sets sets;
    for (const auto& [name, all] : addresses) {
      sets[name] = {.ttl = kRegisteredTtl, .a = {all.begin(), all.end()}};
    }
    return sets;
  }

  void add_view(const std::string& vnet) {
    Names::View& view = out_.views.emplace_back(Names::View{.vnet = vnet});
    uint32_t at = 0;
    for (const auto& [key, zone] : lab_.private_dns_zones) {
      const auto link = zone.virtual_network_links.find(vnet);
      if (link != zone.virtual_network_links.end()) {
        view.links.push_back(
            {at, link->second.resolution_policy == lab::ResolutionPolicy::kNxDomainRedirect});
      }
      ++at;
    }
    std::stable_sort(view.links.begin(), view.links.end(),
                     [&](const Names::Link& a, const Names::Link& b) {
                       return out_.zones[a.zone].name.size() > out_.zones[b.zone].name.size();
                     });
    const auto registered = registration_zones_.find(vnet);
    for (const auto& [machine, address] : machines_[vnet]) {
      const std::string provided = machine + "." + kProvidedZone;
      view.provided[provided] = address_record(address, kRegisteredTtl);
      view.provided[reverse_name(address)] = {
          .ttl = kRegisteredTtl,
          .ptr = {registered == registration_zones_.end() ? provided
                                                          : machine + "." + registered->second}};
    }
  }

  const lab::Lab& lab_;
  const EndpointAddresses& endpoints_;
  lab::Named<Target> services_{};
  lab::Named<Target> sites_{};
  lab::Named<std::vector<ZoneGroup>> zone_groups_{};  // by the zone's key
  lab::Named<std::vector<Machine>> machines_{};       // by network
  lab::Named<std::string> registration_zones_{};      // their names, by network
  Names out_{};
};

}  // namespace

Names names_of(const lab::Lab& lab, const EndpointAddresses& endpoints) {
  return Declared(lab, endpoints).run();
}

}  // namespace egress::policy
