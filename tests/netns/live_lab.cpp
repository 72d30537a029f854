// SPDX-License-Identifier: MIT
#include "tests/netns/live_lab.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "tests/netns/linux_fixture.hpp"
#include "tests/support/lab_from.hpp"

namespace egress::kernel_tests {
namespace {

using lab::Access;

constexpr int kRules = 100;  // times the scale, as the rest
constexpr int kPrefixesPerRule = 10;
constexpr int kTagPrefixes = 1000;
constexpr int kGroup = 10'000;  // more than all rules name together

PortSet port(uint16_t number) {
  return PortSet({{number, number}});
}

lab::SecurityRule rule(int priority, Access access, lab::AddressMatch destination, PortSet ports) {
  return {.priority = priority,
          .access = access,
          .source = {.any = true},
          .destination = std::move(destination),
          .source_ports = PortSet::all(),
          .destination_ports = std::move(ports)};
}

// Every second /25 of `count`, from the `begin`th behind `first` on, so that none merges with its
// neighbour.
std::vector<Ipv4Prefix> scattered(const char* first, int begin, int count) {
  std::vector<Ipv4Prefix> prefixes;
  for (int i = 0; i < count; ++i) {
    prefixes.push_back({{ip(first).bits + (static_cast<uint32_t>(begin + i) << 8U)}, 25});
  }
  return prefixes;
}

std::shared_ptr<const lab::ServiceTags> tags(const LiveVariant& variant) {
  auto all = std::make_shared<lab::ServiceTags>();
  (*all)["Storage"] = {
      "", address_set(scattered("20.0.0.0", variant.group % 7, kTagPrefixes * live_scale()))};
  return all;
}

lab::NetworkSecurityGroup group(const LiveVariant& variant) {
  lab::NetworkSecurityGroup group;
  auto& rules = group.security_rules;
  rules["open"] = rule(100, Access::kAllow, {.any = true}, port(kOpenPort));
  rules["flipping"] = rule(101, variant.flipping, {.any = true}, port(kFlippingPort));
  rules["tagged"] = rule(102, Access::kDeny, {.service_tag = "Storage"}, port(445));
  rules["denied"] = rule(4096, Access::kDeny, {.any = true}, port(kDeniedPort));
  for (int r = 0; r < kRules * live_scale(); ++r) {
    lab::AddressMatch match;
    match.prefixes =
        scattered("100.64.0.0", variant.group * kGroup + r * kPrefixesPerRule, kPrefixesPerRule);
    const auto first = static_cast<uint16_t>(1000 + (r + variant.group) % 500);
    rules[fmt::format("rule{}", r)] =
        rule(103 + r, r % 2 == 0 ? Access::kAllow : Access::kDeny, match,
             PortSet({{first, static_cast<uint16_t>(first + 20)}}));
  }
  if (variant.with_extra_rule) {
    rules["extra"] = rule(4095, Access::kDeny, {.prefixes = {prefix("203.0.113.0/25")}}, port(7));
  }
  return group;
}

}  // namespace

int live_scale() {
  const char* text = std::getenv("EGRESS_LIVE_SCALE");
  return text == nullptr ? 1
                         : static_cast<int>(std::clamp(std::strtol(text, nullptr, 10), 1L, 10L));
}

lab::Lab live_lab(const LiveVariant& variant) {
  lab::Lab lab = testing_support::lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  vnet:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms],
             networkSecurityGroup: nsg, routeTable: table}
      appliances: {addressPrefix: 10.1.3.0/24}
      data: {addressPrefix: 10.1.2.0/24}
networkSecurityGroups: {nsg: {}}
routeTables:
  table:
    routes:
      data: {addressPrefix: 10.1.2.0/24, nextHopType: VirtualAppliance, nextHopIpAddress: 10.1.3.4}
serverFarms: {plan: {}}
sites:
  app: {serverFarm: plan, virtualNetworkSubnet: vnet/apps,
        outboundVnetRouting: {applicationTraffic: true}}
hosts:
  nva1: {subnet: vnet/appliances, ipAddress: 10.1.3.4, enableIPForwarding: true}
  nva2: {subnet: vnet/appliances, ipAddress: 10.1.3.5, enableIPForwarding: true}
  sink: {subnet: vnet/data, ipAddress: 10.1.2.4}
)");
  lab.service_tags = tags(variant);
  lab.network_security_groups["nsg"] = group(variant);
  lab.route_tables["table"].routes["data"].next_hop_ip_address = ip(variant.by);
  return lab;
}

}  // namespace egress::kernel_tests
