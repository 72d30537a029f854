// SPDX-License-Identifier: MIT
#include "lab/known_names.hpp"

#include "lab/domain_name.hpp"
#include "lab/service_types.hpp"

namespace egress::lab {
namespace {

void add(const ServiceProfile& profile, Names& names) {
  for (const PublicName& name : profile.names) {
    names.insert(name.name);
    if (!name.privatelink_name.empty()) names.insert(name.privatelink_name);
  }
}

void add(const RecordSets& sets, Names& names) {
  for (const auto& [name, set] : sets) names.insert(name);
}

}  // namespace

Names known_names(const Lab& lab) {
  Names names;
  for (const auto& [name, host] : lab.hosts) {
    if (host.has_address()) names.insert(name);
    names.insert(host.names.begin(), host.names.end());
    if (host.dns_server) add(host.dns_server->record_sets, names);
  }
  for (const auto& [name, service] : lab.services) add(profile_of(name, service), names);
  for (const auto& [name, site] : lab.sites) add(profile_of_site(name, lab), names);
  add(lab.public_dns.record_sets, names);
  for (const auto& [key, zone] : lab.private_dns_zones) {
    for (const auto& [name, set] : zone.record_sets) {
      names.insert(full_name(name, zone.zone_name));
    }
    for (const auto& [vnet, link] : zone.virtual_network_links) {
      if (!link.registration_enabled) continue;
      for (const auto& [name, host] : lab.hosts) {
        if (host.subnet && host.subnet->vnet == vnet) names.insert(full_name(name, zone.zone_name));
      }
    }
  }
  for (const auto& [name, host] : lab.hosts) {
    if (host.subnet) names.insert(name + ".internal.cloudapp.net");
  }
  return names;
}

bool stands_in(const Names& known, const std::string& name) {
  if (known.contains(name)) return true;
  for (size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
    if (known.contains("*" + name.substr(dot))) return true;
  }
  return false;
}

}  // namespace egress::lab
