// SPDX-License-Identifier: MIT

#include <algorithm>
#include <cctype>

#include "lab/read/resources.hpp"

namespace egress::lab {
namespace {

// "Web" and "serverFarms" stand in it.
std::string meant_delegation(const std::string& name) {
  constexpr size_t kShortest = 3;
  const std::string whole = lower_case(kServerFarmsDelegation);
  const bool part = name.size() >= kShortest && whole.find(lower_case(name)) != std::string::npos;
  return part ? fmt::format("did you mean '{}'?", kServerFarmsDelegation)
              : suggestion(name, {kServerFarmsDelegation});
}

std::optional<std::string> read_delegation(Reader& reader, const Value& value) {
  const auto name = reader.text(value);
  if (!name) return std::nullopt;
  if (equal_ignoring_case(*name, kServerFarmsDelegation)) return kServerFarmsDelegation;
  const std::string hint = meant_delegation(*name);
  if (!hint.empty()) {
    reader.fail(value, "unknown-value", fmt::format("unknown delegation '{}'", shown(*name)), hint);
  } else {
    reader.findings().add(
        value.mark, {.severity = Severity::kWarning,
                     .path = value.path,
                     .code = "not-emulated",
                     .message = fmt::format("delegation '{}' has no effect: only {} is emulated",
                                            shown(*name), kServerFarmsDelegation)});
  }
  return name;
}

std::vector<Ipv4Prefix> read_subnet_prefixes(ObjectReader& object) {
  Reader& reader = object.reader();
  const auto single = object.at("addressPrefix");
  const auto several = object.at("addressPrefixes");
  object.exclude("addressPrefix", "addressPrefixes");
  if (single && several && !several->is_empty_list()) return {};
  std::vector<Ipv4Prefix> prefixes = reader.list(several, &Reader::range);
  if (single) {
    if (const auto prefix = reader.range(*single)) prefixes.push_back(*prefix);
  }
  if (!single && (!several || several->is_empty_list())) {
    object.miss({"addressPrefix", "addressPrefixes"}, "'addressPrefix' is missing");
  }
  return prefixes;
}

Subnet read_subnet(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kSubnet);
  Subnet subnet;
  subnet.address_prefixes = read_subnet_prefixes(object);
  const auto delegations = object.at("delegations");
  // Of several it is told that there is one.
  const bool one = !delegations || delegations->node->items.size() <= 1;
  object.list_into(subnet.delegations, "delegations", [one](Reader& from, const Value& item) {
    return one ? read_delegation(from, item) : from.text(item);
  });
  object.into(subnet.network_security_group, "networkSecurityGroup", &Reader::text);
  object.into(subnet.route_table, "routeTable", &Reader::text);
  object.into(subnet.nat_gateway, "natGateway", &Reader::text);
  object.list_into(subnet.service_endpoints, "serviceEndpoints", read_service_endpoint);
  object.word_into(subnet.private_endpoint_network_policies, "privateEndpointNetworkPolicies",
                   private_endpoint_network_policies());
  object.list_into(subnet.service_endpoint_policies, "serviceEndpointPolicies", &Reader::text);
  return subnet;
}

VirtualNetworkPeering read_peering(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kVirtualNetworkPeering);
  VirtualNetworkPeering peering;
  object.into(peering.allow_virtual_network_access, "allowVirtualNetworkAccess", &Reader::boolean);
  object.into(peering.allow_forwarded_traffic, "allowForwardedTraffic", &Reader::boolean);
  object.into(peering.allow_gateway_transit, "allowGatewayTransit", &Reader::boolean);
  object.into(peering.use_remote_gateways, "useRemoteGateways", &Reader::boolean);
  return peering;
}

}  // namespace

std::optional<std::string> read_location(Reader& reader, const Value& value) {
  const auto text = reader.text(value);
  if (!text) return std::nullopt;
  std::string location = lower_case(*text);
  location.erase(std::remove(location.begin(), location.end(), ' '), location.end());
  const bool plain = std::all_of(location.begin(), location.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0;
  });
  if (plain && !location.empty()) return location;
  reader.fail(value, "location", fmt::format("'{}' is not an Azure region", shown(*text)),
              "write one like 'westeurope'");
  return std::nullopt;
}

VirtualNetwork read_virtual_network(Reader& reader, const Value& value,
                                    const std::string& location_of_lab) {
  ObjectReader object(reader, value, ObjectType::kVirtualNetwork);
  VirtualNetwork vnet{.location = location_of_lab};
  if (const auto location = object.at("location")) {
    vnet.location = read_location(reader, *location).value_or(vnet.location);
  }
  const auto prefixes = object.at("addressPrefixes");
  vnet.address_prefixes = reader.list(prefixes, &Reader::range);
  if (prefixes && prefixes->is_empty_list()) {
    object.miss({"addressPrefixes"}, "'addressPrefixes' holds no prefix");
  }
  vnet.dns_servers = reader.list(object.at("dnsServers"), &Reader::address);
  object.map_into(vnet.subnets, "subnets", read_subnet);
  object.map_into(vnet.virtual_network_peerings, "virtualNetworkPeerings", read_peering);
  object.word_into(vnet.private_endpoint_vnet_policies, "privateEndpointVNetPolicies",
                   private_endpoint_vnet_policies());
  object.into(vnet.subscription, "subscription", &Reader::text);
  object.integer_into(vnet.flow_timeout_in_minutes, "flowTimeoutInMinutes");
  return vnet;
}

}  // namespace egress::lab
