// SPDX-License-Identifier: MIT

#include "lab/read/resources.hpp"

namespace egress::lab {
namespace {

BgpSettings read_bgp_settings(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kBgpSettings);
  BgpSettings settings;
  object.integer_into(settings.asn, "asn");
  object.into(settings.bgp_peering_address, "bgpPeeringAddress", &Reader::address);
  return settings;
}

void read_bgp_settings_into(std::optional<BgpSettings>& settings, ObjectReader& object) {
  const auto value = object.at("bgpSettings");
  if (value) settings = read_bgp_settings(object.reader(), *value);
}

GatewayConnection read_connection(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kGatewayConnection);
  GatewayConnection connection;
  object.into(connection.enable_bgp, "enableBgp", &Reader::boolean);
  return connection;
}

}  // namespace

VirtualNetworkGateway read_virtual_network_gateway(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kVirtualNetworkGateway);
  VirtualNetworkGateway gateway;
  object.into(gateway.virtual_network, "virtualNetwork", &Reader::text);
  object.word_into(gateway.gateway_type, "gatewayType", gateway_types());
  object.word_into(gateway.sku, "sku", gateway_skus());
  read_bgp_settings_into(gateway.bgp_settings, object);
  object.map_into(gateway.connections, "connections", read_connection);
  return gateway;
}

OnPremisesNetwork read_on_premises_network(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kOnPremisesNetwork);
  OnPremisesNetwork network;
  object.list_into(network.local_network_address_space, "localNetworkAddressSpace", &Reader::range);
  read_bgp_settings_into(network.bgp_settings, object);
  object.list_into(network.advertised_prefixes, "advertisedPrefixes", &Reader::range);
  if (object.at("returnRoutes")) {
    network.return_routes.emplace();
    object.list_into(*network.return_routes, "returnRoutes", &Reader::prefix);
  }
  object.into(network.internet_address, "internetAddress", &Reader::address);
  return network;
}

}  // namespace egress::lab
