// SPDX-License-Identifier: MIT
#include "lab/resource_ids.hpp"

#include <gmock/gmock.h>

namespace egress::lab {
namespace {

TEST(ResourceIds, AreArmsWithTheSubscriptionsNameInThem) {
  Lab lab;
  EXPECT_EQ(subnet_id(lab, {"spoke", "apps"}),
            "/subscriptions/default/resourceGroups/lab/providers/Microsoft.Network/"
            "virtualNetworks/spoke/subnets/apps");
  lab.subscription = "shared";
  EXPECT_EQ(link_id(lab, {"spoke", "apps"}),
            "/subscriptions/shared/resourceGroups/lab/providers/Microsoft.Network/"
            "virtualNetworks/spoke/subnets/apps/serviceAssociationLinks/AppServiceLink");
  lab.virtual_networks["spoke"].subscription = "networks";
  EXPECT_EQ(vnet_id(lab, "spoke"),
            "/subscriptions/networks/resourceGroups/lab/providers/Microsoft.Network/"
            "virtualNetworks/spoke");
  lab.server_farms["plan"].subscription = "apps";
  EXPECT_EQ(plan_id(lab, "plan"),
            "/subscriptions/apps/resourceGroups/lab/providers/Microsoft.Web/serverfarms/plan");
  EXPECT_EQ(site_id(lab, "web"),
            "/subscriptions/shared/resourceGroups/lab/providers/Microsoft.Web/sites/web");
  EXPECT_EQ(network_security_group_id(lab, "nsg"),
            "/subscriptions/shared/resourceGroups/lab/providers/Microsoft.Network/"
            "networkSecurityGroups/nsg");
  EXPECT_EQ(route_table_id(lab, "table"),
            "/subscriptions/shared/resourceGroups/lab/providers/Microsoft.Network/"
            "routeTables/table");
  EXPECT_EQ(nat_gateway_id(lab, "nat"),
            "/subscriptions/shared/resourceGroups/lab/providers/Microsoft.Network/"
            "natGateways/nat");
  EXPECT_EQ(public_ip_address_id(lab, "pip"),
            "/subscriptions/shared/resourceGroups/lab/providers/Microsoft.Network/"
            "publicIPAddresses/pip");
}

TEST(ResourceIds, OfInterfacesAreInTheSubscriptionOfTheirNetwork) {
  Lab lab;
  lab.virtual_networks["spoke"].subscription = "networks";
  lab.hosts["db"].subnet = SubnetRef{"spoke", "data"};
  EXPECT_EQ(host_ip_configuration_id(lab, "db"),
            "/subscriptions/networks/resourceGroups/lab/providers/Microsoft.Network/"
            "networkInterfaces/db/ipConfigurations/ipconfig1");
  EXPECT_EQ(host_interface_id(lab, "db"),
            "/subscriptions/networks/resourceGroups/lab/providers/Microsoft.Network/"
            "networkInterfaces/db");
  lab.private_endpoints["sql"].subnet = {"spoke", "data"};
  EXPECT_THAT(endpoint_ip_configuration_id(lab, "sql"),
              testing::MatchesRegex("/subscriptions/networks/resourceGroups/lab/providers/"
                                    "Microsoft.Network/networkInterfaces/sql.nic.[0-9a-f-]{36}/"
                                    "ipConfigurations/privateEndpointIpConfig.[0-9a-f-]{36}"));
}

}  // namespace
}  // namespace egress::lab
