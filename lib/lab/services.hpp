// SPDX-License-Identifier: MIT
#pragma once

// Emulated platform services, and the two kinds of endpoints by which networks reach them.
// azure-facts 1.4, 1.5, 5.5.

#include <optional>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "base/protocol.hpp"
#include "lab/names.hpp"
#include "lab/platform.hpp"

namespace egress::lab {

enum class Access { kAllow, kDeny };
// kSecuredByPerimeter: of sites alone, in a network security perimeter in enforced mode.
enum class PublicNetworkAccess { kEnabled, kDisabled, kSecuredByPerimeter };

struct NetworkAcls {
  Access default_action = Access::kAllow;
  std::vector<Ipv4Prefix> ip_rules{};
  std::vector<SubnetRef> virtual_network_rules{};
  std::vector<std::string> bypass{};  // trusted services; no app is one
  bool operator==(const NetworkAcls&) const = default;
};

struct Service {
  std::string type{};      // canonical where it is known, as written elsewhere, or empty
  std::string location{};  // the lab's when the file does not say
  Ipv4Address ip_address{};
  std::vector<std::string> names{};  // empty: the type's
  std::vector<Port> listen{};        // empty: the type's
  std::string service_tag{};         // canonical; empty: the type's
  PublicNetworkAccess public_network_access = PublicNetworkAccess::kEnabled;
  std::optional<NetworkAcls> network_acls{};
  Named<Secret> secrets{};     // of a vault; none: it has every secret
  std::string subscription{};  // or empty: the lab's
  bool operator==(const Service&) const = default;
};

// What a site is where it stands for a service, and where its front end is when it does not say: a
// documentation address (RFC 5737), on which nobody can be.
inline constexpr const char* kSiteType = "Microsoft.Web/sites";
inline constexpr Ipv4Address kDefaultInboundAddress{0xc6336402};  // 198.51.100.2

enum class EndpointStatus { kApproved, kPending, kRejected, kDisconnected };

struct PrivateEndpoint {
  SubnetRef subnet{};
  std::optional<Ipv4Address> ip_address{};  // unset: the subnet's next free one
  std::string private_link_service{};       // a service or a site
  std::vector<std::string> group_ids{};
  EndpointStatus status = EndpointStatus::kApproved;
  std::vector<std::string> private_dns_zones{};  // its zone group
  bool operator==(const PrivateEndpoint&) const = default;
};

// Of a subnet.
struct ServiceEndpoint {
  std::string service{};                 // canonical, "Microsoft.Storage"
  std::vector<std::string> locations{};  // empty: the service's default (azure-facts 1.4.2)
  bool operator==(const ServiceEndpoint&) const = default;
};

// Whether lists and routes of a subnet count for private endpoints in it (azure-facts 5.5).
enum class PrivateEndpointNetworkPolicies {
  kDisabled,
  kEnabled,
  kNetworkSecurityGroupEnabled,
  kRouteTableEnabled
};
// Of a network (azure-facts 13.2).
enum class PrivateEndpointVnetPolicies { kDisabled, kBasic };

}  // namespace egress::lab
