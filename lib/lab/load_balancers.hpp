// SPDX-License-Identifier: MIT
#pragma once

// Internal load balancers: frontends, addresses of subnets that no machine has, the pools of
// machines behind them, and the rules that say which flows go there (azure-facts 5.4.1).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "lab/names.hpp"

namespace egress::lab {

enum class LoadBalancerSku { kStandard, kBasic };
enum class LoadBalancingProtocol { kTcp, kUdp, kAll };
// What of a flow chooses: addresses and ports, addresses alone, or addresses and the protocol.
enum class LoadDistribution { kDefault, kSourceIp, kSourceIpProtocol };

struct FrontendIpConfiguration {
  SubnetRef subnet{};
  Ipv4Address private_ip_address{};
  bool operator==(const FrontendIpConfiguration&) const = default;
};

struct BackendAddressPool {
  std::vector<std::string> backend_ip_configurations{};  // hosts, by name
  bool operator==(const BackendAddressPool&) const = default;
};

struct LoadBalancingRule {
  std::string frontend_ip_configuration{};
  std::string backend_address_pool{};
  LoadBalancingProtocol protocol = LoadBalancingProtocol::kTcp;
  uint16_t frontend_port = 0;
  std::optional<uint16_t> backend_port{};  // the frontend's, if not said
  LoadDistribution load_distribution = LoadDistribution::kDefault;
  bool operator==(const LoadBalancingRule&) const = default;

  // "HA ports": every port of TCP and UDP. With it a frontend can be a route's next hop.
  bool for_all_ports() const { return protocol == LoadBalancingProtocol::kAll; }
};

struct LoadBalancer {
  LoadBalancerSku sku = LoadBalancerSku::kStandard;
  Named<FrontendIpConfiguration> frontend_ip_configurations{};
  Named<BackendAddressPool> backend_address_pools{};
  Named<LoadBalancingRule> load_balancing_rules{};
  bool operator==(const LoadBalancer&) const = default;
};

}  // namespace egress::lab
