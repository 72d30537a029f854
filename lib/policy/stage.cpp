// SPDX-License-Identifier: MIT
#include "policy/stage.hpp"

namespace egress::policy {

const char* name_of(Stage stage) {
  switch (stage) {
    case Stage::kNameResolution: return "nameResolution";
    case Stage::kApplicationRouting: return "applicationRouting";
    case Stage::kNetworkSecurityGroup: return "networkSecurityGroup";
    case Stage::kRoute: return "route";
    case Stage::kPeering: return "peering";
    case Stage::kFirewall: return "firewall";
    case Stage::kNat: return "nat";
    case Stage::kNatGateway: return "natGateway";
    case Stage::kGateway: return "gateway";
    case Stage::kPlatform: return "platform";
    case Stage::kServiceEndpoint: return "serviceEndpoint";
    case Stage::kPrivateEndpoint: return "privateEndpoint";
    case Stage::kLoadBalancer: return "loadBalancer";
    case Stage::kService: return "service";
    case Stage::kDestination: return "destination";
  }
  return "route";
}

}  // namespace egress::policy
