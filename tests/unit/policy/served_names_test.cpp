// SPDX-License-Identifier: MIT
#include "policy/served_names.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/support/network_of.hpp"
#include "tests/support/values.hpp"

namespace egress::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing_support::ip;

ServedNames served(const std::string& yaml, const std::string& name) {
  const auto network = testing_support::network_of(testing_support::lab_from(yaml));
  const auto names = names_by_address(network->situation.lab, *network->names);
  const auto& all = network->interfaces;
  const auto found = std::find_if(all.begin(), all.end(), [&](const Interface& each) {
    return each.name == name && each.endpoint == nullptr;
  });
  return served_names(*network, names, static_cast<Index>(found - all.begin()));
}

constexpr const char* kNetwork = R"(
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets: {data: {addressPrefix: 10.1.2.0/24}, endpoints: {addressPrefix: 10.1.3.0/24}}
)";

TEST(ServedNames, AreThoseOfAllZonesThatLeadThere) {
  const ServedNames sql = served(std::string(kNetwork) + R"(
  hub: {addressPrefixes: [10.0.0.0/16], subnets: {data: {addressPrefix: 10.0.2.0/24}}}
privateDnsZones:
  corp.internal:
    virtualNetworkLinks: {spoke: {}}
    recordSets:
      db: {A: [10.1.2.4]}
      other: {A: [10.1.2.5]}
      alias: {CNAME: db.corp.internal}
      "*.apps": {A: [10.1.2.4]}
      deep: {CNAME: a.b.apps.corp.internal}
publicDns: {recordSets: {far.example.com: {CNAME: alias.corp.internal}}}
hosts:
  sql: {subnet: spoke/data, ipAddress: 10.1.2.4, names: [sql.example.com]}
  dns:
    subnet: hub/data
    ipAddress: 10.0.2.4
    dnsServer: {recordSets: {sql.onprem: {A: [10.1.2.4]}}}
)",
                                 "sql");
  EXPECT_THAT(sql.names,
              ElementsAre("*.apps.corp.internal", "alias.corp.internal", "db.corp.internal",
                          "deep.corp.internal", "far.example.com", "sql", "sql.example.com",
                          "sql.internal.cloudapp.net", "sql.onprem"));
  EXPECT_THAT(sql.addresses, IsEmpty());
  EXPECT_FALSE(sql.any_name);
  EXPECT_TRUE(sql.covers("db.corp.internal"));
  EXPECT_TRUE(sql.covers("x.y.apps.corp.internal"));
  EXPECT_FALSE(sql.covers("other.corp.internal"));
  EXPECT_FALSE(sql.covers("corp.internal"));
}

TEST(ServedNames, OfAServiceAreThoseOfItsPrivateEndpointsToo) {
  const ServedNames store = served(std::string(kNetwork) + R"(
services: {store: {type: Microsoft.Storage/storageAccounts, ipAddress: 20.60.223.4}}
privateEndpoints:
  pe:
    subnet: spoke/endpoints
    ipAddress: 10.1.3.4
    privateLinkService: store
    groupIds: [blob]
    privateDnsZones: [privatelink.blob.core.windows.net]
privateDnsZones:
  privatelink.blob.core.windows.net: {virtualNetworkLinks: {spoke: {}}}
  corp.internal: {virtualNetworkLinks: {spoke: {}}, recordSets: {files: {A: [10.1.3.4]}}}
)",
                                   "store");
  EXPECT_THAT(store.names, IsSupersetOf({"store.blob.core.windows.net", "files.corp.internal",
                                         "store.privatelink.blob.core.windows.net",
                                         "store.file.core.windows.net"}));
}

TEST(ServedNames, IncludeWhatStandsInFrontOfAMachine) {
  const ServedNames vm = served(std::string(kNetwork) + R"(
publicIPAddresses: {pip: {ipAddress: 20.61.7.1}}
hosts: {vm: {subnet: spoke/data, ipAddress: 10.1.2.4, publicIPAddress: pip}}
loadBalancers:
  lb:
    frontendIPConfigurations: {front: {subnet: spoke/data, privateIPAddress: 10.1.2.100}}
    backendAddressPools: {pool: {backendIPConfigurations: [vm]}}
    loadBalancingRules:
      https: {frontendIPConfiguration: front, backendAddressPool: pool, protocol: Tcp,
              frontendPort: 443}
publicDns:
  recordSets: {www.example.com: {A: [20.61.7.1]}, lb.example.com: {A: [10.1.2.100]}}
)",
                                "vm");
  EXPECT_THAT(vm.addresses, ElementsAre(ip("10.1.2.100"), ip("20.61.7.1")));
  EXPECT_THAT(vm.names, IsSupersetOf({"www.example.com", "lb.example.com"}));
}

TEST(ServedNames, AreAnyOfAHostThatStandsForTheRestOfTheInternet) {
  const ServedNames rest = served(
      "hosts: {rest: {internet: true, addressPrefixes: [198.0.0.0/8], listen: [tcp/443]}}", "rest");
  EXPECT_TRUE(rest.any_name);
  EXPECT_TRUE(rest.covers("whatever.example.com"));
}

TEST(ServedNames, FollowNoAliasThatLeadsBackToItself) {
  const ServedNames site = served(R"(
hosts: {site: {internet: true, ipAddress: 93.184.216.34}}
publicDns:
  recordSets: {a.example.com: {CNAME: b.example.com}, b.example.com: {CNAME: a.example.com}}
)",
                                  "site");
  EXPECT_THAT(site.names, Not(Contains("a.example.com")));
}

}  // namespace
}  // namespace egress::policy
