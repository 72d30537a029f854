// SPDX-License-Identifier: MIT
#include "tests/oracle/names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "lab/dns_app_settings.hpp"
#include "lab/domain_name.hpp"
#include "lab/service_types.hpp"
#include "tests/support/values.hpp"

namespace egress::oracle {
namespace {

using testing_support::ip;

using lab::Lab;

// Names in names, and those that services have.
const std::vector<const char*> kZones = {"corp.internal",
                                         "corp.internal",
                                         "db.corp.internal",
                                         "db.corp.internal",
                                         "example.com",
                                         "10.in-addr.arpa",
                                         "privatelink.blob.core.windows.net",
                                         "privatelink.blob.core.windows.net",
                                         "blob.core.windows.net",
                                         "privatelink.database.windows.net",
                                         "privatelink.vaultcore.azure.net",
                                         "privatelink.azurecr.io",
                                         "windows-services.net"};

const std::vector<const char*> kLabels = {"@",     "*",         "db",   "www",  "a.b",
                                          "*.b",   "deep.er.b", "svc0", "svc1", "svc2",
                                          "alias", "_sip._tcp", "site0"};

constexpr Ipv4Address kDead{0x0a00c8c8};        // 10.0.200.200
constexpr Ipv4Address kRealServer{0xc0000235};  // 192.0.2.53, which nothing leads to
const std::vector<const char*> kInternetServers = {"9.9.9.9", "20.60.6.53"};

class NameMaker {
 public:
  NameMaker(Lab& lab, Random& random) : lab_(lab), random_(random) { collect(); }

  void make() {
    const uint32_t zones = random_.below(6);
    for (uint32_t i = 0; i < zones; ++i) add_zone();
    join_zone_groups();
    const uint32_t sets = 1 + random_.below(5);
    for (uint32_t i = 0; i < sets; ++i) set_public_record();
    if (random_.chance(6)) lab_.public_dns.forward_to = {kRealServer};
    add_servers();
    for (auto& [name, vnet] : lab_.virtual_networks) {
      if (random_.chance(45)) vnet.dns_servers = some_servers(name, 3);
    }
    for (auto& [name, site] : lab_.sites) set_resolver(site);
  }

  void add_zone() {
    const std::string name = random_.pick(kZones);
    const bool taken = lab_.private_dns_zones.contains(name);
    const std::string key =
        taken ? fmt::format("other{}.{}", lab_.private_dns_zones.size(), name) : name;
    lab::PrivateDnsZone& zone = lab_.private_dns_zones[key];
    zone.zone_name = name;
    for (const auto& [vnet, network] : lab_.virtual_networks) {
      if (random_.chance(60)) link(zone, vnet);
    }
    const uint32_t sets = random_.below(6);
    for (uint32_t i = 0; i < sets; ++i) set_record(zone);
  }

  // Where the network may be linked.
  void link(lab::PrivateDnsZone& zone, const std::string& vnet) {
    bool registers = false;
    for (const auto& [key, other] : lab_.private_dns_zones) {
      const auto linked = other.virtual_network_links.find(vnet);
      if (linked == other.virtual_network_links.end()) continue;
      if (other.zone_name == zone.zone_name) return;
      registers = registers || linked->second.registration_enabled;
    }
    lab::VirtualNetworkLink& made = zone.virtual_network_links[vnet];
    made.registration_enabled = !registers && random_.chance(35);
    if (random_.chance(zone.zone_name.starts_with("privatelink") ? 50 : 5)) {
      made.resolution_policy = lab::ResolutionPolicy::kNxDomainRedirect;
    }
  }

  void set_record(lab::PrivateDnsZone& zone) {
    const std::string label = random_.pick(kLabels);
    zone.record_sets[label] = some_record(label != "@");
    if (!label.starts_with("*")) known_.push_back(lab::full_name(label, zone.zone_name));
  }

  void set_public_record() {
    std::string name =
        random_.chance(30) && !lab_.hosts.empty() ? random_.pick(known_) : some_full_name();
    lab_.public_dns.record_sets[name] = some_record(true);
    if (!name.starts_with("*")) known_.push_back(std::move(name));
  }

  // A machine that answers for names itself, instead of what listened on that port.
  void make_server(const std::string& name, lab::Host& host) {
    std::erase_if(host.listen, [](const Port& port) { return port.number == 53; });
    lab::DnsServer& server = host.dns_server.emplace();
    const uint32_t sets = random_.below(4);
    for (uint32_t i = 0; i < sets; ++i) server.record_sets[some_full_name()] = some_record(true);
    if (random_.chance(75))
      server.forward_to = some_servers(host.subnet ? host.subnet->vnet : "", 3);
    if (random_.chance(10)) server.forward_to.push_back(host.ip_address);
    servers_.push_back({name, host.ip_address});
  }

  // Of a network, a machine in it, or a site: those that answer more often than others.
  std::vector<Ipv4Address> some_servers(const std::string& vnet, uint32_t most) {
    std::vector<Ipv4Address> chosen;
    const uint32_t count = 1 + random_.below(most);
    for (uint32_t i = 0; i < count; ++i) {
      const Ipv4Address server = some_server(vnet);
      if (std::find(chosen.begin(), chosen.end(), server) == chosen.end()) chosen.push_back(server);
    }
    return chosen;
  }

  // Names whose questions time out are asked once, or a lab would take its time.
  void set_resolver(lab::Site& site) {
    site.dns_configuration.reset();
    for (const char* setting : {lab::kDnsServerSetting, lab::kDnsAltServerSetting}) {
      site.app_settings.erase(setting);
    }
    const std::string vnet = site.virtual_network_subnet ? site.virtual_network_subnet->vnet : "";
    lab::DnsConfiguration own{.dns_retry_attempt_count = 1};
    const uint32_t kind = random_.below(100);
    if (kind < 15) own.dns_servers = some_servers(vnet, 3);
    if (kind >= 10 && kind < 25) own.dns_alt_server = some_server(vnet);
    if (kind >= 25 && kind < 35) {
      std::vector<std::string> texts;
      for (const Ipv4Address server : some_servers(vnet, 3)) texts.push_back(server.to_string());
      site.app_settings[lab::kDnsServerSetting] = fmt::format("{}", fmt::join(texts, ", "));
    }
    if (kind >= 32 && kind < 40) {
      site.app_settings[lab::kDnsAltServerSetting] = some_server(vnet).to_string();
    }
    if (kind == 40) site.app_settings[lab::kDnsServerSetting] = "the one next door";
    if (kind >= 41 && kind < 60) {
      site.app_settings[lab::kDnsAttemptsSetting.name] = "1";
      site.app_settings[lab::kDnsTimeoutSetting.name] = "1";
      return;
    }
    if (kind >= 60 && kind < 70) own.dns_retry_attempt_count = 2;
    if (random_.chance(50)) own.dns_retry_attempt_timeout = 1;
    site.dns_configuration = own;
  }

 private:
  struct Server {
    std::string host{};
    Ipv4Address address{};
  };

  // What a CNAME may lead to.
  void collect() {
    known_ = {"nowhere.example.org", "www.example.com", "db.corp.internal"};
    for (const auto& [name, host] : lab_.hosts) {
      known_.push_back(name);
      known_.push_back(name + ".internal.cloudapp.net");
      known_.insert(known_.end(), host.names.begin(), host.names.end());
      if (host.dns_server) servers_.push_back({name, host.ip_address});
    }
    for (const auto& [name, service] : lab_.services) {
      for (const lab::PublicName& each : lab::profile_of(name, service).names) {
        known_.push_back(each.name);
        if (!each.privatelink_name.empty()) known_.push_back(each.privatelink_name);
      }
    }
    for (const auto& [name, site] : lab_.sites) known_.push_back(name + ".azurewebsites.net");
  }

  std::string some_full_name() {
    std::string label = random_.pick(kLabels);
    return lab::full_name(label, random_.pick(kZones));
  }

  Ipv4Address some_address() {
    if (!lab_.hosts.empty() && random_.chance(60)) return random_.any_of(lab_.hosts).ip_address;
    return {0x0a000000 + random_.below(1U << 18U)};
  }

  lab::RecordSet some_record(bool alias_allowed) {
    lab::RecordSet set{.ttl = static_cast<int>(random_.below(3) * 30)};
    const uint32_t kind = random_.below(100);
    if (alias_allowed && kind < 35) {
      set.cname = random_.pick(known_);
      return set;
    }
    if (kind < 70 || kind >= 92) {
      const uint32_t count = 1 + random_.below(3);
      for (uint32_t i = 0; i < count; ++i) set.a.push_back(some_address());
    }
    if (kind >= 64 && kind < 76)
      set.aaaa = {{{0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}};
    if (kind >= 70 && kind < 80) set.txt = {"v=1 \"quoted\"; and \\more", ""};
    if (kind >= 76 && kind < 84) set.mx = {{10, random_.pick(known_)}, {20, "mail.example.com"}};
    if (kind >= 80 && kind < 88) set.srv = {{1, 2, 5060, random_.pick(known_)}};
    if (kind >= 84 && kind < 92) set.ptr = {random_.pick(known_)};
    // More than a datagram takes.
    if (kind >= 97) set.txt.assign(9, std::string(300 + random_.below(300), 't'));
    return set;
  }

  // Each endpoint writes to the zones of its service, more or less.
  void join_zone_groups() {
    for (auto& [name, endpoint] : lab_.private_endpoints) {
      const auto profile = lab::profile_behind(lab_, endpoint);
      for (const auto& [key, zone] : lab_.private_dns_zones) {
        const bool fits = std::any_of(
            profile->names.begin(), profile->names.end(), [&, &zone = zone](const auto& each) {
              return lab::lies_in_zone(each.privatelink_name, zone.zone_name);
            });
        if (random_.chance(fits ? 75 : 5)) endpoint.private_dns_zones.push_back(key);
      }
    }
  }

  void add_servers() {
    for (auto& [name, host] : lab_.hosts) {
      if (!host.internet() && random_.chance(30)) make_server(name, host);
    }
    for (const char* address : kInternetServers) {
      if (!random_.chance(40)) continue;
      const std::string name = fmt::format("dns{}", lab_.hosts.size());
      make_server(name, lab_.hosts[name] = {.ip_address = ip(address)});
    }
  }

  Ipv4Address some_server(const std::string& vnet) {
    const uint32_t kind = random_.below(100);
    if (kind < 32) return kAzurePlatform;
    if (kind < 39) return kDead;
    if (kind < 42) return random_.any_of(lab_.hosts).ip_address;
    std::vector<Ipv4Address> near;
    std::vector<Ipv4Address> all;
    for (const Server& server : servers_) {
      const lab::Host& host = lab_.hosts.at(server.host);
      all.push_back(server.address);
      if (host.subnet && host.subnet->vnet == vnet) near.push_back(server.address);
    }
    if (!near.empty() && kind < 80) return random_.pick(near);
    return all.empty() ? kAzurePlatform : random_.pick(all);
  }

  Lab& lab_;
  Random& random_;
  std::vector<std::string> known_{};
  std::vector<Server> servers_{};
};

void remove_a_zone(Lab& lab, Random& random) {
  const auto gone = std::next(lab.private_dns_zones.begin(),
                              random.below(static_cast<uint32_t>(lab.private_dns_zones.size())));
  for (auto& [name, endpoint] : lab.private_endpoints) {
    std::erase(endpoint.private_dns_zones, gone->first);
  }
  lab.private_dns_zones.erase(gone);
}

void change_a_zone(Lab& lab, Random& random) {
  lab::PrivateDnsZone& zone = random.any_of(lab.private_dns_zones);
  switch (random.below(5)) {
    case 0:
      if (!zone.virtual_network_links.empty()) {
        auto& registers = random.any_of(zone.virtual_network_links).registration_enabled;
        registers = !registers;
      }
      break;
    case 1: zone.virtual_network_links.clear(); break;
    case 2: {
      NameMaker maker(lab, random);
      for (const auto& [vnet, network] : lab.virtual_networks) {
        if (!zone.virtual_network_links.contains(vnet)) maker.link(zone, vnet);
      }
      break;
    }
    case 3: remove_a_zone(lab, random); break;
    default: NameMaker(lab, random).set_record(zone);
  }
}

void change_a_server(Lab& lab, Random& random) {
  const auto host =
      std::next(lab.hosts.begin(), random.below(static_cast<uint32_t>(lab.hosts.size())));
  if (host->second.dns_server) {
    host->second.dns_server.reset();
    host->second.listen.push_back({Protocol::kUdp, 53});
  } else {
    NameMaker(lab, random).make_server(host->first, host->second);
  }
}

}  // namespace

void add_names(Lab& lab, Random& random) {
  NameMaker(lab, random).make();
}

void change_names(Lab& lab, Random& random) {
  const uint32_t kind = random.below(6);
  if (kind <= 1 && !lab.private_dns_zones.empty()) return change_a_zone(lab, random);
  if (kind == 2 && !lab.hosts.empty()) return change_a_server(lab, random);
  NameMaker maker(lab, random);
  switch (random.below(4)) {
    case 0: maker.add_zone(); break;
    case 1: maker.set_public_record(); break;
    case 2: {
      const auto vnet = std::next(lab.virtual_networks.begin(),
                                  random.below(static_cast<uint32_t>(lab.virtual_networks.size())));
      vnet->second.dns_servers = maker.some_servers(vnet->first, 2);
      break;
    }
    default: maker.set_resolver(random.any_of(lab.sites));
  }
}

}  // namespace egress::oracle
