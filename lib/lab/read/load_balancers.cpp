// SPDX-License-Identifier: MIT

#include "lab/read/resources.hpp"

namespace egress::lab {
namespace {

FrontendIpConfiguration read_frontend(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kFrontendIpConfiguration);
  FrontendIpConfiguration frontend;
  object.into(frontend.subnet, "subnet", &Reader::subnet_ref);
  object.into(frontend.private_ip_address, "privateIPAddress", &Reader::address);
  return frontend;
}

BackendAddressPool read_pool(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kBackendAddressPool);
  BackendAddressPool pool;
  object.list_into(pool.backend_ip_configurations, "backendIPConfigurations", &Reader::text);
  return pool;
}

LoadBalancingRule read_rule(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kLoadBalancingRule);
  LoadBalancingRule rule;
  object.into(rule.frontend_ip_configuration, "frontendIPConfiguration", &Reader::text);
  object.into(rule.backend_address_pool, "backendAddressPool", &Reader::text);
  object.word_into(rule.protocol, "protocol", load_balancing_protocols());
  object.integer_into(rule.frontend_port, "frontendPort");
  object.integer_into(rule.backend_port, "backendPort");
  object.word_into(rule.load_distribution, "loadDistribution", load_distributions());
  return rule;
}

}  // namespace

LoadBalancer read_load_balancer(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kLoadBalancer);
  LoadBalancer balancer;
  object.word_into(balancer.sku, "sku", load_balancer_skus());
  object.map_into(balancer.frontend_ip_configurations, "frontendIPConfigurations", read_frontend);
  object.map_into(balancer.backend_address_pools, "backendAddressPools", read_pool);
  object.map_into(balancer.load_balancing_rules, "loadBalancingRules", read_rule);
  return balancer;
}

}  // namespace egress::lab
