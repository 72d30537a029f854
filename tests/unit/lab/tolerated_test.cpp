// SPDX-License-Identifier: MIT

// Every property that Azure has and that is not emulated, both ways: at Azure's default nothing is
// said of it, and of any other value its name.

#include "lab/schema/tolerated.hpp"

#include <gmock/gmock.h>

#include <map>

#include "tests/unit/lab/files.hpp"

namespace egress::lab {
namespace {

// Labs without a finding, in which '%' stands among the properties of an object of each type.
const std::map<ObjectType, std::string>& places() {
  const std::string plan = "serverFarms: {p: {sku: P1v3, capacity: 1}}\n";
  const std::string network =
      "virtualNetworks:\n  v: {addressPrefixes: [10.0.0.0/16], subnets: {s: {addressPrefix: "
      "10.0.1.0/24}, GatewaySubnet: {addressPrefix: 10.0.2.0/24}}}\n";
  const std::string service =
      "services: {k: {ipAddress: 20.1.1.1, type: Microsoft.KeyVault/vaults, secrets: {c: {value: "
      "x}}";
  const std::string balancer =
      network + "hosts: {h: {subnet: v/s, ipAddress: 10.0.1.9}}\nloadBalancers:\n  b:\n";
  const auto parts = [&](const std::string& frontend, const std::string& pool,
                         const std::string& rule) {
    return balancer + "    frontendIPConfigurations: {f: {subnet: v/s, privateIPAddress: 10.0.1.8" +
           frontend + "}}\n    backendAddressPools: {p: {backendIPConfigurations: [h]" + pool +
           "}}\n    loadBalancingRules: {r: {frontendIPConfiguration: f, backendAddressPool: p, "
           "protocol: Tcp, frontendPort: 80, backendPort: 80" +
           rule + "}}\n";
  };
  static const std::map<ObjectType, std::string> all = {
      {ObjectType::kVirtualNetwork, "virtualNetworks: {v: {addressPrefixes: [10.0.0.0/16], %}}"},
      {ObjectType::kSubnet,
       "virtualNetworks: {v: {addressPrefixes: [10.0.0.0/16], subnets: {s: {addressPrefix: "
       "10.0.1.0/24, %}}}}"},
      {ObjectType::kServiceEndpoint,
       "virtualNetworks: {v: {addressPrefixes: [10.0.0.0/16], subnets: {s: {addressPrefix: "
       "10.0.1.0/24, serviceEndpoints: [{service: Microsoft.Sql, %}]}}}}"},
      {ObjectType::kVirtualNetworkPeering,
       "virtualNetworks: {v: {addressPrefixes: [10.0.0.0/16], virtualNetworkPeerings: {w: {%}}}, "
       "w: {addressPrefixes: [10.1.0.0/16], virtualNetworkPeerings: {v: {}}}}"},
      {ObjectType::kNetworkSecurityGroup, "networkSecurityGroups: {n: {%}}"},
      {ObjectType::kSecurityRule,
       "networkSecurityGroups: {n: {securityRules: {r: {priority: 100, direction: Inbound, access: "
       "Allow, protocol: Tcp, sourceAddressPrefix: '*', sourcePortRange: '*', "
       "destinationAddressPrefix: '*', destinationPortRange: 443, %}}}}"},
      {ObjectType::kRouteTable, "routeTables: {t: {%}}"},
      {ObjectType::kRoute,
       "routeTables: {t: {routes: {r: {addressPrefix: 0.0.0.0/0, nextHopType: None, %}}}}"},
      {ObjectType::kApplicationSecurityGroup, "applicationSecurityGroups: {g: {%}}"},
      {ObjectType::kNatGateway,
       "natGateways: {n: {publicIpPrefixes: [20.61.8.0/30], %}}\nvirtualNetworks: {v: "
       "{addressPrefixes: [10.0.0.0/16], subnets: {s: {addressPrefix: 10.0.1.0/24, natGateway: "
       "n}}}}"},
      {ObjectType::kPublicIpAddress, "publicIPAddresses: {p: {ipAddress: 20.61.7.1, %}}"},
      {ObjectType::kPrivateEndpoint,
       network + service +
           "}}\nprivateEndpoints: {e: {subnet: v/s, privateLinkService: k, groupIds: [vault], %}}"},
      {ObjectType::kPrivateDnsZone, "privateDnsZones: {a.internal: {%}}"},
      {ObjectType::kVirtualNetworkLink,
       network + "privateDnsZones: {a.internal: {virtualNetworkLinks: {v: {%}}}}"},
      {ObjectType::kVirtualNetworkGateway,
       network + "virtualNetworkGateways: {g: {virtualNetwork: v, %}}"},
      {ObjectType::kLoadBalancer, parts("", "", "") + "    %\n"},
      {ObjectType::kFrontendIpConfiguration, parts(", %", "", "")},
      {ObjectType::kBackendAddressPool, parts("", ", %", "")},
      {ObjectType::kLoadBalancingRule, parts("", "", ", %")},
      {ObjectType::kServerFarm, "serverFarms: {p: {sku: P1v3, %}}"},
      {ObjectType::kSite, plan + "sites: {a: {serverFarm: p, %}}"},
      {ObjectType::kSlot, plan + "sites: {a: {serverFarm: p, slots: {s: {%}}}}"},
      {ObjectType::kSiteConfig, plan + "sites: {a: {serverFarm: p, siteConfig: {%}}}"},
      {ObjectType::kDnsConfiguration, plan + "sites: {a: {serverFarm: p, dnsConfiguration: {%}}}"},
      {ObjectType::kIdentity, plan + "sites: {a: {serverFarm: p, identity: {%}}}"},
      {ObjectType::kService, service + ", %}}"},
      {ObjectType::kCertificate,
       service + "}}\ncertificates: {c: {keyVault: k, keyVaultSecretName: c, %}}"}};
  return all;
}

std::vector<std::string> findings_with(ObjectType type, const std::string& property) {
  std::string text = places().at(type);
  text.replace(text.find('%'), 1, property);
  std::vector<std::string> found;
  for (const Finding& finding : load_text(text).findings) {
    // What the object does without is another matter.
    if (finding.code != "no-effect" && finding.code != "peering-initiated") {
      found.push_back(finding.to_string() + " [" + finding.code + "]");
    }
  }
  return found;
}

bool never_told(const Tolerated& property) {
  return property.tolerance == Tolerance::kReadOnly || property.tolerance == Tolerance::kNoNetwork;
}

TEST(Tolerated, HasAPlaceForEachObjectHere) {
  for (const ObjectSchema& schema : object_schemas()) {
    EXPECT_EQ(tolerated_properties(schema.type).empty(), !places().contains(schema.type))
        << schema.name;
  }
}

TEST(Tolerated, SaysNothingAtAzuresDefault) {
  for (const auto& [type, text] : places()) {
    for (const Tolerated& property : tolerated_properties(type)) {
      std::vector<std::string> defaults = {"null", "[]", "{}", "''"};
      for (const std::string& usual : property.defaults) defaults.push_back("'" + usual + "'");
      if (property.tolerance == Tolerance::kRegion) defaults.emplace_back("West Europe");
      for (const std::string& usual : defaults) {
        const std::string written = property.name + ": " + usual;
        EXPECT_THAT(findings_with(type, written), testing::IsEmpty()) << written;
      }
    }
  }
}

TEST(Tolerated, IsNamedWithAnyOtherValue) {
  size_t named = 0;
  for (const auto& [type, text] : places()) {
    for (const Tolerated& property : tolerated_properties(type)) {
      const auto found = findings_with(type, property.name + ": else");
      if (never_told(property)) {
        EXPECT_THAT(found, testing::IsEmpty()) << property.name;
      } else {
        EXPECT_THAT(found, testing::ElementsAre(testing::AllOf(
                               testing::HasSubstr("warning"), testing::HasSubstr(property.name),
                               testing::HasSubstr("[not-emulated]"))))
            << schema_of(type).name << "." << property.name;
        ++named;
      }
    }
  }
  EXPECT_GT(named, 150U);
}

TEST(Tolerated, IsNoPropertyOfTheLanguageAndStandsThereOnce) {
  for (const auto& [type, text] : places()) {
    std::set<std::string> names;
    for (const Tolerated& property : tolerated_properties(type)) {
      EXPECT_EQ(schema_of(type).find(property.name), nullptr) << property.name;
      EXPECT_TRUE(names.insert(property.name).second)
          << schema_of(type).name << "." << property.name;
    }
  }
}

TEST(Tolerated, IsTheNameOrTheRegionThatAResourceHasAnyway) {
  using testing::IsEmpty;
  EXPECT_THAT(findings_with(ObjectType::kRouteTable, "name: T"), IsEmpty());
  EXPECT_THAT(findings_with(ObjectType::kRoute, "name: t/r"), IsEmpty());
  EXPECT_THAT(findings_with(ObjectType::kRouteTable, "name: u"), testing::SizeIs(1));
  EXPECT_THAT(findings_with(ObjectType::kPrivateDnsZone, "location: global"), IsEmpty());
  EXPECT_THAT(findings_with(ObjectType::kRouteTable, "location: northeurope"), testing::SizeIs(1));
}

TEST(Tolerated, SaysNothingOfASubnetThatIgnoresIt) {
  EXPECT_THAT(
      findings_with(ObjectType::kSubnet,
                    "delegations: [Microsoft.Web/serverFarms], defaultOutboundAccess: false"),
      testing::IsEmpty());
}

}  // namespace
}  // namespace egress::lab
