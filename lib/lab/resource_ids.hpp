// SPDX-License-Identifier: MIT
#pragma once

// ARM's ids of what a lab holds, for messages that name them:
// "/subscriptions/SUBSCRIPTION/resourceGroups/lab/providers/Microsoft.Network/virtualNetworks/spoke".
// The subscription's name stands for its GUID: the resource's own, else the lab's, else "default".
// A resource that is not there has the lab's.

#include <string>

#include "lab/lab.hpp"

namespace egress::lab {

std::string vnet_id(const Lab& lab, const std::string& vnet);
std::string subnet_id(const Lab& lab, const SubnetRef& subnet);
// Of a subnet's service association link:
// ".../subnets/SUBNET/serviceAssociationLinks/AppServiceLink".
std::string link_id(const Lab& lab, const SubnetRef& subnet);
std::string plan_id(const Lab& lab, const std::string& server_farm);
std::string site_id(const Lab& lab, const std::string& site);
// Of the address of an emulated host: ".../networkInterfaces/HOST/ipConfigurations/ipconfig1".
std::string host_ip_configuration_id(const Lab& lab, const std::string& host);
// Of the address of a private endpoint, whose interface Azure names after it.
std::string endpoint_ip_configuration_id(const Lab& lab, const std::string& endpoint);
// ".../loadBalancers/LB/frontendIPConfigurations/FRONTEND".
std::string frontend_ip_configuration_id(const Lab& lab, const std::string& balancer,
                                         const std::string& frontend);
std::string network_security_group_id(const Lab& lab, const std::string& group);
std::string route_table_id(const Lab& lab, const std::string& table);
std::string nat_gateway_id(const Lab& lab, const std::string& gateway);
std::string public_ip_address_id(const Lab& lab, const std::string& address);
// Of the network interface of an emulated host, which is named after it.
std::string host_interface_id(const Lab& lab, const std::string& host);

}  // namespace egress::lab
