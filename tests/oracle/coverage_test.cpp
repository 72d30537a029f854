// SPDX-License-Identifier: MIT
#include "tests/oracle/coverage.hpp"

#include <gtest/gtest.h>

#include "ipam/leases.hpp"
#include "tests/oracle/traffic.hpp"

namespace egress::oracle {
namespace {

Coverage coverage_of_many() {
  Coverage coverage;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    const lab::Lab lab = random_lab(seed);
    const auto addresses = ipam::first_addresses(lab).value();
    const auto network = policy::analyse({.lab = lab, .leases = addresses, .traffic = run_in(lab)});
    cover_lab(coverage, lab);
    cover_flows(coverage, *network, random_flows(lab, addresses, seed, 100));
    cover_names(coverage, *network, random_names(lab, seed, 100));
  }
  return coverage;
}

// At least so often in 300 labs with 100 flows each.
const std::map<size_t, std::vector<const char*>> kEnough = {
    {4,
     {"NAT gateway of an app, hidden addresses", "reply Deny", "route displaced: VNetGlobalPeering",
      "site with the address of a lease"}},
    {10,
     {"decided by gateway, Drop", "decided by natGateway, Drop",
      "left on-premises for the Internet", "row of appliances, masquerading false then true",
      "NAT gateway of an app, one of its addresses",
      "NAT gateway of an appliance, several addresses", "flow that its source port decides",
      "networks with equal space", "plan with two integrations in one network",
      "row of appliances, masquerading false then false"}},
    {20,
     {"NAT gateway of an app, several addresses",
      "ExpressRoute gateway",
      "GatewaySubnet with a route table",
      "addresses from the highest",
      "answer lost on-premises",
      "answered from on-premises",
      "arrived on-premises",
      "default route on-premises",
      "gateway of a peer",
      "gateway with two connections",
      "machine on-premises",
      "network on-premises that sends nothing back",
      "network on-premises with a way to the Internet",
      "on-premises by a peer",
      "table without propagation",
      "answered at a private port",
      "answered by a called app",
      "app without an integration",
      "appliance absent",
      "appliance forwards false masquerades false",
      "appliance forwards false masquerades true",
      "appliance forwards true masquerades false",
      "appliance forwards true masquerades true",
      "appliance in a peer",
      "appliance in the same subnet",
      "apps that share an integration",
      "arrived by 2 appliances",
      "decided by nat, Drop",
      "decided by peering, Drop",
      "destination any",
      "destination group",
      "destination host",
      "destination several prefixes",
      "destination tag",
      "first priority",
      "flow at the first source port",
      "flow before the first address",
      "flow before the first source port",
      "flow behind the last address",
      "flow behind the last source port",
      "health probe",
      "host of prefixes",
      "integration behind a list that denies",
      "integration of several instances",
      "integration that refuses",
      "last priority",
      "loop",
      "machine forwards false masquerades false",
      "machine forwards false masquerades true",
      "machine forwards true masquerades false",
      "machine forwards true masquerades true",
      "machine in two groups",
      "names against priorities",
      "network with wires and veth pairs",
      "names as long as may be",
      "nested routes",
      "network in another region",
      "networks with nested space",
      "next hop VirtualNetworkGateway",
      "peering access false",
      "peering access true",
      "peering forwarded false",
      "peering forwarded true",
      "peering initiated",
      "plan on veth pairs",
      "plan on wires",
      "plan with two integrations",
      "plan without integration",
      "public address space",
      "received in a prefix",
      "received in a prefix by a service endpoint",
      "refused port: by a subscription",
      "mail that passes its network",
      "route Internet",
      "route None",
      "route VirtualNetworkGateway",
      "route VnetLocal",
      "route displaced: Internet",
      "route displaced: None",
      "route displaced: VNetPeering",
      "route displaced: VnetLocal",
      "route with a tag",
      "row of appliances in one network",
      "row of appliances, masquerading true then false",
      "row of appliances, masquerading true then true",
      "routing all false",
      "routing all true",
      "routing by WEBSITE_VNET_ROUTE_ALL",
      "routing by default",
      "routing by outboundVnetRouting.allTraffic",
      "routing by outboundVnetRouting.applicationTraffic",
      "routing by vnetRouteAllEnabled",
      "rule *",
      "rule Ah",
      "rule Esp",
      "rule Icmp",
      "rule Inbound Allow",
      "rule Inbound Deny",
      "rule Outbound Allow",
      "rule Outbound Deny",
      "rule Tcp",
      "rule Udp",
      "rule with port 0",
      "rule with port 65535",
      "rule with several ranges",
      "rule with source ports",
      "same priority in both directions",
      "security group with twenty rules",
      "security group without rules",
      "slot",
      "source any",
      "source group",
      "source host",
      "source several prefixes",
      "source tag",
      "subnet at the start of its network",
      "subnet of another service",
      "subnet of two plans",
      "subnet with two prefixes",
      "subnets in two prefixes of a network",
      "three plans",
      "two appliances in one network"}},
    {100,
     {"arrived by 1 appliances",
      "decided by applicationRouting, Allow",
      "decided by destination, NoRoute",
      "decided by networkSecurityGroup, Allow",
      "decided by networkSecurityGroup, Deny",
      "decided by platform, Drop",
      "decided by route, Allow",
      "decided by route, Drop",
      "flow at the first address",
      "flow at the first port",
      "flow at the last address",
      "flow at the last port",
      "flow at the last source port",
      "flow before the first port",
      "flow behind the last port",
      "next hop Internet",
      "next hop None",
      "next hop VNetGlobalPeering",
      "next hop VNetPeering",
      "next hop VirtualAppliance",
      "next hop VnetLocal",
      "path direct",
      "path virtualNetwork",
      "protocol 1",
      "protocol 17",
      "protocol 6",
      "refused",
      "reply Allow",
      "reply Drop",
      "route VirtualAppliance",
      "verdict Allow",
      "verdict Deny",
      "verdict Drop",
      "verdict NoRoute"}},
};

// The same of firewalls.
const std::map<size_t, std::vector<const char*>> kEnoughOfFirewalls = {
    {4,
     {"answer let pass by a network rule", "answer that a firewall does not know, Deny",
      "answer that a firewall does not know, Drop", "connection that a firewall ends"}},
    {20,
     {"decided by firewall, Deny",
      "firewall that masquerades false",
      "firewall that masquerades true",
      "let pass by a network rule",
      "network rule Allow",
      "network rule Any",
      "network rule Deny",
      "network rule ICMP",
      "network rule TCP",
      "network rule UDP",
      "network rule of two protocols",
      "network rule with a name",
      "network rule with ports",
      "network rule, any destinations",
      "network rule, any sources",
      "network rule, ranges of destinations",
      "network rule, ranges of sources",
      "network rule, tag of destinations",
      "network rule, tag of sources",
      "stateful appliance"}}};

// The same of names and services; of labs 300, of lookups 30,000.
const std::map<size_t, std::vector<const char*>> kEnoughNames = {
    {4,
     {"decided by serviceEndpoint, Drop", "network of nested zones",
      "real servers for other names"}},
    {20,
     {"alias that leads elsewhere",
      "answer by redirection",
      "app with an alternative server",
      "app with name servers",
      "app with servers in a setting",
      "endpoints' subnet 1",
      "endpoints' subnet 2",
      "endpoints' subnet 3",
      "link with redirection",
      "link with registration",
      "name server in a network",
      "name server on the Internet",
      "name server that asks itself",
      "name server with several forwarders",
      "name server without forwarders",
      "network with name servers",
      "network with the policies Basic",
      "private endpoint 0",
      "private endpoint 1",
      "private endpoint 2",
      "private endpoint 3",
      "private endpoint that writes records",
      "private endpoint with an address",
      "private endpoint without an address",
      "record set with A",
      "record set with AAAA",
      "record set with CNAME",
      "record set with MX",
      "record set with PTR",
      "record set with SRV",
      "record set with TXT",
      "service Contoso.Things/boxes",
      "service Microsoft.ContainerRegistry/registries",
      "service Microsoft.EventHub/namespaces",
      "service Microsoft.KeyVault/vaults",
      "service Microsoft.Sql/servers",
      "service Microsoft.Storage/storageAccounts",
      "service endpoint Microsoft.KeyVault of apps",
      "service endpoint Microsoft.KeyVault of machines",
      "service endpoint Microsoft.Sql of apps",
      "service endpoint Microsoft.Sql of machines",
      "service endpoint Microsoft.Storage of apps",
      "service endpoint Microsoft.Storage of machines",
      "service endpoint Microsoft.Storage.Global of apps",
      "service endpoint Microsoft.Storage.Global of machines",
      "service endpoint of a region",
      "service in a network's own space",
      "service in two networks",
      "service that Allows others",
      "service that Denys others",
      "service without a type",
      "service without public access",
      "wildcard record set",
      "zone of two networks",
      "zone under another key",
      "zone without a link"}},
    {100,
     {"NOERROR by a server of the lab's own",
      "NOERROR by a zone",
      "NOERROR by public DNS",
      "NOERROR by what Azure provides",
      "NXDOMAIN by a zone",
      "NXDOMAIN by public DNS",
      "answer by an alias",
      "answer of a later server",
      "decided by platform, Allow",
      "decided by privateEndpoint, Drop",
      "lookup NOERROR",
      "lookup NXDOMAIN",
      "lookup SERVFAIL",
      "lookup of A",
      "lookup of AAAA",
      "lookup of ANY",
      "lookup of CNAME",
      "lookup of MX",
      "lookup of NS",
      "lookup of PTR",
      "lookup of SOA",
      "lookup of SRV",
      "lookup of TXT",
      "lookup of TYPE65",
      "lookup over TCP",
      "lookup timeout",
      "question lost on its way",
      "server that fails",
      "service says Allow",
      "service says Deny"}},
};

// The same of what the platform sends on behalf of apps.
const std::map<size_t, std::vector<const char*>> kEnoughTraffic = {
    {20,
     {"image-pull by virtualNetwork, Deny",
      "vault that refuses the public attempt",
      "image-pull of the lab",
      "content-share of the lab",
      "key-vault of the lab",
      "image-pull on by WEBSITE_PULL_IMAGE_OVER_VNET",
      "image-pull off by WEBSITE_PULL_IMAGE_OVER_VNET",
      "image-pull on by vnetImagePullEnabled",
      "image-pull off by vnetImagePullEnabled",
      "image-pull on by outboundVnetRouting.imagePullTraffic",
      "image-pull off by outboundVnetRouting.imagePullTraffic",
      "image-pull on by outboundVnetRouting.allTraffic",
      "image-pull off by default",
      "content-share on by WEBSITE_CONTENTOVERVNET",
      "content-share on by vnetContentShareEnabled",
      "content-share on by outboundVnetRouting.contentShareTraffic",
      "content-share off by default",
      "backup-restore on by vnetBackupRestoreEnabled",
      "backup-restore on by outboundVnetRouting.backupRestoreTraffic",
      "backup-restore off by default",
      "managed-identity on by outboundVnetRouting.managedIdentityTraffic",
      "managed-identity on by outboundVnetRouting.allTraffic",
      "managed-identity off by default"}},
    {50,
     {"image-pull by direct, Allow", "image-pull by direct, Drop",
      "image-pull by virtualNetwork, Allow", "content-share by direct, Allow",
      "content-share by virtualNetwork, Allow", "backup-restore by direct, Allow",
      "backup-restore by virtualNetwork, Allow", "managed-identity by direct, Allow",
      "managed-identity by virtualNetwork, Allow", "key-vault by direct, Allow",
      "key-vault by direct, Drop"}},
};

const std::map<int, std::vector<const char*>> kEnoughOfMachines = {
    {50,
     {"flow of a machine in a network, Allow", "flow of a machine in a network, Deny",
      "flow of a machine in a network, Drop", "flow of a machine outside, Allow",
      "flow of a machine outside, Drop"}},
};

TEST(Generator, DrawsEveryFeatureAndMeetsEveryDecisionOften) {
  Coverage coverage = coverage_of_many();
  for (const auto& enough : {kEnough, kEnoughOfFirewalls, kEnoughOfMachines, kEnoughNames, kEnoughTraffic}) {
    for (const auto& [least, names] : enough) {
      for (const char* name : names) EXPECT_GE(coverage[name], least) << name;
    }
  }
}

TEST(Generator, DrawsTheSameFromTheSameSeed) {
  const lab::Lab lab = random_lab(7);
  const auto addresses = ipam::first_addresses(lab).value();
  const auto once = random_flows(lab, addresses, 7, 100);
  const auto again = random_flows(random_lab(7), addresses, 7, 100);
  EXPECT_TRUE(lab == random_lab(7));
  ASSERT_EQ(once.size(), 100U);
  for (size_t i = 0; i < once.size(); ++i) {
    EXPECT_EQ(once[i].from, again[i].from);
    EXPECT_EQ(once[i].flow.destination, again[i].flow.destination);
    EXPECT_EQ(once[i].flow.source_port, again[i].flow.source_port);
  }
}

TEST(Generator, LooksUpTheSameFromTheSameSeed) {
  const auto once = random_names(random_lab(7), 7, 100);
  const auto again = random_names(random_lab(7), 7, 100);
  ASSERT_EQ(once.size(), 100U);
  for (size_t i = 0; i < once.size(); ++i) {
    EXPECT_EQ(once[i].from, again[i].from);
    EXPECT_EQ(once[i].name, again[i].name);
    EXPECT_EQ(once[i].type, again[i].type);
  }
}

TEST(Generator, SeedsNearEachOtherShareNoSourcePort) {
  std::map<uint16_t, uint64_t> users;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    const lab::Lab lab = random_lab(seed);
    for (const ProbeCase& probe :
         random_flows(lab, ipam::first_addresses(lab).value(), seed, 100)) {
      if (probe.flow.protocol == Protocol::kIcmp) continue;
      const auto [user, first] = users.emplace(probe.flow.source_port, seed);
      ASSERT_TRUE(first || user->second == seed) << seed << " and " << user->second;
    }
  }
}

TEST(Generator, OddSeedsChangeLittleOfTheLabBefore) {
  for (uint64_t seed = 2; seed <= 60; seed += 2) {
    const lab::Lab lab = random_lab(seed);
    const lab::Lab changed = random_lab(seed + 1);
    EXPECT_EQ(lab.virtual_networks.size(), changed.virtual_networks.size());
    EXPECT_EQ(lab.hosts.size(), changed.hosts.size());
    EXPECT_EQ(lab.sites.size(), changed.sites.size());
  }
}

}  // namespace
}  // namespace egress::oracle
