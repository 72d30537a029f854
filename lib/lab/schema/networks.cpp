// SPDX-License-Identifier: MIT

#include "lab/limits.hpp"
#include "lab/schema/objects.hpp"
#include "lab/schema/vocabulary.hpp"

namespace egress::lab {

NameRule network_name(std::string kind, size_t max_length) {
  return {std::move(kind), max_length, "_.-", "_",
          "letters, digits, '_', '.' and '-', neither '.' nor '-' first or last"};
}

NameRule label_name(std::string kind, size_t max_length) {
  return {std::move(kind), max_length, "-", "", "letters, digits and '-', no '-' first or last"};
}

namespace {

std::vector<Property> resource_properties() {
  Property expectations = list("expectations", Form::kObject, "What `egressctl test` checks.");
  expectations.object = ObjectType::kExpectation;
  return {map("virtualNetworks", ObjectType::kVirtualNetwork, network_name("a virtual network", 64),
              "Virtual networks by name."),
          map("networkSecurityGroups", ObjectType::kNetworkSecurityGroup,
              network_name("a network security group"), "Network security groups by name."),
          map("routeTables", ObjectType::kRouteTable, network_name("a route table"),
              "Route tables by name."),
          map("applicationSecurityGroups", ObjectType::kApplicationSecurityGroup,
              network_name("an application security group"),
              "Application security groups by name. Hosts say which they belong to."),
          map("services", ObjectType::kService, label_name("a service", 63),
              "Emulated platform services on their public addresses, by name."),
          map("privateEndpoints", ObjectType::kPrivateEndpoint, network_name("a private endpoint"),
              "Private endpoints by name."),
          map("privateDnsZones", ObjectType::kPrivateDnsZone,
              {"a private DNS zone", kMaxDomainName, "_.-", "_",
               "letters, digits, '_', '.' and '-', neither '.' nor '-' first or last"},
              "Private DNS zones by name."),
          object("publicDns", ObjectType::kPublicDns, "What public DNS says."),
          map("serverFarms", ObjectType::kServerFarm, label_name("an App Service plan", 40),
              "App Service plans by name."),
          map("sites", ObjectType::kSite, label_name("a site", 60), "Apps by name."),
          map("certificates", ObjectType::kCertificate, network_name("a certificate"),
              "TLS certificates that App Service imports, by name."),
          map("hosts", ObjectType::kHost, label_name("a host", 63), "Emulated machines by name."),
          expectations};
}

ObjectSchema lab_schema() {
  Property location = value("location", Form::kRegion, "The region of apps and networks.");
  Property outbound = list("outboundIpAddresses", Form::kAddress,
                           "Addresses that App Service's own source NAT shows for traffic that "
                           "enters no virtual network. Each plan instance uses one.");
  outbound.default_value = R"(["198.51.100.4", "198.51.100.5"])";
  location.default_value = "westeurope";
  Property allocation = word("addressAllocation", words_of(address_allocations()),
                             "From which end of an integration subnet addresses are taken.");
  allocation.default_value = "lowest";
  Property release_delay = value(
      "releaseDelay", Form::kDuration,
      "How long an address waits, on the lab's clock, that an instance has left after a scale "
      "in, up or down, before somebody else gets it: 90s, 1h30m, up to 12h.");
  release_delay.default_value = "0s";
  Property assignments =
      list("roleAssignments", Form::kObject,
           "What whoever changes the lab may do. Left out: everything; with it, "
           "nothing else. Connecting an app needs virtualNetworks/read, "
           "virtualNetworks/subnets/read and virtualNetworks/subnets/join/action "
           "of Microsoft.Network, and virtualNetworks/subnets/write when it "
           "delegates the subnet.");
  assignments.object = ObjectType::kRoleAssignment;
  ObjectSchema lab{
      ObjectType::kLab,
      "lab",
      "App Service regional virtual network integration on one host: networks, rules, routes, "
      "plans, apps and machines. Names of properties and values are Azure Resource Manager's.",
      {location, outbound, allocation,
       value("serviceTags", Form::kText,
             "A service tag file in the JSON form that Microsoft publishes, relative to the "
             "lab file. A regular file of at most 32 MiB. Without it there are a few tags of "
             "West Europe, North Europe and East US."),
       map("subscriptions", ObjectType::kSubscription, network_name("a subscription", 64),
           "Subscriptions by name."),
       value("subscription", Form::kText,
             "The subscription of every resource that does not say. Without it, one of an "
             "Enterprise Agreement with everything registered."),
       map("publicIPAddresses", ObjectType::kPublicIpAddress, network_name("a public IP address"),
           "Public IP addresses by name."),
       map("natGateways", ObjectType::kNatGateway, network_name("a NAT gateway"),
           "NAT gateways by name. Subnets say which they use."),
       map("virtualNetworkGateways", ObjectType::kVirtualNetworkGateway,
           network_name("a virtual network gateway"), "Virtual network gateways by name."),
       map("onPremises", ObjectType::kOnPremisesNetwork, label_name("a network on-premises", 40),
           "Networks on-premises by name. Gateways connect them."),
       map("loadBalancers", ObjectType::kLoadBalancer, network_name("a load balancer"),
           "Internal load balancers by name."),
       object("snatPorts", ObjectType::kSnatPorts,
              "How many flows of one instance to one destination App Service's own source NAT "
              "carries."),
       release_delay,
       number("maxScaleChangesPerHour", 1, kMaxScaleChangesPerHour,
              "How often a plan's size or capacity may change within an hour on the lab's clock. "
              "Left out: as often as one likes."),
       assignments}};
  for (const Property& resource : resource_properties()) lab.properties.push_back(resource);
  return lab;
}

ObjectSchema virtual_network_schema() {
  Property endpoint_policies =
      word("privateEndpointVNetPolicies", words_of(private_endpoint_vnet_policies()),
           "Basic lets routes to VnetLocal carry to private endpoints of the network.");
  endpoint_policies.default_value = "Disabled";
  return {ObjectType::kVirtualNetwork,
          "virtualNetwork",
          "A virtual network.",
          {value("location", Form::kRegion, "Its region, when it is not the lab's."),
           required(list("addressPrefixes", Form::kRange, "The network's address space.", 1)),
           list("dnsServers", Form::kAddress,
                "DNS servers that apps of the network use; none: Azure's.", 0, kMaxDnsServers),
           map("subnets", ObjectType::kSubnet, network_name("a subnet"), "Subnets by name."),
           map("virtualNetworkPeerings", ObjectType::kVirtualNetworkPeering,
               network_name("a virtual network", 64),
               "This network's side of its peerings, by the name of the other network. A peering "
               "connects when both sides declare it."),
           endpoint_policies, subscription_property(),
           number("flowTimeoutInMinutes", kMinFlowTimeout, kMaxFlowTimeout,
                  "After how many minutes without a packet its flows are forgotten.")}};
}

ObjectSchema subnet_schema() {
  Property endpoints =
      list("serviceEndpoints", Form::kServiceEndpoint,
           "Services that are reached from here with the subnet's own addresses. Each a word, or "
           "an object that says the regions, too.");
  endpoints.words = service_endpoint_names();
  endpoints.object = ObjectType::kServiceEndpoint;
  Property policies =
      word("privateEndpointNetworkPolicies", words_of(private_endpoint_network_policies()),
           "Whether the subnet's security group and routes of the size of its network count for "
           "private endpoints in it.");
  policies.default_value = "Disabled";
  return {
      ObjectType::kSubnet,
      "subnet",
      "A subnet.",
      {value("addressPrefix", Form::kRange, "Where it lies; /29 or larger."),
       list("addressPrefixes", Form::kRange, "The same, of several prefixes.", 1),
       list("delegations", Form::kText,
            "Microsoft.Web/serverFarms for a subnet that apps integrate with. Such a subnet is "
            "/28 or larger, /26 when several plans share it.",
            0, 1),
       value("networkSecurityGroup", Form::kText, "The security group that filters its traffic."),
       value("routeTable", Form::kText, "The route table that steers what it sends."),
       value("natGateway", Form::kText,
             "The NAT gateway that takes what leaves it for the Internet, where no route leads to "
             "an appliance."),
       endpoints, policies,
       list("serviceEndpointPolicies", Form::kText,
            "Accepted with a warning: service endpoint policies are not emulated. An integration "
            "subnet has none.")},
      {{"addressPrefix", "addressPrefixes"}}};
}

ObjectSchema virtual_network_peering_schema() {
  return {ObjectType::kVirtualNetworkPeering,
          "virtualNetworkPeering",
          "One side of a peering.",
          {flag("allowVirtualNetworkAccess",
                "Whether the peer's prefixes are in this side's VirtualNetwork tag.", "true"),
           flag("allowForwardedTraffic",
                "Whether this side takes packets from the peer whose source is not in the peer's "
                "address space.",
                "false"),
           flag("allowGatewayTransit", "Whether the peer may use this side's gateway.", "false"),
           flag("useRemoteGateways", "Whether this side uses the peer's gateway.", "false")}};
}

}  // namespace

std::vector<ObjectSchema> network_schemas() {
  return {lab_schema(), virtual_network_schema(), subnet_schema(),
          virtual_network_peering_schema()};
}

}  // namespace egress::lab
