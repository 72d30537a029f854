// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace egress::testing_support {

// An app in a network with a machine, which may be asked for everything but SQL; instances take the
// addresses from 10.1.1.4 on, of which there are eleven.
inline std::string small_lab(int instances = 1) {
  return R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      integration: {addressPrefix: 10.1.1.0/28, delegations: [Microsoft.Web/serverFarms],
                    networkSecurityGroup: nsg}
      data: {addressPrefix: 10.1.2.0/24}
networkSecurityGroups:
  nsg:
    securityRules:
      deny-sql: {priority: 100, direction: Outbound, access: Deny, protocol: Tcp,
                 sourceAddressPrefix: "*", sourcePortRange: "*",
                 destinationAddressPrefix: 10.1.2.0/24, destinationPortRange: "1433"}
sites: {web: {serverFarm: plan, virtualNetworkSubnet: spoke/integration}}
hosts: {sql: {subnet: spoke/data, ipAddress: 10.1.2.4, listen: [tcp/443]}}
serverFarms: {plan: {sku: P1v3, capacity: )" +
         std::to_string(instances) + "}}\n";
}

// The same by wires.
inline std::string small_tun_lab(int instances = 1) {
  std::string text = small_lab(instances);
  const std::string plan = "sku: P1v3,";
  return text.replace(text.find(plan), plan.size(), plan + " interface: tun,");
}

// The same, where the list of the machine's subnet denies in place of the app's.
inline std::string small_lab_turned(int instances = 1) {
  std::string text = small_lab(instances);
  const auto replace = [&](const std::string& old, const std::string& by) {
    text.replace(text.find(old), old.size(), by);
  };
  replace("networkSecurityGroup: nsg}", "networkSecurityGroup: other}");
  replace("10.1.2.0/24}", "10.1.2.0/24, networkSecurityGroup: nsg}");
  replace("direction: Outbound", "direction: Inbound");
  replace("networkSecurityGroups:", "networkSecurityGroups:\n  other: {}");
  return text;
}

}  // namespace egress::testing_support
