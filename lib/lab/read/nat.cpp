// SPDX-License-Identifier: MIT

#include "lab/read/resources.hpp"

namespace egress::lab {

PublicIpAddress read_public_ip_address(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kPublicIpAddress);
  PublicIpAddress address;
  object.into(address.ip_address, "ipAddress", &Reader::address);
  return address;
}

NatGateway read_nat_gateway(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kNatGateway);
  NatGateway gateway;
  object.list_into(gateway.public_ip_addresses, "publicIpAddresses", &Reader::text);
  object.list_into(gateway.public_ip_prefixes, "publicIpPrefixes", &Reader::prefix);
  object.integer_into(gateway.idle_timeout_in_minutes, "idleTimeoutInMinutes");
  object.word_into(gateway.sku, "sku", nat_gateway_skus());
  return gateway;
}

SnatPorts read_snat_ports(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kSnatPorts);
  SnatPorts ports;
  object.integer_into(ports.preallocated, "preallocated");
  object.integer_into(ports.best_effort, "bestEffort");
  return ports;
}

}  // namespace egress::lab
