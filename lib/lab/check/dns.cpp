// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lab/check/checks.hpp"
#include "lab/domain_name.hpp"
#include "lab/limits.hpp"

namespace egress::lab {
namespace {

// azure-facts 8.3; whole names, not what ends in them.
constexpr const char* kNamesOfAzure[] = {"azclient.ms",        "azure.com",     "cloudapp.net",
                                         "core.windows.net",   "microsoft.com", "msidentity.com",
                                         "trafficmanager.net", "windows.net"};

class RecordSetCheck {
 public:
  RecordSetCheck(std::string path, const RecordSet& set, Checks& checks)
      : path_(std::move(path)), set_(set), checks_(checks) {}

  void check(const std::string& name, bool apex) {
    const size_t others = set_.a.size() + set_.aaaa.size() + set_.txt.size() + set_.ptr.size() +
                          set_.mx.size() + set_.srv.size();
    if (!set_.cname && others == 0) {
      checks_.error(path_, "empty", fmt::format("record set '{}' holds no record", shown(name)));
    }
    if (set_.cname && others > 0) {
      checks_.error(path_ + ".CNAME", "cname",
                    fmt::format("a CNAME stands alone: '{}' has other records", shown(name)), {},
                    {path_});
    } else if (set_.cname && apex) {
      checks_.error(path_ + ".CNAME", "cname", "the zone's own name '@' cannot be a CNAME");
    }
    check_sizes();
  }

 private:
  void check_sizes() {
    const std::pair<const char*, size_t> sizes[] = {
        {"A", set_.a.size()},     {"AAAA", set_.aaaa.size()}, {"TXT", set_.txt.size()},
        {"PTR", set_.ptr.size()}, {"MX", set_.mx.size()},     {"SRV", set_.srv.size()}};
    for (const auto& [type, size] : sizes) {
      if (size <= kMaxRecordsPerSet) continue;
      checks_.error(path_ + "." + type, "limit",
                    fmt::format("{} records in a set, Azure takes {}", size, kMaxRecordsPerSet));
    }
    for (size_t i = 0; i < set_.txt.size(); ++i) {
      if (set_.txt[i].size() <= kMaxTextRecord) continue;
      checks_.error(fmt::format("{}.TXT[{}]", path_, i), "limit",
                    fmt::format("a text has at most {} characters", kMaxTextRecord));
    }
  }

  std::string path_;
  const RecordSet& set_;
  Checks& checks_;
};

void check_full_names(const std::string& path, const RecordSets& sets, Checks& checks) {
  for (const auto& [name, set] : sets) {
    const std::string at = path + ".recordSets." + name;
    if (!is_record_name(name)) {
      checks.error_in_name(at, fmt::format("'{}' is not a domain name", shown(name)),
                           kDomainNameForm);
    }
    RecordSetCheck(at, set, checks).check(name, false);
  }
}

class ZoneCheck {
 public:
  ZoneCheck(const std::string& key, const PrivateDnsZone& zone, Checks& checks)
      : key_(key), path_("privateDnsZones." + key), zone_(zone), checks_(checks) {}

  void check(const Lab& lab) {
    check_zone_name();
    for (const auto& [name, set] : zone_.record_sets) check_record_set(name, set);
    for (const auto& [vnet, link] : zone_.virtual_network_links) {
      const std::string at = path_ + ".virtualNetworkLinks." + vnet;
      checks_.refers(at, "virtual network", vnet, lab.virtual_networks, "virtualNetworks");
      if (link.resolution_policy == ResolutionPolicy::kNxDomainRedirect &&
          ("." + zone_.zone_name).find(".privatelink.") == std::string::npos) {
        checks_.warning(at + ".resolutionPolicy", "no-effect",
                        "NxDomainRedirect has an effect in privatelink zones only", {},
                        {path_ + ".zoneName"});
      }
    }
    checks_.limit(path_ + ".virtualNetworkLinks", zone_.virtual_network_links.size(), kMaxZoneLinks,
                  "virtual network links");
  }

 private:
  void check_zone_name() {
    if (!is_domain_name(key_)) {
      checks_.error_in_name(path_, fmt::format("'{}' is not a domain name", shown(key_)),
                            kDomainNameForm);
      return;
    }
    const std::string& name = zone_.zone_name;
    const std::string at = name == lower_case(key_) ? path_ : path_ + ".zoneName";
    const auto labels = 1 + static_cast<size_t>(std::count(name.begin(), name.end(), '.'));
    if (labels < 2 || labels > kMaxZoneLabels) {
      checks_.error(at, "zone-name",
                    fmt::format("private zone '{}' has {} label{}, Azure takes 2 to {}", name,
                                labels, labels == 1 ? "" : "s", kMaxZoneLabels));
    }
    if (std::find(std::begin(kNamesOfAzure), std::end(kNamesOfAzure), name) !=
        std::end(kNamesOfAzure)) {
      checks_.error(at, "zone-name",
                    fmt::format("Azure keeps the zone name '{}' for itself", name));
    }
  }

  void check_record_set(const std::string& name, const RecordSet& set) {
    const std::string at = path_ + ".recordSets." + name;
    const bool apex = name == "@";
    if (!apex && !is_record_name(name)) {
      checks_.error_in_name(at, fmt::format("'{}' is not a domain name", shown(name)),
                            std::string(kDomainNameForm) + "; \"@\" is the zone's own");
    } else if (full_name(name, zone_.zone_name).size() > kMaxDomainName) {
      checks_.error_in_name(at, fmt::format("'{}' is longer than {} characters with its zone",
                                            shown(name), kMaxDomainName));
    }
    RecordSetCheck(at, set, checks_).check(name, apex);
  }

  std::string key_;
  std::string path_;
  const PrivateDnsZone& zone_;
  Checks& checks_;
};

// `at` is the link by which machines of `vnet` register in the zone.
void check_registered_names(const std::string& at, const std::string& vnet,
                            const PrivateDnsZone& zone, const Lab& lab, Checks& checks) {
  for (const auto& [name, host] : lab.hosts) {
    if (!host.subnet || !equal_ignoring_case(host.subnet->vnet, vnet)) continue;
    if (full_name(name, zone.zone_name).size() <= kMaxDomainName) continue;
    checks.error(at, "name",
                 fmt::format("host '{}' cannot register: its name would be longer than {} "
                             "characters with its zone",
                             name, kMaxDomainName),
                 {}, {"hosts." + name});
  }
}

// A network reads one zone of each name, and registers in one (azure-facts 8.3).
void check_links(const Lab& lab, Checks& checks) {
  std::map<std::pair<std::string, std::string>, std::string> zone_of;
  std::map<std::string, std::string> registers_in;
  for (const auto& [key, zone] : lab.private_dns_zones) {
    for (const auto& [vnet, link] : zone.virtual_network_links) {
      const std::string at = fmt::format("privateDnsZones.{}.virtualNetworkLinks.{}", key, vnet);
      const auto [first, fresh] = zone_of.emplace(std::pair{vnet, zone.zone_name}, key);
      if (!fresh) {
        checks.error(at, "zone-overlap",
                     fmt::format("virtual network '{}' is linked with zone '{}' already: a network "
                                 "cannot be linked to multiple zones with overlapping namespaces",
                                 vnet, first->second),
                     {}, {"privateDnsZones." + first->second, "privateDnsZones." + key});
      }
      if (!link.registration_enabled) continue;
      const auto [zone_before, alone] = registers_in.emplace(vnet, key);
      if (!alone) {
        checks.error(at + ".registrationEnabled", "registration",
                     fmt::format("virtual network '{}' registers in zone '{}' already: one "
                                 "registration zone a network",
                                 vnet, zone_before->second),
                     {}, {"privateDnsZones." + zone_before->second});
      }
      check_registered_names(at + ".registrationEnabled", vnet, zone, lab, checks);
    }
  }
}

void check_host_server(const std::string& name, const Host& host, Checks& checks) {
  const std::string path = "hosts." + name;
  for (size_t i = 0; i < host.listen.size(); ++i) {
    if (host.listen[i].number != 53) continue;
    checks.error(fmt::format("{}.listen[{}]", path, i), "listen-duplicate",
                 "port 53 is its DNS server's");
  }
  const DnsServer& server = *host.dns_server;
  check_full_names(path + ".dnsServer", server.record_sets, checks);
  checks.limit(path + ".dnsServer.forwardTo", server.forward_to.size(), kMaxForwarders,
               "forwarders");
  if (!host.internet() && server.forward_to.empty() && server.record_sets.empty()) {
    checks.warning(path + ".dnsServer", "no-effect",
                   "it has neither records nor forwarders: it answers REFUSED", {},
                   {path + ".subnet"});
  }
}

void check_network_servers(const Lab& lab, Checks& checks) {
  std::set<Ipv4Address> known{kAzurePlatform};
  std::vector<Ipv4Prefix> prefixes;
  for (const auto& [name, host] : lab.hosts) {
    if (host.has_address()) known.insert(host.ip_address);
    prefixes.insert(prefixes.end(), host.address_prefixes.begin(), host.address_prefixes.end());
  }
  for (const auto& [vnet, network] : lab.virtual_networks) {
    for (size_t i = 0; i < network.dns_servers.size(); ++i) {
      const Ipv4Address server = network.dns_servers[i];
      const bool real = !is_rfc1918(server) && !lab.public_dns.forward_to.empty();
      const bool in_prefix = std::any_of(prefixes.begin(), prefixes.end(),
                                         [&](const auto& each) { return each.contains(server); });
      if (real || in_prefix || known.contains(server)) continue;
      checks.warning(fmt::format("{}.dnsServers[{}]", vnet_path(vnet), i), "no-such-server",
                     fmt::format("nothing in the lab has the address {}", server.to_string()), {},
                     {"hosts", "publicDns"});
    }
  }
}

}  // namespace

void check_dns(const Lab& lab, Checks& checks) {
  for (const auto& [key, zone] : lab.private_dns_zones) ZoneCheck(key, zone, checks).check(lab);
  check_links(lab, checks);
  check_full_names("publicDns", lab.public_dns.record_sets, checks);
  checks.limit("publicDns.forwardTo", lab.public_dns.forward_to.size(), kMaxForwarders,
               "forwarders");
  for (const auto& [name, host] : lab.hosts) {
    if (host.dns_server) check_host_server(name, host, checks);
  }
  check_network_servers(lab, checks);
}

}  // namespace egress::lab
