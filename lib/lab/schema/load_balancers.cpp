// SPDX-License-Identifier: MIT

#include "lab/schema/objects.hpp"
#include "lab/schema/vocabulary.hpp"

namespace egress::lab {
namespace {

ObjectSchema balancer_schema() {
  Property sku = word("sku", words_of(load_balancer_skus()),
                      "Frontends of Basic ones are not reached over global peerings, and have no "
                      "rule for all ports.");
  sku.default_value = "Standard";
  return {ObjectType::kLoadBalancer,
          "loadBalancer",
          "An internal load balancer. Every machine of a pool counts as healthy.",
          {sku,
           map("frontendIPConfigurations", ObjectType::kFrontendIpConfiguration,
               network_name("a frontend"), "Its addresses, by name."),
           map("backendAddressPools", ObjectType::kBackendAddressPool, network_name("a pool"),
               "Machines that share its flows, by name."),
           map("loadBalancingRules", ObjectType::kLoadBalancingRule,
               network_name("a load balancing rule"), "Which flows it takes, by name.")}};
}

ObjectSchema frontend_schema() {
  return {ObjectType::kFrontendIpConfiguration,
          "frontendIPConfiguration",
          "An address that no machine has.",
          {required(value("subnet", Form::kSubnet, "VNET/SUBNET, in which it stands.")),
           required(value("privateIPAddress", Form::kAddress, "The address."))}};
}

ObjectSchema pool_schema() {
  return {ObjectType::kBackendAddressPool,
          "backendAddressPool",
          "Machines of the frontends' network.",
          {list("backendIPConfigurations", Form::kText, "Hosts, by name.")}};
}

ObjectSchema rule_schema() {
  Property protocol = word("protocol", words_of(load_balancing_protocols()),
                           "All: every port of TCP and UDP (HA ports), with which the frontend can "
                           "be a route's next hop.");
  Property distribution =
      word("loadDistribution", words_of(load_distributions()),
           "By what of a flow the machine is chosen: addresses, protocol and ports; addresses "
           "alone; addresses and protocol.");
  distribution.default_value = "Default";
  return {ObjectType::kLoadBalancingRule,
          "loadBalancingRule",
          "Which flows to a frontend go to which machines.",
          {required(value("frontendIPConfiguration", Form::kText, "The frontend.")),
           required(value("backendAddressPool", Form::kText, "The pool.")), required(protocol),
           number("frontendPort", 0, 65534, "The port there; 0 with protocol All.", "0"),
           number("backendPort", 0, 65535, "The machine's. Left out: the same."), distribution}};
}

}  // namespace

std::vector<ObjectSchema> load_balancer_schemas() {
  return {balancer_schema(), frontend_schema(), pool_schema(), rule_schema()};
}

}  // namespace egress::lab
