// SPDX-License-Identifier: MIT
#include "lab/write/writer.hpp"

namespace egress::lab {

// None lead nowhere, which is another thing than to say none.
Document Writer::prefixes(const std::optional<std::vector<Ipv4Prefix>>& prefixes) const {
  const Document none = Document::array();
  return prefixes && prefixes->empty() ? none : json_of(prefixes);
}

Document Writer::json_of(const BgpSettings& settings) const {
  const auto& [asn, address] = settings;
  return object(field("asn", asn), field("bgpPeeringAddress", address));
}

Document Writer::json_of(const GatewayConnection& connection) const {
  return object(field("enableBgp", connection.enable_bgp));
}

Document Writer::json_of(const VirtualNetworkGateway& gateway) const {
  const auto& [network, type, sku, bgp, connections] = gateway;
  return object(field("virtualNetwork", network),
                field("gatewayType", word_for(gateway_types(), type)), field("sku", if_any(sku)),
                field("bgpSettings", bgp), field("connections", connections));
}

Document Writer::json_of(const OnPremisesNetwork& network) const {
  const auto& [space, bgp, advertised, returned, internet] = network;
  return object(field("localNetworkAddressSpace", space), field("bgpSettings", bgp),
                field("advertisedPrefixes", advertised), Field{"returnRoutes", prefixes(returned)},
                field("internetAddress", internet));
}

}  // namespace egress::lab
