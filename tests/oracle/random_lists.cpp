// SPDX-License-Identifier: MIT
#include "tests/oracle/random_lists.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace egress::oracle {
namespace {

using lab::AddressMatch;
using lab::SecurityRuleProtocol;

Ipv4Prefix some_prefix(Random& random, const Pool& pool) {
  Ipv4Prefix chosen = random.pick(pool.prefixes);
  if (random.chance(25) && chosen.length > 0 && chosen.length < 30) {
    chosen.length = static_cast<uint8_t>(chosen.length + 1 + random.below(2));
    if (random.chance(50)) chosen.address.bits |= uint32_t{1} << (32U - chosen.length);
  } else if (random.chance(15) && chosen.length > 8) {
    chosen.length = static_cast<uint8_t>(chosen.length - 1);
    chosen.address.bits &= chosen.mask();
  }
  return chosen;
}

class RuleMaker {
 public:
  RuleMaker(Random& random, const Pool& pool) : random_(random), pool_(pool) {}

  lab::NetworkSecurityGroup make() {
    lab::NetworkSecurityGroup group;
    const uint32_t kind = random_.below(100);
    const uint32_t count = kind < 12   ? 0
                           : kind < 90 ? 1 + random_.below(11)
                                       : 20 + random_.below(20);
    for (uint32_t i = 0; i < count; ++i) {
      lab::SecurityRule rule =
          random_.chance(35) && i > 0 ? relative(random_.pick(made_)) : fresh();
      rule.priority = free_priority(rule.direction);
      group.security_rules[fmt::format("rule{}", i)] = rule;
      made_.push_back(std::move(rule));
    }
    return group;
  }

 private:
  lab::SecurityRule fresh() {
    lab::SecurityRule rule;
    rule.direction = random_.chance(60) ? lab::Direction::kOutbound : lab::Direction::kInbound;
    rule.access = random_.chance(55) ? lab::Access::kAllow : lab::Access::kDeny;
    rule.protocol = some_protocol();
    rule.source = random_.chance(55) ? AddressMatch{.any = true} : some_match();
    rule.destination = some_match();
    const bool both = !rule.source.application_security_groups.empty() &&
                      !rule.destination.application_security_groups.empty();
    // The groups of one rule have their members in one network.
    if (both) rule.destination = rule.source;
    if (ported(rule.protocol)) {
      rule.source_ports = some_source_ports();
      rule.destination_ports = some_ports();
    } else {
      rule.source_ports = rule.destination_ports = PortSet::all();
    }
    if (random_.chance(10)) rule.description = "drawn: \"quoted\", with a # and a: colon";
    return rule;
  }

  // Decides otherwise than `other` and differs from it in one dimension.
  lab::SecurityRule relative(lab::SecurityRule rule) {
    rule.access = rule.access == lab::Access::kAllow ? lab::Access::kDeny : lab::Access::kAllow;
    const lab::SecurityRule drawn = fresh();
    switch (random_.below(6)) {
      case 0:
        if (drawn.source.application_security_groups.empty()) rule.source = drawn.source;
        break;
      case 1:
        if (drawn.destination.application_security_groups.empty()) {
          rule.destination = drawn.destination;
        }
        break;
      case 2:
        if (ported(rule.protocol)) rule.destination_ports = some_ports();
        break;
      case 3:
        if (ported(rule.protocol)) rule.source_ports = some_source_ports();
        break;
      case 4: {
        const bool all_ports = rule.source_ports.is_all() && rule.destination_ports.is_all();
        if (ported(drawn.protocol) || all_ports) rule.protocol = drawn.protocol;
        break;
      }
      default: rule.direction = drawn.direction;
    }
    return rule;
  }

  static bool ported(SecurityRuleProtocol protocol) {
    return protocol == SecurityRuleProtocol::kAny || protocol == SecurityRuleProtocol::kTcp ||
           protocol == SecurityRuleProtocol::kUdp;
  }

  SecurityRuleProtocol some_protocol() {
    static const std::vector<SecurityRuleProtocol> kUsual = {
        SecurityRuleProtocol::kAny, SecurityRuleProtocol::kAny, SecurityRuleProtocol::kTcp,
        SecurityRuleProtocol::kTcp, SecurityRuleProtocol::kUdp, SecurityRuleProtocol::kIcmp};
    if (random_.chance(95)) return random_.pick(kUsual);
    return random_.chance(50) ? SecurityRuleProtocol::kEsp : SecurityRuleProtocol::kAh;
  }

  AddressMatch some_match() {
    const uint32_t kind = random_.below(100);
    if (kind < 30) return {.any = true};
    if (kind < 48) {
      static const std::vector<std::string> kTags = {"VirtualNetwork",
                                                     "VirtualNetwork",
                                                     "Internet",
                                                     "Internet",
                                                     "Storage",
                                                     "Storage.WestEurope",
                                                     "Sql",
                                                     "AzureLoadBalancer",
                                                     "AzurePlatformDNS",
                                                     "AzurePlatformIMDS",
                                                     "AzurePlatformLKM"};
      return {.service_tag = random_.pick(kTags)};
    }
    if (kind < 54) return {.application_security_groups = {random_.pick(pool_.groups)}};
    AddressMatch match;
    const uint32_t count = 1 + random_.below(3);
    for (uint32_t i = 0; i < count; ++i) match.prefixes.push_back(some_prefix(random_, pool_));
    std::sort(match.prefixes.begin(), match.prefixes.end());
    match.prefixes.erase(std::unique(match.prefixes.begin(), match.prefixes.end()),
                         match.prefixes.end());
    return match;
  }

  PortSet some_ports() {
    if (random_.chance(50)) return PortSet::all();
    static const std::vector<Interval<uint16_t>> kRanges = {
        {80, 80},      {443, 443},  {53, 53}, {79, 81},       {0, 1023},   {81, 442},
        {1024, 65535}, {443, 8443}, {0, 0},   {65535, 65535}, {54, 65535}, {0, 52}};
    std::vector<Interval<uint16_t>> ranges;
    const uint32_t count = 1 + random_.below(3);
    for (uint32_t i = 0; i < count; ++i) ranges.push_back(random_.pick(kRanges));
    return PortSet(std::move(ranges));
  }

  PortSet some_source_ports() {
    if (random_.chance(70)) return PortSet::all();
    const uint32_t base = pool_.first_source_port;
    const uint32_t from = random_.below(kSourcePorts);
    const uint32_t length = random_.chance(30) ? 0 : random_.below(kSourcePorts - from);
    const auto first = static_cast<uint16_t>(random_.chance(20) ? 0 : base + from);
    const auto last = static_cast<uint16_t>(random_.chance(20) ? 65535 : base + from + length);
    return PortSet({{first, last}});
  }

  int free_priority(lab::Direction direction) {
    while (true) {
      const uint32_t kind = random_.below(100);
      const int priority = kind < 10   ? 100
                           : kind < 20 ? 4096
                           : kind < 50 ? 100 + static_cast<int>(random_.below(60))
                                       : 100 + static_cast<int>(random_.below(3997));
      if (taken_.insert({direction, priority}).second) return priority;
    }
  }

  Random& random_;
  const Pool& pool_;
  std::vector<lab::SecurityRule> made_{};
  std::set<std::pair<lab::Direction, int>> taken_{};
};

Ipv4Address some_next_hop(Random& random, const Pool& pool) {
  const uint32_t kind = random.below(100);
  if (kind < 65 && !pool.appliances.empty()) return random.pick(pool.appliances);
  if (kind < 90 && !pool.machines.empty()) return random.pick(pool.machines);
  return random.pick(pool.unowned);
}

lab::Route random_route(Random& random, const Pool& pool) {
  lab::Route route;
  if (random.chance(8)) {
    static const std::vector<std::string> kTags = {"Storage", "Storage.WestEurope", "Sql"};
    route.service_tag = random.pick(kTags);
  } else {
    route.address_prefix = random.chance(30) ? Ipv4Prefix{} : some_prefix(random, pool);
  }
  const uint32_t kind = random.below(100);
  if (kind < 64) {
    route.next_hop_type = lab::NextHopType::kVirtualAppliance;
    route.next_hop_ip_address = some_next_hop(random, pool);
  } else if (kind < 74) {
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

}  // namespace

Pool pool_of(const lab::Lab& lab, uint64_t seed) {
  Pool pool{
      .prefixes = {{}, {{0x0a000000}, 8}},
      .unowned = {{0x0a00c8c8}},
      .groups = {lab.application_security_groups.begin(), lab.application_security_groups.end()},
      .first_source_port = first_source_port(seed)};
  for (const auto& [name, vnet] : lab.virtual_networks) {
    pool.prefixes.insert(pool.prefixes.end(), vnet.address_prefixes.begin(),
                         vnet.address_prefixes.end());
    for (const auto& [subnet_name, subnet] : vnet.subnets) {
      pool.prefixes.insert(pool.prefixes.end(), subnet.address_prefixes.begin(),
                           subnet.address_prefixes.end());
    }
  }
  for (const auto& [name, host] : lab.hosts) {
    if (host.has_address()) pool.prefixes.push_back(Ipv4Prefix::host(host.ip_address));
    if (!host.subnet) continue;
    pool.machines.push_back(host.ip_address);
    if (host.enable_ip_forwarding) pool.appliances.push_back(host.ip_address);
  }
  return pool;
}

lab::NetworkSecurityGroup random_security_group(Random& random, const Pool& pool) {
  return RuleMaker(random, pool).make();
}

lab::RouteTable random_route_table(Random& random, const Pool& pool) {
  lab::RouteTable table;
  const uint32_t count = random.below(6);
  for (uint32_t i = 0; i < count; ++i) {
    const lab::Route route = random_route(random, pool);
    const bool known =
        std::any_of(table.routes.begin(), table.routes.end(), [&](const auto& entry) {
          return entry.second.address_prefix == route.address_prefix &&
                 entry.second.service_tag == route.service_tag;
        });
    if (!known) table.routes[fmt::format("route{}", i)] = route;
  }
  return table;
}

}  // namespace egress::oracle
