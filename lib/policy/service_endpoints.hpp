// SPDX-License-Identifier: MIT
#pragma once

// Which addresses the service endpoints of a subnet take to their services (azure-facts 1.4).

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lab/lab.hpp"

namespace egress::policy {

struct EndpointPrefix {
  Ipv4Prefix prefix{};
  std::string service{};  // "Microsoft.Storage"
  auto operator<=>(const EndpointPrefix&) const = default;
};

// Subnets with equal endpoints in one region share what they come to.
class ServiceEndpoints {
 public:
  explicit ServiceEndpoints(const lab::Lab& lab) : lab_(lab) {}

  // Sorted, each prefix once: of the first service by name where several have it. The reference
  // stays valid.
  const std::vector<EndpointPrefix>& of(const lab::SubnetRef& subnet);

 private:
  using Locations = std::vector<std::string>;
  // Services, each with its locations, and the region of the network.
  using Key = std::pair<std::vector<std::pair<std::string, Locations>>, std::string>;

  const std::vector<Ipv4Prefix>& of(const std::string& service, const Locations& locations);

  const lab::Lab& lab_;
  std::map<Key, std::vector<EndpointPrefix>> known_{};
  std::map<std::pair<std::string, Locations>, std::vector<Ipv4Prefix>> prefixes_{};
};

}  // namespace egress::policy
