// SPDX-License-Identifier: MIT
#include "policy/traffic_routing.hpp"

#include <algorithm>
#include <iterator>

#include "lab/app_settings.hpp"

namespace egress::policy {
namespace {

using lab::TrafficClass;

// Where a class is switched (azure-facts 2.1); null: not there.
struct Switches {
  bool lab::OutboundVnetRouting::*flag = nullptr;
  const char* flag_name = "";
  std::optional<bool> lab::Site::*legacy = nullptr;
  const char* legacy_name = "";
  const char* setting = nullptr;
};

Switches switches_of(TrafficClass traffic) {
  using Flags = lab::OutboundVnetRouting;
  switch (traffic) {
    case TrafficClass::kApplication:
      return {&Flags::application_traffic, "outboundVnetRouting.applicationTraffic",
              &lab::Site::vnet_route_all_enabled, "vnetRouteAllEnabled", "WEBSITE_VNET_ROUTE_ALL"};
    case TrafficClass::kImagePull:
      return {&Flags::image_pull_traffic, "outboundVnetRouting.imagePullTraffic",
              &lab::Site::vnet_image_pull_enabled, "vnetImagePullEnabled",
              "WEBSITE_PULL_IMAGE_OVER_VNET"};
    case TrafficClass::kContentShare:
      return {&Flags::content_share_traffic, "outboundVnetRouting.contentShareTraffic",
              &lab::Site::vnet_content_share_enabled, "vnetContentShareEnabled",
              "WEBSITE_CONTENTOVERVNET"};
    case TrafficClass::kBackupRestore:
      return {&Flags::backup_restore_traffic, "outboundVnetRouting.backupRestoreTraffic",
              &lab::Site::vnet_backup_restore_enabled, "vnetBackupRestoreEnabled"};
    case TrafficClass::kManagedIdentity:
      return {&Flags::managed_identity_traffic, "outboundVnetRouting.managedIdentityTraffic"};
    case TrafficClass::kKeyVault: break;
  }
  return {};
}

struct Decision {
  bool on = false;
  std::string by = "default";
};

Decision decide(const lab::Site& site, TrafficClass traffic) {
  if (traffic == TrafficClass::kKeyVault) return {true, routing_word(traffic)};
  // Azure forces allTraffic for it (azure-facts 1.2.11).
  if (site.public_network_access == lab::PublicNetworkAccess::kSecuredByPerimeter) {
    return {true, "publicNetworkAccess"};
  }
  const Switches switches = switches_of(traffic);
  if (site.outbound_vnet_routing) {
    const lab::OutboundVnetRouting& routing = *site.outbound_vnet_routing;
    if (routing.all_traffic) return {true, "outboundVnetRouting.allTraffic"};
    return {routing.*switches.flag, switches.flag_name};
  }
  if (switches.legacy != nullptr && site.*switches.legacy) {
    return {*(site.*switches.legacy), switches.legacy_name};
  }
  if (switches.setting == nullptr) return {};
  const auto setting = site.app_settings.find(switches.setting);
  if (setting == site.app_settings.end()) return {};
  return {lab::is_on(setting->second), switches.setting};
}

}  // namespace

TrafficRouting traffic_routing(const lab::Site& site, TrafficClass traffic) {
  using Scope = TrafficRouting::Scope;
  Decision decision = decide(site, traffic);
  TrafficRouting routing{.integrated = site.virtual_network_subnet.has_value(),
                         .decided_by = std::move(decision.by)};
  if (!routing.integrated) return routing;
  const Scope off = traffic == TrafficClass::kApplication ? Scope::kPrivate : Scope::kNothing;
  routing.scope = decision.on ? Scope::kEverything : off;
  return routing;
}

const char* routing_word(TrafficClass traffic) {
  switch (traffic) {
    case TrafficClass::kApplication: return "applicationRouting";
    case TrafficClass::kImagePull: return "imagePullTraffic";
    case TrafficClass::kContentShare: return "contentShareTraffic";
    case TrafficClass::kBackupRestore: return "backupRestoreTraffic";
    case TrafficClass::kManagedIdentity: return "managedIdentityTraffic";
    case TrafficClass::kKeyVault: return "keyVaultReferences";
  }
  return "applicationRouting";
}

std::vector<Ipv4Prefix> virtual_network_scope(const lab::Lab& lab, const lab::Site& site,
                                              const std::vector<EndpointPrefix>& endpoints) {
  if (!site.virtual_network_subnet) return {};
  std::vector<Ipv4Prefix> scope(std::begin(kRfc1918), std::end(kRfc1918));
  const auto vnet = lab.virtual_networks.find(site.virtual_network_subnet->vnet);
  if (vnet != lab.virtual_networks.end()) {
    const std::vector<Ipv4Prefix>& own = vnet->second.address_prefixes;
    scope.insert(scope.end(), own.begin(), own.end());
  }
  for (const EndpointPrefix& each : endpoints) scope.push_back(each.prefix);
  std::sort(scope.begin(), scope.end());
  scope.erase(std::unique(scope.begin(), scope.end()), scope.end());
  return scope;
}

}  // namespace egress::policy
