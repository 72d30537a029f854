// SPDX-License-Identifier: MIT
#include "tests/oracle/fronts.hpp"

#include <fmt/format.h>

#include "lab/app_settings.hpp"
#include "tests/support/values.hpp"

namespace egress::oracle {
namespace {

using lab::Lab;
using lab::PublicNetworkAccess;
using testing_support::ip;

constexpr const char* kZone = "privatelink.azurewebsites.net";

// In the service tags of the generator and in none.
const std::vector<const char*> kAddresses = {"20.60.9.200", "40.68.37.200", "104.40.7.7"};

std::optional<PublicNetworkAccess> some_access(Random& random) {
  if (random.chance(50)) return std::nullopt;
  return random.chance(50) ? PublicNetworkAccess::kEnabled : PublicNetworkAccess::kDisabled;
}

void add_endpoint(Lab& lab, Random& random, const std::string& name) {
  std::vector<lab::SubnetRef> places;
  for (const auto& [vnet, network] : lab.virtual_networks) {
    for (const auto& [subnet, declared] : network.subnets) {
      if (declared.delegations.empty()) places.push_back({vnet, subnet});
    }
  }
  if (places.empty()) return;
  const auto site =
      std::next(lab.sites.begin(), random.below(static_cast<uint32_t>(lab.sites.size())));
  lab::PrivateEndpoint& endpoint = lab.private_endpoints[name];
  endpoint = {.subnet = random.pick(places), .private_link_service = site->first};
  if (random.chance(20)) endpoint.status = lab::EndpointStatus::kPending;
  const bool known = lab.private_dns_zones.contains(kZone);
  if ((known || random.chance(60)) && random.chance(80)) {
    lab::PrivateDnsZone& zone = lab.private_dns_zones[kZone];
    zone.zone_name = kZone;
    for (const auto& [vnet, network] : lab.virtual_networks) {
      if (random.chance(40)) zone.virtual_network_links[vnet] = {};
    }
    endpoint.private_dns_zones = {kZone};
  }
}

}  // namespace

void add_fronts(Lab& lab, Random& random) {
  for (auto& [name, vnet] : lab.virtual_networks) {
    for (auto& [subnet, declared] : vnet.subnets) {
      if (random.chance(15)) declared.service_endpoints.push_back({.service = "Microsoft.Web"});
    }
  }
  size_t next = 0;
  for (auto& [name, site] : lab.sites) {
    if (next < kAddresses.size() && random.chance(50)) {
      site.inbound_ip_address = ip(kAddresses[next++]);
    }
    site.public_network_access = some_access(random);
    if (random.chance(30)) site.app_settings[lab::kPortSetting.name] = "8080";
  }
  const uint32_t endpoints = random.below(4);
  for (uint32_t i = 0; i < endpoints; ++i) add_endpoint(lab, random, fmt::format("front{}", i));
}

void change_fronts(Lab& lab, Random& random) {
  lab::Site& site = random.any_of(lab.sites);
  switch (random.below(4)) {
    case 0:
      site.inbound_ip_address =
          site.inbound_ip_address ? std::nullopt : std::optional(ip("104.40.7.8"));
      break;
    case 1: site.public_network_access = some_access(random); break;
    case 2: site.app_settings[lab::kPortSetting.name] = "8081"; break;
    default: add_endpoint(lab, random, "front-new");
  }
}

}  // namespace egress::oracle
