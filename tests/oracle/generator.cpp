// SPDX-License-Identifier: MIT
#include "tests/oracle/generator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "lab/validate.hpp"

namespace egress::oracle {
namespace {

using lab::AddressMatch;
using lab::Lab;

Ipv4Prefix prefix(const char* text) {
  return Ipv4Prefix::parse(text).value();
}
Ipv4Address address(const char* text) {
  return Ipv4Address::parse(text).value();
}

Ipv4Address nth(const Ipv4Prefix& prefix, uint32_t offset) {
  return {prefix.first().bits + offset};
}

class LabGenerator {
 public:
  explicit LabGenerator(uint64_t seed) : random_(seed) {}

  Lab generate() {
    lab_ = {};
    pool_ = {prefix("0.0.0.0/0"),   prefix("10.0.0.0/8"),     prefix("0.0.0.0/1"),
             prefix("128.0.0.0/1"), prefix("192.168.0.0/16"), prefix("172.16.0.0/12")};
    lab_.outbound_ip_addresses = {address("20.50.1.4"), address("20.50.1.5")};
    add_service_tags();
    add_networks();
    add_peerings();
    add_hosts();
    add_security_groups();
    add_route_tables();
    attach();
    add_plans();
    return lab_;
  }

 private:
  void add_service_tags() {
    auto tags = std::make_shared<lab::ServiceTags>();
    (*tags)["Storage"] = {"", address_set({prefix("20.60.0.0/16"), prefix("52.239.0.0/17")})};
    (*tags)["Storage.WestEurope"] = {"westeurope", address_set({prefix("20.60.8.0/21")})};
    (*tags)["Sql"] = {"", address_set({prefix("40.68.37.0/24"), prefix("93.184.216.0/25")})};
    lab_.service_tags = std::move(tags);
  }

  // Spaces repeat on purpose: two networks may well have the same one, as long as no peering
  // joins them.
  void add_networks() {
    const std::vector<std::vector<const char*>> spaces = {{"10.0.0.0/16"},
                                                          {"10.1.0.0/16"},
                                                          {"10.2.0.0/16", "10.77.0.0/20"},
                                                          {"172.20.0.0/16"},
                                                          {"192.168.0.0/16"},
                                                          {"10.0.0.0/16"},
                                                          {"100.70.0.0/16"},
                                                          {"51.10.0.0/16", "10.9.0.0/16"}};
    const uint32_t count = 2 + random_.below(3);
    for (uint32_t i = 0; i < count; ++i) {
      lab::VirtualNetwork vnet{.location = lab_.location};
      for (const char* text : random_.pick(spaces)) vnet.address_prefixes.push_back(prefix(text));
      const Ipv4Prefix base = vnet.address_prefixes.front();
      pool_.insert(pool_.end(), vnet.address_prefixes.begin(), vnet.address_prefixes.end());
      const uint32_t subnets = 2 + random_.below(3);
      for (uint32_t s = 0; s < subnets; ++s) {
        const uint8_t length = s == 0 ? 26 : static_cast<uint8_t>(24 + random_.below(4));
        const Ipv4Prefix space{nth(base, (s + 1) << 8U), length};
        lab::Subnet subnet{.address_prefixes = {space}};
        const bool delegated = s == 0 && (i == 0 || random_.chance(60));
        if (delegated) subnet.delegations = {"Microsoft.Web/serverFarms"};
        pool_.push_back(space);
        vnet.subnets[delegated ? "apps" : fmt::format("net{}", s)] = std::move(subnet);
      }
      lab_.virtual_networks[fmt::format("vnet{}", i)] = std::move(vnet);
    }
  }

  bool may_peer(const std::string& a, const std::string& b) const {
    std::vector<std::string> around = {b};
    for (const auto& [peer, ignored] : lab_.virtual_networks.at(a).virtual_network_peerings) {
      around.push_back(peer);
    }
    const auto overlap = [&](const std::string& x, const std::string& y) {
      for (const Ipv4Prefix& left : lab_.virtual_networks.at(x).address_prefixes) {
        for (const Ipv4Prefix& right : lab_.virtual_networks.at(y).address_prefixes) {
          if (left.overlaps(right)) return true;
        }
      }
      return false;
    };
    if (overlap(a, b)) return false;
    return std::none_of(around.begin(), around.end(),
                        [&](const std::string& peer) { return peer != b && overlap(peer, b); });
  }

  void add_peerings() {
    std::vector<std::string> names;
    for (const auto& [name, vnet] : lab_.virtual_networks) names.push_back(name);
    for (const std::string& a : names) {
      for (const std::string& b : names) {
        if (a >= b || !random_.chance(70) || !may_peer(a, b) || !may_peer(b, a)) continue;
        lab_.virtual_networks[a].virtual_network_peerings[b] = {random_.chance(80),
                                                                random_.chance(60)};
        if (random_.chance(10)) continue;
        lab_.virtual_networks[b].virtual_network_peerings[a] = {random_.chance(80),
                                                                random_.chance(60)};
      }
    }
  }

  void add_hosts() {
    uint8_t next_public = 10;
    for (const auto& [vnet_name, vnet] : lab_.virtual_networks) {
      for (const auto& [subnet_name, subnet] : vnet.subnets) {
        if (!subnet.delegations.empty()) continue;
        const uint32_t count = random_.below(3);
        for (uint32_t i = 0; i < count; ++i) {
          const Ipv4Prefix& space = subnet.address_prefixes.front();
          lab::Host host{.subnet = lab::SubnetRef{vnet_name, subnet_name}};
          host.ip_address = i == 0 ? nth(space, 4) : Ipv4Address{space.last().bits - 1};
          host.enable_ip_forwarding = random_.chance(55);
          if (random_.chance(40)) {
            host.masquerade = Ipv4Address{address("20.61.0.0").bits + next_public++};
          }
          add_listeners(host);
          pool_.push_back(Ipv4Prefix::host(host.ip_address));
          machines_.push_back(host.ip_address);
          if (random_.chance(30)) host.application_security_groups = {"group-" + vnet_name};
          lab_.hosts[fmt::format("{}-{}-{}", vnet_name, subnet_name, i)] = std::move(host);
        }
      }
    }
    for (const char* text : {"93.184.216.34", "20.60.9.9", "203.0.113.7"}) {
      lab::Host host{.ip_address = address(text)};
      add_listeners(host);
      pool_.push_back(Ipv4Prefix::host(host.ip_address));
      lab_.hosts[fmt::format("site{}", lab_.hosts.size())] = std::move(host);
    }
    for (const auto& [name, vnet] : lab_.virtual_networks) {
      lab_.application_security_groups.push_back("group-" + name);
    }
  }

  void add_listeners(lab::Host& host) {
    host.listen = {{lab::Transport::kTcp, 443}, {lab::Transport::kUdp, 53}};
    if (random_.chance(50)) host.listen.push_back({lab::Transport::kTcp, 80});
  }

  Ipv4Prefix some_prefix() {
    Ipv4Prefix chosen = random_.pick(pool_);
    if (random_.chance(25) && chosen.length > 0 && chosen.length < 30) {
      chosen.length = static_cast<uint8_t>(chosen.length + 1 + random_.below(2));
      if (random_.chance(50)) chosen.address.bits |= uint32_t{1} << (32U - chosen.length);
    }
    return chosen;
  }

  AddressMatch some_match() {
    const uint32_t kind = random_.below(100);
    if (kind < 30) return {.any = true};
    if (kind < 50) {
      static const std::vector<std::string> kTags = {
          "VirtualNetwork",     "Internet", "Storage",
          "Storage.WestEurope", "Sql",      "AzureLoadBalancer"};
      return {.service_tag = random_.pick(kTags)};
    }
    if (kind < 55) {
      return {.application_security_groups = {random_.pick(lab_.application_security_groups)}};
    }
    AddressMatch match;
    const uint32_t count = 1 + random_.below(3);
    for (uint32_t i = 0; i < count; ++i) match.prefixes.push_back(some_prefix());
    std::sort(match.prefixes.begin(), match.prefixes.end());
    match.prefixes.erase(std::unique(match.prefixes.begin(), match.prefixes.end()),
                         match.prefixes.end());
    return match;
  }

  PortSet some_ports() {
    if (random_.chance(55)) return PortSet::all();
    static const std::vector<Interval<uint16_t>> kRanges = {
        {80, 80},      {443, 443},  {53, 53}, {79, 81},      {0, 1023},
        {1024, 65535}, {443, 8443}, {0, 0},   {65535, 65535}};
    std::vector<Interval<uint16_t>> ranges;
    const uint32_t count = 1 + random_.below(3);
    for (uint32_t i = 0; i < count; ++i) ranges.push_back(random_.pick(kRanges));
    return PortSet(std::move(ranges));
  }

  PortSet some_source_ports() {
    if (random_.chance(85)) return PortSet::all();
    const auto first = static_cast<uint16_t>(random_.below(40000));
    return PortSet({{first, static_cast<uint16_t>(first + 25000)}});
  }

  void add_security_groups() {
    const uint32_t count = 1 + random_.below(4);
    for (uint32_t g = 0; g < count; ++g) {
      lab::NetworkSecurityGroup group;
      const uint32_t rules = random_.below(12);
      for (uint32_t r = 0; r < rules; ++r) {
        static const std::vector<lab::SecurityRuleProtocol> kProtocols = {
            lab::SecurityRuleProtocol::kAny, lab::SecurityRuleProtocol::kAny,
            lab::SecurityRuleProtocol::kTcp, lab::SecurityRuleProtocol::kTcp,
            lab::SecurityRuleProtocol::kUdp, lab::SecurityRuleProtocol::kIcmp};
        lab::SecurityRule rule;
        rule.priority = 100 + static_cast<int>(r) * 10;
        rule.direction = random_.chance(60) ? lab::Direction::kOutbound : lab::Direction::kInbound;
        rule.access = random_.chance(50) ? lab::Access::kAllow : lab::Access::kDeny;
        rule.protocol = random_.pick(kProtocols);
        rule.source = random_.chance(60) ? AddressMatch{.any = true} : some_match();
        rule.destination = some_match();
        const bool portless = rule.protocol == lab::SecurityRuleProtocol::kIcmp;
        rule.source_ports = portless ? PortSet::all() : some_source_ports();
        rule.destination_ports = portless ? PortSet::all() : some_ports();
        group.security_rules[fmt::format("rule{}", r)] = std::move(rule);
      }
      lab_.network_security_groups[fmt::format("nsg{}", g)] = std::move(group);
    }
  }

  lab::Route some_route() {
    lab::Route route;
    if (random_.chance(8)) {
      static const std::vector<std::string> kTags = {"Storage", "Storage.WestEurope", "Sql"};
      route.service_tag = random_.pick(kTags);
    } else {
      route.address_prefix = random_.chance(35) ? prefix("0.0.0.0/0") : some_prefix();
    }
    const uint32_t kind = random_.below(100);
    if (kind < 60) {
      route.next_hop_type = lab::NextHopType::kVirtualAppliance;
      const bool absent = machines_.empty() || random_.chance(10);
      route.next_hop_ip_address = absent ? address("10.0.200.200") : random_.pick(machines_);
    } else if (kind < 70) {
      route.next_hop_type = lab::NextHopType::kInternet;
    } else if (kind < 82) {
      route.next_hop_type = lab::NextHopType::kNone;
    } else if (kind < 96) {
      route.next_hop_type = lab::NextHopType::kVnetLocal;
    } else {
      route.next_hop_type = lab::NextHopType::kVirtualNetworkGateway;
    }
    return route;
  }

  void add_route_tables() {
    const uint32_t count = 1 + random_.below(3);
    for (uint32_t t = 0; t < count; ++t) {
      lab::RouteTable table;
      const uint32_t routes = 1 + random_.below(5);
      for (uint32_t r = 0; r < routes; ++r) {
        const lab::Route route = some_route();
        const bool known =
            std::any_of(table.routes.begin(), table.routes.end(), [&](const auto& entry) {
              return entry.second.address_prefix == route.address_prefix &&
                     entry.second.service_tag == route.service_tag;
            });
        if (!known) table.routes[fmt::format("route{}", r)] = route;
      }
      lab_.route_tables[fmt::format("table{}", t)] = std::move(table);
    }
  }

  void attach() {
    for (auto& [vnet_name, vnet] : lab_.virtual_networks) {
      for (auto& [name, subnet] : vnet.subnets) {
        if (random_.chance(55)) {
          subnet.network_security_group = fmt::format(
              "nsg{}", random_.below(static_cast<uint32_t>(lab_.network_security_groups.size())));
        }
        if (random_.chance(subnet.delegations.empty() ? 35 : 65)) {
          subnet.route_table = fmt::format(
              "table{}", random_.below(static_cast<uint32_t>(lab_.route_tables.size())));
        }
      }
    }
  }

  void add_plans() {
    std::vector<lab::SubnetRef> delegated;
    for (const auto& [vnet_name, vnet] : lab_.virtual_networks) {
      for (const auto& [name, subnet] : vnet.subnets) {
        if (!subnet.delegations.empty()) delegated.push_back({vnet_name, name});
      }
    }
    lab_.server_farms["plan"] = {"P1v3", 1 + static_cast<int>(random_.below(2))};
    lab_.server_farms["other"] = {"P1v3", 1};
    const uint32_t sites = 2 + random_.below(3);
    for (uint32_t i = 0; i < sites; ++i) {
      lab::Site site{.server_farm = random_.chance(75) ? "plan" : "other"};
      if (random_.chance(90)) {
        site.virtual_network_subnet = delegated[i % std::min<size_t>(delegated.size(), 2)];
      }
      set_routing(site);
      lab_.sites[fmt::format("app{}", i)] = std::move(site);
    }
  }

  void set_routing(lab::Site& site) {
    const uint32_t kind = random_.below(100);
    if (kind < 40) {
      site.outbound_vnet_routing = lab::OutboundVnetRouting{.application_traffic = true};
    } else if (kind < 50) {
      site.outbound_vnet_routing = lab::OutboundVnetRouting{.all_traffic = true};
    } else if (kind < 60) {
      site.vnet_route_all_enabled = true;
    } else if (kind < 70) {
      site.app_settings["WEBSITE_VNET_ROUTE_ALL"] = "1";
    } else if (kind < 80) {
      site.vnet_route_all_enabled = false;
      site.app_settings["WEBSITE_VNET_ROUTE_ALL"] = "1";
    }
  }

  Random random_;
  Lab lab_{};
  std::vector<Ipv4Prefix> pool_{};
  std::vector<Ipv4Address> machines_{};
};

}  // namespace

lab::Lab random_lab(uint64_t seed) {
  LabGenerator generator(seed);
  for (;;) {
    lab::Lab lab = generator.generate();
    const auto findings = lab::validate(lab);
    const bool valid = std::none_of(findings.begin(), findings.end(), [](const auto& finding) {
      return finding.severity == lab::Severity::kError;
    });
    if (valid) return lab;
  }
}

}  // namespace egress::oracle
