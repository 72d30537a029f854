// SPDX-License-Identifier: MIT
#include "tests/oracle/name_coverage.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lab/dns_app_settings.hpp"
#include "lab/schema/vocabulary.hpp"
#include "lab/service_types.hpp"

namespace egress::oracle {
namespace {

using Features = std::set<std::string>;

void add_record_set(Features& found, const lab::RecordSet& set) {
  const std::pair<const char*, bool> types[] = {
      {"A", !set.a.empty()},     {"AAAA", !set.aaaa.empty()}, {"CNAME", set.cname.has_value()},
      {"TXT", !set.txt.empty()}, {"MX", !set.mx.empty()},     {"SRV", !set.srv.empty()},
      {"PTR", !set.ptr.empty()}};
  for (const auto& [type, has] : types) {
    if (has) found.insert(fmt::format("record set with {}", type));
  }
}

void add_zones(Features& found, const lab::Lab& lab) {
  const auto note = [&](const char* feature, bool present) {
    if (present) found.insert(feature);
  };
  for (const auto& [key, zone] : lab.private_dns_zones) {
    note("zone under another key", key != zone.zone_name);
    note("zone without a link", zone.virtual_network_links.empty());
    note("zone of two networks", zone.virtual_network_links.size() > 1);
    for (const auto& [name, set] : zone.record_sets) {
      add_record_set(found, set);
      note("wildcard record set", name.starts_with("*"));
    }
    for (const auto& [vnet, link] : zone.virtual_network_links) {
      note("link with registration", link.registration_enabled);
      note("link with redirection",
           link.resolution_policy == lab::ResolutionPolicy::kNxDomainRedirect);
      for (const auto& [other_key, other] : lab.private_dns_zones) {
        note("network of nested zones", other.virtual_network_links.contains(vnet) &&
                                            zone.zone_name.ends_with("." + other.zone_name));
      }
    }
  }
}

void add_servers(Features& found, const lab::Lab& lab) {
  const auto note = [&](const char* feature, bool present) {
    if (present) found.insert(feature);
  };
  for (const auto& [name, host] : lab.hosts) {
    if (!host.dns_server) continue;
    note("name server in a network", !host.internet());
    note("name server on the Internet", host.internet());
    note("name server without forwarders", host.dns_server->forward_to.empty());
    note("name server with several forwarders", host.dns_server->forward_to.size() > 1);
    const auto& forwarders = host.dns_server->forward_to;
    note("name server that asks itself",
         std::find(forwarders.begin(), forwarders.end(), host.ip_address) != forwarders.end());
  }
  for (const auto& [name, vnet] : lab.virtual_networks) {
    note("network with name servers", !vnet.dns_servers.empty());
  }
  for (const auto& [name, site] : lab.sites) {
    const auto& own = site.dns_configuration;
    note("app with name servers", own && !own->dns_servers.empty());
    note("app with an alternative server", own && own->dns_alt_server);
    note("app with servers in a setting", site.app_settings.contains(lab::kDnsServerSetting));
  }
  note("real servers for other names", !lab.public_dns.forward_to.empty());
}

void add_subnet(Features& found, const lab::Subnet& subnet) {
  using Policies = lab::PrivateEndpointNetworkPolicies;
  for (const lab::ServiceEndpoint& endpoint : subnet.service_endpoints) {
    found.insert(fmt::format("service endpoint {} of {}", endpoint.service,
                             lab::is_integration_subnet(subnet) ? "apps" : "machines"));
    if (!endpoint.locations.empty()) found.insert("service endpoint of a region");
  }
  const Policies policies = subnet.private_endpoint_network_policies;
  if (policies != Policies::kDisabled) {
    found.insert(fmt::format("endpoints' subnet {}", static_cast<int>(policies)));
  }
}

void add_endpoint(Features& found, const lab::Lab& lab, const lab::PrivateEndpoint& endpoint) {
  found.insert(fmt::format("private endpoint {}", static_cast<int>(endpoint.status)));
  found.insert(endpoint.ip_address ? "private endpoint with an address"
                                   : "private endpoint without an address");
  if (!endpoint.private_dns_zones.empty()) found.insert("private endpoint that writes records");
  for (const auto& [name, other] : lab.private_endpoints) {
    if (other.private_link_service != endpoint.private_link_service) continue;
    if (other.subnet.vnet != endpoint.subnet.vnet) found.insert("service in two networks");
  }
}

}  // namespace

Features features_of_names(const lab::Lab& lab) {
  Features found;
  add_zones(found, lab);
  for (const auto& [name, set] : lab.public_dns.record_sets) add_record_set(found, set);
  add_servers(found, lab);
  return found;
}

Features features_of_services(const lab::Lab& lab) {
  Features found;
  for (const auto& [name, service] : lab.services) {
    found.insert("service " + (service.type.empty() ? "without a type" : service.type));
    if (service.network_acls) {
      found.insert(fmt::format("service that {}s others",
                               lab::name_of(service.network_acls->default_action)));
    }
    if (service.public_network_access == lab::PublicNetworkAccess::kDisabled) {
      found.insert("service without public access");
    }
    for (const auto& [vnet, network] : lab.virtual_networks) {
      for (const Ipv4Prefix& space : network.address_prefixes) {
        if (space.contains(service.ip_address)) found.insert("service in a network's own space");
      }
    }
  }
  for (const auto& [name, vnet] : lab.virtual_networks) {
    if (vnet.private_endpoint_vnet_policies == lab::PrivateEndpointVnetPolicies::kBasic) {
      found.insert("network with the policies Basic");
    }
    for (const auto& [subnet_name, subnet] : vnet.subnets) add_subnet(found, subnet);
  }
  for (const auto& [name, endpoint] : lab.private_endpoints) add_endpoint(found, lab, endpoint);
  return found;
}

Features features_of(const NameCase& name, const policy::Resolution& resolution) {
  using Kind = policy::AnswerSource::Kind;
  Features found = {fmt::format("lookup {}", lab::name_of(resolution.status)),
                    fmt::format("lookup of {}", policy::to_text(name.type))};
  if (name.tcp) found.insert("lookup over TCP");
  for (const policy::ServerAnswer& server : resolution.servers) {
    if (!server.stopped_by.empty()) found.insert("question lost on its way");
    if (server.status == lab::LookupStatus::kServfail) found.insert("server that fails");
  }
  if (!resolution.answered_by) return found;
  if (*resolution.answered_by > 0) found.insert("answer of a later server");
  const policy::NameAnswer& answer = resolution.servers[*resolution.answered_by].answer;
  const std::pair<Kind, const char*> kinds[] = {{Kind::kZone, "a zone"},
                                                {Kind::kPublic, "public DNS"},
                                                {Kind::kProvided, "what Azure provides"},
                                                {Kind::kServer, "a server of the lab's own"}};
  for (const auto& [kind, who] : kinds) {
    if (answer.decided_by.kind != kind) continue;
    found.insert(fmt::format("{} by {}", lab::name_of(resolution.status), who));
  }
  if (answer.redirected) found.insert("answer by redirection");
  if (answer.records.size() > 1 && answer.records[0].type == policy::RecordType::kCname) {
    found.insert("answer by an alias");
    if (answer.records[0].source != answer.records.back().source) {
      found.insert("alias that leads elsewhere");
    }
  }
  return found;
}

}  // namespace egress::oracle
