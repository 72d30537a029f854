// SPDX-License-Identifier: MIT
#include "lab/write/writer.hpp"

namespace egress::lab {

Document Writer::json_of(const NetworkSecurityGroup& group) const {
  const auto& [rules, flush] = group;
  return object(field("securityRules", rules), field("flushConnection", if_true(flush)));
}

Document Writer::json_of(const SecurityRule& rule) const {
  const auto& [priority, direction, access, protocol, source, destination, source_ports,
               destination_ports, description] = rule;
  Document json =
      object(field("description", if_any(description)), field("priority", priority),
             field("direction", direction), field("access", access), field("protocol", protocol));
  put_side(json, "source", source, source_ports);
  put_side(json, "destination", destination, destination_ports);
  return json;
}

void Writer::put_side(Document& json, const std::string& side, const AddressMatch& match,
                      const PortSet& ports) const {
  const auto& [any, tag, groups, prefixes] = match;
  if (any) json[side + "AddressPrefix"] = "*";
  put(json, field(side + "AddressPrefix", if_any(tag)), field(side + "AddressPrefixes", prefixes),
      field(side + "ApplicationSecurityGroups", groups));
  if (ports.is_all()) {
    json[side + "PortRange"] = "*";
  } else {
    put(json, field(side + "PortRanges", ports.intervals()));
  }
}

Document Writer::json_of(const RouteTable& table) const {
  const auto& [routes, without_gateways] = table;
  return object(field("routes", routes),
                field("disableBgpRoutePropagation", if_true(without_gateways)));
}

Document Writer::json_of(const Route& route) const {
  const auto& [prefix, tag, type, next_hop] = route;
  return object(field("addressPrefix", prefix), field("addressPrefix", if_any(tag)),
                field("nextHopType", type), field("nextHopIpAddress", next_hop));
}

}  // namespace egress::lab
