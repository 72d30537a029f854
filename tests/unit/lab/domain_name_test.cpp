// SPDX-License-Identifier: MIT
#include "lab/domain_name.hpp"

#include <gtest/gtest.h>

#include "lab/known_names.hpp"
#include "tests/unit/lab/files.hpp"

namespace egress::lab {
namespace {

TEST(DomainNames, AreLabelsJoinedByDots) {
  const std::string label(63, 'a');
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'b');
  for (const std::string& name :
       {std::string("a"), std::string("a.b"), std::string("_sip._tcp.a-b.example"), longest}) {
    EXPECT_TRUE(is_domain_name(name)) << name;
    EXPECT_TRUE(is_record_name(name)) << name;
  }
  for (const std::string& name :
       {std::string(), std::string("."), std::string("a."), std::string(".a"), std::string("a..b"),
        std::string("-a"), std::string("a-.b"), std::string("a b"), std::string("*.a"),
        std::string("\xc3\xa4.b"), label + "a", longest + "b"}) {
    EXPECT_FALSE(is_domain_name(name)) << name;
  }
}

TEST(DomainNames, OfRecordsMayBeginWithAStar) {
  EXPECT_TRUE(is_record_name("*"));
  EXPECT_TRUE(is_record_name("*.a"));
  EXPECT_FALSE(is_record_name("a.*"));
  EXPECT_FALSE(is_record_name("*a"));
  EXPECT_FALSE(is_record_name("*."));
}

TEST(DomainNames, OfHostsHaveNoUnderscore) {
  EXPECT_TRUE(is_host_name("www.example.com"));
  EXPECT_FALSE(is_host_name("www_1.example.com"));
}

TEST(DomainNames, ArePlainInLowerCaseWithoutAFinalDot) {
  EXPECT_EQ(plain_domain_name("WWW.Example.com."), "www.example.com");
  EXPECT_EQ(plain_domain_name("."), "");
  EXPECT_EQ(full_name("@", "corp.internal"), "corp.internal");
  EXPECT_EQ(full_name("DB", "corp.internal"), "db.corp.internal");
}

TEST(DomainNames, LieInAZoneByWholeLabels) {
  EXPECT_TRUE(lies_in_zone("corp.internal", "corp.internal"));
  EXPECT_TRUE(lies_in_zone("a.corp.internal", "corp.internal"));
  EXPECT_FALSE(lies_in_zone("acorp.internal", "corp.internal"));
  EXPECT_FALSE(lies_in_zone("internal", "corp.internal"));
}

TEST(KnownNames, AreThoseOfEverythingThatHasOne) {
  const Loaded loaded = load_text(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks: {v: {addressPrefixes: [10.0.0.0/16], subnets: {s: {addressPrefix: 10.0.0.0/24}}}}
serverFarms: {p: {}}
sites: {web: {serverFarm: p}}
services: {keys: {type: Microsoft.KeyVault/vaults, ipAddress: 20.1.1.1}}
hosts:
  outside: {internet: true, ipAddress: 20.1.1.2, names: [www.example.com]}
  inside: {subnet: v/s, ipAddress: 10.0.0.4, dnsServer: {recordSets: {own.example: {A: 10.0.0.9}}}}
publicDns: {recordSets: {api.example: {A: 20.1.1.3}}}
privateDnsZones:
  corp.internal:
    virtualNetworkLinks: {v: {registrationEnabled: true}}
    recordSets: {"@": {A: 10.0.0.5}, db: {A: 10.0.0.6}}
)");
  ASSERT_TRUE(loaded.lab) << errors_of(loaded);
  EXPECT_EQ(known_names(*loaded.lab),
            (Names{"web.azurewebsites.net", "web.privatelink.azurewebsites.net",
                   "web.scm.azurewebsites.net", "web.scm.privatelink.azurewebsites.net",
                   "keys.vault.azure.net", "keys.privatelink.vaultcore.azure.net", "outside",
                   "www.example.com", "inside", "inside.internal.cloudapp.net", "own.example",
                   "api.example", "corp.internal", "db.corp.internal", "inside.corp.internal"}));
}

TEST(KnownNames, StandForWhatTheirWildcardsMean) {
  const Names known{"db.corp.internal", "*.apps.corp.internal"};
  for (const char* name : {"DB.corp.internal", "a.apps.corp.internal", "a.b.apps.corp.internal"}) {
    EXPECT_TRUE(stands_in(known, name)) << name;
  }
  for (const char* name : {"corp.internal", "apps.corp.internal", "x.db.corp.internal", ""}) {
    EXPECT_FALSE(stands_in(known, name)) << name;
  }
}

}  // namespace
}  // namespace egress::lab
