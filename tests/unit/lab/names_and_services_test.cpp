// SPDX-License-Identifier: MIT

// What files say about names, services and endpoints, as it stands in a Lab, and that it is written
// as it was read.

#include <gmock/gmock.h>

#include "lab/document.hpp"
#include "lab/edit.hpp"
#include "lab/validate.hpp"
#include "tests/support/values.hpp"
#include "tests/unit/lab/files.hpp"

namespace egress::lab {
namespace {

using testing::ElementsAre;
using testing_support::ip;
using testing_support::prefix;

// The second example of the contract without what is not emulated.
constexpr const char* kContract = R"(
location: westeurope
outboundIpAddresses: [20.50.1.4, 20.50.1.5]
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets:
      GatewaySubnet: {addressPrefix: 10.0.255.0/27}
      dns: {addressPrefix: 10.0.2.0/24}
    virtualNetworkPeerings:
      spoke: {allowForwardedTraffic: true}
  spoke:
    addressPrefixes: [10.1.0.0/16]
    dnsServers: [10.0.2.4]
    privateEndpointVNetPolicies: basic
    subnets:
      integration:
        addressPrefix: 10.1.1.0/26
        delegations: [Microsoft.Web/serverFarms]
        serviceEndpoints: [Microsoft.Storage, {service: microsoft.keyvault, locations: ["*"]}]
      endpoints: {addressPrefix: 10.1.3.0/24, privateEndpointNetworkPolicies: NetworkSecurityGroupEnabled}
    virtualNetworkPeerings:
      hub: {allowForwardedTraffic: true}
services:
  sqlserver: {type: microsoft.sql/servers, ipAddress: 52.236.184.163, publicNetworkAccess: Disabled}
  filestore:
    type: Microsoft.Storage/storageAccounts
    ipAddress: 20.60.223.4
    networkAcls: {defaultAction: Deny, ipRules: [20.50.1.4], virtualNetworkRules: [SPOKE/integration]}
  keys:  {type: Microsoft.KeyVault/vaults, ipAddress: 13.69.64.74, networkAcls: {defaultAction: Deny, virtualNetworkRules: [spoke/integration]}}
  images: {type: Microsoft.ContainerRegistry/registries, ipAddress: 20.61.97.140}
privateEndpoints:
  pe-sql:
    subnet: spoke/endpoints
    ipAddress: 10.1.3.4
    privateLinkService: SQLserver
    groupIds: [SQLSERVER]
    status: Approved
    privateDnsZones: [privatelink.DATABASE.windows.net]
privateDnsZones:
  privatelink.database.windows.net:
    virtualNetworkLinks:
      HUB:   {registrationEnabled: false, resolutionPolicy: Default}
  corp.internal:
    virtualNetworkLinks: {hub: {}}
    recordSets:
      db: {A: [10.1.2.4], ttl: 60}
      www: {CNAME: web.corp.internal}
publicDns:
  recordSets: {api.example.com: {A: [203.0.113.80]}, shop.example.com: {CNAME: api.example.com}}
  forwardTo: []
serverFarms:
  plan: {sku: P1v3, capacity: 2}
sites:
  web:
    serverFarm: plan
    virtualNetworkSubnet: spoke/integration
    outboundVnetRouting: {applicationTraffic: true, imagePullTraffic: true}
    linuxFxVersion: DOCKER|images.azurecr.io/web:1
    inboundIpAddress: 20.50.2.4
    dnsConfiguration: {dnsServers: [], dnsAltServer: "", dnsRetryAttemptCount: 3, dnsRetryAttemptTimeout: 3, dnsMaxCacheTimeout: 0}
    dependencies: [tcp://api.example.com:443, "tcp://sqlserver.database.windows.net:1433"]
hosts:
  resolver: {subnet: hub/dns, ipAddress: 10.0.2.4, dnsServer: {forwardTo: [168.63.129.16]}}
  pay:      {internet: true, ipAddress: 203.0.113.80, names: [pay.example.com], listen: [tcp/443]}
expectations:
  - {from: web, to: "tcp://sqlserver.database.windows.net:1433", expect: allow, via: virtualNetwork, by: privateEndpoints/PE-sql}
  - {from: web, to: "tcp://api.example.com:443", expect: allow, source: [20.61.7.1, 20.61.8.0/30]}
  - {from: web, resolve: SQLserver.database.windows.net., expect: 10.1.3.4}
  - {from: web, resolve: nothing.corp.internal, expect: nxdomain}
)";

Lab contract() {
  const Loaded loaded = load_text(kContract);
  EXPECT_EQ(errors_of(loaded), "");
  return loaded.lab.value_or(Lab{});
}

TEST(NamesAndServices, OfTheContractAreUnderstood) {
  const Lab lab = contract();
  const Subnet& integration = *lab.find({"spoke", "integration"});
  EXPECT_THAT(integration.service_endpoints,
              ElementsAre(ServiceEndpoint{"Microsoft.Storage", {}},
                          ServiceEndpoint{"Microsoft.KeyVault", {"*"}}));
  EXPECT_EQ(lab.find({"spoke", "endpoints"})->private_endpoint_network_policies,
            PrivateEndpointNetworkPolicies::kNetworkSecurityGroupEnabled);
  EXPECT_EQ(lab.virtual_networks.at("spoke").private_endpoint_vnet_policies,
            PrivateEndpointVnetPolicies::kBasic);
  EXPECT_EQ(lab.services.at("sqlserver"),
            (Service{.type = "Microsoft.Sql/servers",
                     .location = "westeurope",
                     .ip_address = ip("52.236.184.163"),
                     .public_network_access = PublicNetworkAccess::kDisabled}));
  EXPECT_EQ(lab.services.at("filestore").network_acls,
            (NetworkAcls{.default_action = Access::kDeny,
                         .ip_rules = {prefix("20.50.1.4/32")},
                         .virtual_network_rules = {{"spoke", "integration"}}}));
  EXPECT_EQ(lab.private_endpoints.at("pe-sql"),
            (PrivateEndpoint{.subnet = {"spoke", "endpoints"},
                             .ip_address = ip("10.1.3.4"),
                             .private_link_service = "sqlserver",
                             .group_ids = {"sqlServer"},
                             .private_dns_zones = {"privatelink.database.windows.net"}}));
  EXPECT_EQ(lab.private_dns_zones.at("corp.internal"),
            (PrivateDnsZone{.zone_name = "corp.internal",
                            .virtual_network_links = {{"hub", {}}},
                            .record_sets = {{"db", {.ttl = 60, .a = {ip("10.1.2.4")}}},
                                            {"www", {.cname = "web.corp.internal"}}}}));
  EXPECT_EQ(lab.public_dns.record_sets.at("shop.example.com").cname, "api.example.com");
}

TEST(NamesAndServices, OfTheContractsAppsAndHostsAreUnderstood) {
  const Lab lab = contract();
  const Site& web = lab.sites.at("web");
  EXPECT_EQ(web.dns_configuration, (DnsConfiguration{.dns_retry_attempt_count = 3,
                                                     .dns_retry_attempt_timeout = 3,
                                                     .dns_max_cache_timeout = 0}));
  EXPECT_EQ(web.inbound_ip_address, ip("20.50.2.4"));
  EXPECT_EQ(web.linux_fx_version, "DOCKER|images.azurecr.io/web:1");
  EXPECT_THAT(web.dependencies, ElementsAre("tcp://api.example.com:443",
                                            "tcp://sqlserver.database.windows.net:1433"));
  EXPECT_EQ(lab.hosts.at("resolver").dns_server, (DnsServer{.forward_to = {kAzurePlatform}}));
  EXPECT_EQ(lab.expectations[0].by, "privateEndpoints/pe-sql");
  EXPECT_THAT(lab.expectations[1].source,
              ElementsAre(prefix("20.61.7.1/32"), prefix("20.61.8.0/30")));
  EXPECT_EQ(lab.expectations[2].resolve, "sqlserver.database.windows.net");
  EXPECT_THAT(lab.expectations[2].addresses, ElementsAre(ip("10.1.3.4")));
  EXPECT_EQ(lab.expectations[3].status, LookupStatus::kNxDomain);
}

TEST(NamesAndServices, AreWrittenAsTheyWereRead) {
  Lab lab = contract();
  RecordSet& all = lab.private_dns_zones.at("corp.internal").record_sets["all.kinds"];
  all = {.ttl = 0,
         .a = {ip("10.0.0.1"), ip("10.0.0.2")},
         .aaaa = {*Ipv6Address::parse("2001:db8::1")},
         .txt = {"", "a \"text\"", std::string(300, 'x')},
         .ptr = {"a.example"},
         .mx = {{10, "mx.example"}},
         .srv = {{1, 2, 5060, "sip.example"}}};
  lab.private_dns_zones["elsewhere"] = {.zone_name = "split.example"};
  lab.hosts.at("pay").dns_server = DnsServer{.record_sets = {{"*.own.example", {.cname = "x"}}}};
  lab.public_dns.forward_to = {ip("9.9.9.9")};
  Service& own = lab.services["own"];
  own = {.location = "northeurope",
         .ip_address = ip("20.1.1.1"),
         .names = {"own.example"},
         .listen = {{Protocol::kTcp, 8443}},
         .service_tag = "Storage"};
  own.network_acls = NetworkAcls{.bypass = {"AzureServices", "Logging"}};
  lab.private_endpoints["waiting"] = {.subnet = {"spoke", "endpoints"},
                                      .private_link_service = "web",
                                      .status = EndpointStatus::kDisconnected};
  lab.sites.at("web").public_network_access = PublicNetworkAccess::kEnabled;
  for (const Finding& finding : validate(lab)) {
    EXPECT_EQ(finding.severity, Severity::kWarning) << finding.to_string();
  }
  const std::string text = write(lab).value();
  const Loaded again = load_text(text);
  ASSERT_TRUE(again.lab) << errors_of(again);
  EXPECT_TRUE(*again.lab == lab);
  EXPECT_EQ(write(*again.lab).value(), text);
}

TEST(NamesAndServices, ThatAreNotPlainAreNoLabOfAFile) {
  const auto code_of = [](const std::function<void(Lab&)>& change) {
    Lab lab = contract();
    change(lab);
    std::string codes;
    for (const Finding& finding : validate(lab)) {
      if (finding.severity == Severity::kError) codes += finding.code + " " + finding.path;
    }
    return codes;
  };
  EXPECT_EQ(code_of([](Lab& lab) {
              lab.private_dns_zones.at("corp.internal").zone_name = "Corp.internal";
            }),
            "not-canonical privateDnsZones.corp.internal");
  EXPECT_EQ(code_of([](Lab& lab) { lab.services.at("keys").type = "microsoft.keyvault/vaults"; }),
            "not-canonical services.keys");
  EXPECT_EQ(code_of([](Lab& lab) { lab.private_endpoints.at("pe-sql").group_ids = {"sqlserver"}; }),
            "not-canonical privateEndpoints.pe-sql");
  EXPECT_EQ(code_of([](Lab& lab) {
              lab.public_dns.record_sets.at("shop.example.com").cname = "API.example.com";
            }),
            "not-canonical publicDns");
}

TEST(NamesAndServices, AreEditedByPathsWithDots) {
  const auto edited = [](const Edit& change) {
    const Loaded loaded = edit(contract(), {change}, no_files);
    EXPECT_EQ(errors_of(loaded), "") << change.path;
    return loaded.lab.value_or(Lab{});
  };
  using Verb = Edit::Verb;
  const Lab with_record =
      edited({Verb::kPut, "privateDnsZones.corp.internal.recordSets.a.b", "{A: 10.0.0.9}"});
  EXPECT_THAT(with_record.private_dns_zones.at("corp.internal").record_sets.at("a.b").a,
              ElementsAre(ip("10.0.0.9")));
  EXPECT_EQ(edited({Verb::kPut, "privateDnsZones.CORP.internal.recordSets.db.ttl", "5"})
                .private_dns_zones.at("corp.internal")
                .record_sets.at("db"),
            (RecordSet{.ttl = 5, .a = {ip("10.1.2.4")}}));
  EXPECT_EQ(edited({Verb::kPut, "publicDns.recordSets.api.example.com.A[1]", "203.0.113.81"})
                .public_dns.record_sets.at("api.example.com")
                .a.size(),
            2U);
  EXPECT_TRUE(
      edited({Verb::kPut, "virtualNetworks.spoke.subnets.integration.serviceEndpoints[1].locations",
              "[westeurope]"})
          .find({"spoke", "integration"})
          ->service_endpoints[1] == (ServiceEndpoint{"Microsoft.KeyVault", {"westeurope"}}));
  EXPECT_EQ(edited({Verb::kPut, "privateEndpoints.pe-sql.status", "pending"})
                .private_endpoints.at("pe-sql")
                .status,
            EndpointStatus::kPending);
  EXPECT_TRUE(edited({Verb::kDelete, "privateDnsZones.corp.internal.virtualNetworkLinks.hub", ""})
                  .private_dns_zones.at("corp.internal")
                  .virtual_network_links.empty());
}

}  // namespace
}  // namespace egress::lab
