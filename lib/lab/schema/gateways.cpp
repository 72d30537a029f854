// SPDX-License-Identifier: MIT

#include <limits>

#include "lab/schema/objects.hpp"
#include "lab/schema/vocabulary.hpp"

namespace egress::lab {
namespace {

ObjectSchema bgp_settings_schema() {
  return {ObjectType::kBgpSettings,
          "bgpSettings",
          "The speaker of one side of a connection.",
          {required(number("asn", 1, std::numeric_limits<int>::max(), "Its autonomous system.")),
           value("bgpPeeringAddress", Form::kAddress,
                 "Its address. A gateway's lies in its GatewaySubnet.")}};
}

ObjectSchema connection_schema() {
  return {ObjectType::kGatewayConnection,
          "gatewayConnection",
          "A gateway's connection with a network on-premises.",
          {flag("enableBgp", "Whether the prefixes that the other side advertises are learned.",
                "false")}};
}

ObjectSchema gateway_schema() {
  Property type = word("gatewayType", words_of(gateway_types()), "What kind of gateway it is.");
  type.default_value = "Vpn";
  const Property sku = word("sku", words_of(gateway_skus()),
                            "Its SKU. Basic speaks no BGP and stands beside no other gateway; of "
                            "the others the network behaves alike.");
  return {
      ObjectType::kVirtualNetworkGateway,
      "virtualNetworkGateway",
      "A virtual network gateway, in its network's GatewaySubnet.",
      {required(value("virtualNetwork", Form::kText, "The network that it stands in.")), type, sku,
       object("bgpSettings", ObjectType::kBgpSettings, "Its speaker."),
       map("connections", ObjectType::kGatewayConnection, label_name("a network on-premises", 40),
           "Its connections, by the name of the network on-premises.")}};
}

ObjectSchema on_premises_schema() {
  return {
      ObjectType::kOnPremisesNetwork,
      "onPremisesNetwork",
      "A network on-premises, with hosts that say so.",
      {list("localNetworkAddressSpace", Form::kRange,
            "Prefixes to which its connections have static routes."),
       object("bgpSettings", ObjectType::kBgpSettings, "Its speaker."),
       list("advertisedPrefixes", Form::kRange,
            "Prefixes that connections with 'enableBgp' learn from it."),
       list("returnRoutes", Form::kPrefix,
            "What it sends back by its gateways. Left out: what they tell it, the prefixes of the "
            "networks that send by them. None: nothing comes back."),
       value("internetAddress", Form::kAddress,
             "The public address that it shows on the Internet. Left out: it sends nothing "
             "there.")}};
}

}  // namespace

std::vector<ObjectSchema> gateway_schemas() {
  return {bgp_settings_schema(), connection_schema(), gateway_schema(), on_premises_schema()};
}

}  // namespace egress::lab
