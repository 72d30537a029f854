// SPDX-License-Identifier: MIT
#pragma once

// What a platform service's own firewall says to who has reached it: its public network access,
// its IP rules and its virtual network rules (azure-facts 1.4, 1.5; contract "Decided" 25).

#include <optional>
#include <string>
#include <vector>

#include "lab/service_types.hpp"

namespace egress::policy {

// Self-contained, as the program that answers as the service judges by it too.
struct ServiceFirewall {
  lab::PublicNetworkAccess public_network_access = lab::PublicNetworkAccess::kEnabled;
  lab::NetworkAcls acls{};
  lab::Refusal refusal = lab::Refusal::kOther;  // in whose words it refuses
  std::string name{};                           // the service's
  bool operator==(const ServiceFirewall&) const = default;
};
ServiceFirewall firewall_of(const std::string& name, const lab::Service& service);
// Of a site's front end.
ServiceFirewall firewall_of_site(const lab::Lab& lab, const std::string& site);

// How somebody comes to a service.
struct Entry {
  enum class Way { kInternet, kServiceEndpoint, kPrivateEndpoint };
  Way way = Way::kInternet;
  std::optional<Ipv4Address> source{};  // what the service sees; empty: the platform's own address
  std::string subnet{};                 // "vnet/subnet" by service endpoint
};

struct ServiceAnswer {
  lab::Access access = lab::Access::kAllow;
  std::string code{};     // in the service's own words; empty when allowed
  std::string reason{};   // what decided, for people
  std::string message{};  // what the service says; empty when allowed
  // To a flow that shows another of the addresses that it may.
  std::vector<ServiceAnswer> others{};
};
ServiceAnswer service_access(const ServiceFirewall& firewall, const Entry& entry);

}  // namespace egress::policy
