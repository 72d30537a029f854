// SPDX-License-Identifier: MIT
#include "tests/oracle/nat_gateways.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "tests/support/values.hpp"

namespace egress::oracle {
namespace {

using testing_support::ip;
using testing_support::prefix;

// Of one address to three, or of a prefix with them.
lab::NatGateway some_gateway(lab::Lab& lab, Random& random, uint32_t number) {
  lab::NatGateway gateway;
  gateway.idle_timeout_in_minutes = 4 + static_cast<int>(random.below(117));
  const uint32_t base = ip("20.63.0.0").bits + 256 * number;
  const bool with_prefix = random.chance(30);
  const uint32_t addresses = random.below(3) + (with_prefix ? 0 : 1);
  for (uint32_t i = 0; i < addresses; ++i) {
    const std::string name = fmt::format("public{}-{}", number, i);
    lab.public_ip_addresses[name].ip_address = {base + i};
    gateway.public_ip_addresses.push_back(name);
  }
  if (with_prefix) {
    gateway.public_ip_prefixes.push_back(
        {{base + 128}, static_cast<uint8_t>(random.chance(50) ? 32 : 31)});
  }
  return gateway;
}

// Some of what they show, among the addresses that services let in.
void let_in(lab::Lab& lab, Random& random) {
  for (auto& [name, service] : lab.services) {
    if (!service.network_acls || !random.chance(40)) continue;
    for (const auto& [gateway_name, gateway] : lab.nat_gateways) {
      for (const Ipv4Address address : lab::addresses_of(lab, gateway)) {
        if (random.chance(40)) {
          service.network_acls->ip_rules.push_back(Ipv4Prefix::host(address));
        }
      }
    }
  }
}

// Where appliances that masquerade stand.
std::set<lab::SubnetRef> subnets_of_appliances(const lab::Lab& lab) {
  std::set<lab::SubnetRef> subnets;
  for (const auto& [name, host] : lab.hosts) {
    if (host.subnet && host.masquerade) subnets.insert(*host.subnet);
  }
  return subnets;
}

}  // namespace

void add_nat_gateways(lab::Lab& lab, Random& random) {
  if (random.chance(35)) return;
  const std::set<lab::SubnetRef> appliances = subnets_of_appliances(lab);
  uint32_t number = 0;
  for (auto& [vnet, network] : lab.virtual_networks) {
    if (random.chance(40)) continue;
    std::vector<std::string> gateways;
    for (uint32_t i = 0; i < 1 + random.below(2); ++i, ++number) {
      gateways.push_back(fmt::format("nat{}", number));
      lab.nat_gateways[gateways.back()] = some_gateway(lab, random, number);
    }
    for (auto& [name, subnet] : network.subnets) {
      if (random.chance(appliances.contains({vnet, name}) ? 90 : 55))
        subnet.nat_gateway = random.pick(gateways);
    }
  }
  let_in(lab, random);
}

void change_nat_gateways(lab::Lab& lab, Random& random) {
  if (lab.nat_gateways.empty()) return add_nat_gateways(lab, random);
  lab::NatGateway& gateway = random.any_of(lab.nat_gateways);
  lab::Subnet& subnet = random.any_of(random.any_of(lab.virtual_networks).subnets);
  switch (random.below(4)) {
    case 0: subnet.nat_gateway.reset(); break;
    case 1: subnet.nat_gateway = lab.nat_gateways.begin()->first; break;
    case 2: gateway.idle_timeout_in_minutes = 4 + static_cast<int>(random.below(117)); break;
    default:
      if (gateway.public_ip_addresses.size() > 1) {
        gateway.public_ip_addresses.pop_back();
      } else {
        gateway.public_ip_prefixes = {prefix("20.64.0.0/31")};
      }
  }
}

std::string feature_of_exit(const policy::Explanation& explained) {
  const auto has_step = [&](const auto& is_it) {
    return std::any_of(explained.steps.begin(), explained.steps.end(), is_it);
  };
  const bool by_gateway =
      has_step([](const policy::Step& step) { return step.stage == policy::Stage::kNatGateway; });
  if (!by_gateway || explained.verdict != lab::Verdict::kAllow) return {};
  const bool by_appliance = has_step([](const policy::Step& step) {
    return step.stage == policy::Stage::kRoute && step.result.starts_with("VirtualAppliance");
  });
  return fmt::format("NAT gateway of {}, {} addresses", by_appliance ? "an appliance" : "an app",
                     explained.sources.empty()      ? "hidden"
                     : explained.sources.size() > 1 ? "several"
                                                    : "one of its");
}

}  // namespace egress::oracle
