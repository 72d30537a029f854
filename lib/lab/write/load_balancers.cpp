// SPDX-License-Identifier: MIT
#include "lab/write/writer.hpp"

namespace egress::lab {

Document Writer::json_of(const LoadBalancer& balancer) const {
  const auto& [sku, frontends, pools, rules] = balancer;
  return object(field("sku", word_unless(load_balancer_skus(), LoadBalancerSku::kStandard, sku)),
                field("frontendIPConfigurations", frontends), field("backendAddressPools", pools),
                field("loadBalancingRules", rules));
}

Document Writer::json_of(const FrontendIpConfiguration& frontend) const {
  const auto& [subnet, address] = frontend;
  return object(field("subnet", subnet), field("privateIPAddress", address));
}

Document Writer::json_of(const BackendAddressPool& pool) const {
  const auto& [hosts] = pool;
  return object(field("backendIPConfigurations", hosts));
}

Document Writer::json_of(const LoadBalancingRule& rule) const {
  const auto& [frontend, pool, protocol, frontend_port, backend_port, distribution] = rule;
  return object(field("frontendIPConfiguration", frontend), field("backendAddressPool", pool),
                field("protocol", word_for(load_balancing_protocols(), protocol)),
                field("frontendPort", unless(uint16_t{0}, frontend_port)),
                field("backendPort", backend_port),
                field("loadDistribution",
                      word_unless(load_distributions(), LoadDistribution::kDefault, distribution)));
}

}  // namespace egress::lab
