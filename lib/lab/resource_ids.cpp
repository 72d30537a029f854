// SPDX-License-Identifier: MIT
#include "lab/resource_ids.hpp"

#include <fmt/format.h>

#include "base/guid.hpp"
#include "lab/slots.hpp"

namespace egress::lab {
namespace {

// The subscription that a resource of the map names for itself, or nothing.
template <typename T>
std::string own_subscription(const Named<T>& resources, const std::string& name) {
  const auto found = resources.find(name);
  return found == resources.end() ? std::string{} : found->second.subscription;
}

std::string subscription_of_vnet(const Lab& lab, const std::string& vnet) {
  return subscription_name(lab, own_subscription(lab.virtual_networks, vnet));
}

// `type` is the provider's: "Microsoft.Web/sites".
std::string id_of(const std::string& subscription, const std::string& type,
                  const std::string& name) {
  return fmt::format("/subscriptions/{}/resourceGroups/lab/providers/{}/{}", subscription, type,
                     name);
}

std::string network_resource_id(const Lab& lab, const std::string& type, const std::string& name) {
  return id_of(subscription_name(lab, {}), "Microsoft.Network/" + type, name);
}

// An interface stands in the subscription of its network.
std::string interface_id(const Lab& lab, const std::string& vnet, const std::string& interface) {
  return id_of(subscription_of_vnet(lab, vnet), "Microsoft.Network/networkInterfaces", interface);
}

std::string ip_configuration_id(const Lab& lab, const std::string& vnet,
                                const std::string& interface, const std::string& configuration) {
  return fmt::format("{}/ipConfigurations/{}", interface_id(lab, vnet, interface), configuration);
}

std::string network_of_host(const Lab& lab, const std::string& host) {
  const auto found = lab.hosts.find(host);
  const bool in_subnet = found != lab.hosts.end() && found->second.subnet;
  return in_subnet ? found->second.subnet->vnet : std::string{};
}

}  // namespace

std::string vnet_id(const Lab& lab, const std::string& vnet) {
  return id_of(subscription_of_vnet(lab, vnet), "Microsoft.Network/virtualNetworks", vnet);
}

std::string subnet_id(const Lab& lab, const SubnetRef& subnet) {
  return fmt::format("{}/subnets/{}", vnet_id(lab, subnet.vnet), subnet.subnet);
}

std::string link_id(const Lab& lab, const SubnetRef& subnet) {
  return subnet_id(lab, subnet) + "/serviceAssociationLinks/AppServiceLink";
}

std::string plan_id(const Lab& lab, const std::string& server_farm) {
  return id_of(subscription_name(lab, own_subscription(lab.server_farms, server_farm)),
               "Microsoft.Web/serverfarms", server_farm);
}

std::string site_id(const Lab& lab, const std::string& site) {
  const auto found = lab.sites.find(site);
  const bool slot = found != lab.sites.end() && !found->second.slot_of.empty();
  const std::string name =
      slot ? found->second.slot_of + "/slots/" + slot_name(found->first, found->second) : site;
  return id_of(subscription_name(lab, own_subscription(lab.sites, site)), "Microsoft.Web/sites",
               name);
}

std::string host_ip_configuration_id(const Lab& lab, const std::string& host) {
  return ip_configuration_id(lab, network_of_host(lab, host), host, "ipconfig1");
}

std::string host_interface_id(const Lab& lab, const std::string& host) {
  return interface_id(lab, network_of_host(lab, host), host);
}

std::string endpoint_ip_configuration_id(const Lab& lab, const std::string& endpoint) {
  const auto found = lab.private_endpoints.find(endpoint);
  const std::string vnet =
      found == lab.private_endpoints.end() ? std::string{} : found->second.subnet.vnet;
  const std::string guid = guid_of("private-endpoint/" + endpoint);
  return ip_configuration_id(lab, vnet, fmt::format("{}.nic.{}", endpoint, guid),
                             "privateEndpointIpConfig." + guid);
}

std::string frontend_ip_configuration_id(const Lab& lab, const std::string& balancer,
                                         const std::string& frontend) {
  return network_resource_id(lab, "loadBalancers", balancer) + "/frontendIPConfigurations/" +
         frontend;
}

std::string network_security_group_id(const Lab& lab, const std::string& group) {
  return network_resource_id(lab, "networkSecurityGroups", group);
}

std::string route_table_id(const Lab& lab, const std::string& table) {
  return network_resource_id(lab, "routeTables", table);
}

std::string nat_gateway_id(const Lab& lab, const std::string& gateway) {
  return network_resource_id(lab, "natGateways", gateway);
}

std::string public_ip_address_id(const Lab& lab, const std::string& address) {
  return network_resource_id(lab, "publicIPAddresses", address);
}

}  // namespace egress::lab
