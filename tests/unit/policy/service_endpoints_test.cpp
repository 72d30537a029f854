// SPDX-License-Identifier: MIT
#include "policy/service_endpoints.hpp"

#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

lab::Lab tagged_lab() {
  lab::Lab lab = lab_from(R"(
virtualNetworks:
  v: {addressPrefixes: [10.1.0.0/16], subnets: {apps: {addressPrefix: 10.1.1.0/26}}}
)");
  lab.service_tags = service_tags({{"Storage", {"20.60.0.0/14"}},
                                   {"Storage.WestEurope", {"20.60.222.0/23"}},
                                   {"Storage.NorthEurope", {"20.60.40.0/23"}},
                                   {"Storage.EastUS", {"20.60.0.0/24"}},
                                   {"Sql", {"52.236.0.0/16"}},
                                   {"Sql.WestEurope", {"52.236.184.128/25"}},
                                   {"AzureKeyVault", {"13.69.0.0/16"}},
                                   {"AzureKeyVault.WestEurope", {"13.69.64.72/30"}},
                                   {"AppService", {"20.60.222.0/23"}}});
  return lab;
}

std::vector<std::string> prefixes(lab::Lab lab, std::vector<lab::ServiceEndpoint> endpoints) {
  subnet(lab, "v/apps").service_endpoints = std::move(endpoints);
  std::vector<std::string> texts;
  ServiceEndpoints all(lab);
  for (const EndpointPrefix& each : all.of({"v", "apps"})) {
    texts.push_back(each.prefix.to_string() + " " + each.service);
  }
  return texts;
}

// azure-facts 1.4.2
TEST(ServiceEndpoints, CoverTheLocationsThatTheirServiceHasByDefault) {
  const lab::Lab lab = tagged_lab();
  EXPECT_THAT(prefixes(lab, {{.service = "Microsoft.Sql"}}),
              ElementsAre("52.236.184.128/25 Microsoft.Sql"));
  EXPECT_THAT(prefixes(lab, {{.service = "Microsoft.Storage"}}),
              ElementsAre("20.60.40.0/23 Microsoft.Storage", "20.60.222.0/23 Microsoft.Storage"));
  EXPECT_THAT(prefixes(lab, {{.service = "Microsoft.KeyVault"}}),
              ElementsAre("13.69.0.0/16 Microsoft.KeyVault"));
  EXPECT_THAT(prefixes(lab, {{.service = "Microsoft.Storage.Global"}}),
              ElementsAre("20.60.0.0/14 Microsoft.Storage.Global"));
}

TEST(ServiceEndpoints, FollowTheRegionOfTheirNetwork) {
  lab::Lab lab = tagged_lab();
  lab.virtual_networks["v"].location = "eastus";
  EXPECT_THAT(prefixes(lab, {{.service = "Microsoft.Storage", .locations = {"eastus"}}}),
              ElementsAre("20.60.0.0/24 Microsoft.Storage"));
  // A region without a tag of its own: the whole service.
  EXPECT_THAT(prefixes(lab, {{.service = "Microsoft.Sql"}}),
              ElementsAre("52.236.0.0/16 Microsoft.Sql"));
}

TEST(ServiceEndpoints, CoverTheLocationsThatTheLabGives) {
  EXPECT_THAT(
      prefixes(tagged_lab(), {{.service = "Microsoft.KeyVault", .locations = {"westeurope"}}}),
      ElementsAre("13.69.64.72/30 Microsoft.KeyVault"));
  EXPECT_THAT(prefixes(tagged_lab(), {{.service = "Microsoft.Sql", .locations = {"*"}}}),
              ElementsAre("52.236.0.0/16 Microsoft.Sql"));
}

TEST(ServiceEndpoints, GiveAPrefixOfSeveralServicesToTheFirst) {
  EXPECT_THAT(
      prefixes(tagged_lab(), {{.service = "Microsoft.Web"},
                              {.service = "Microsoft.Storage", .locations = {"westeurope"}}}),
      ElementsAre("20.60.222.0/23 Microsoft.Storage"));
}

TEST(ServiceEndpoints, CoverTheLabsOwnServicesOfTheRegion) {
  const lab::Lab lab = with(tagged_lab(), R"(
services:
  near: {type: Microsoft.Sql/servers, ipAddress: 9.9.9.9}
  far: {type: Microsoft.Sql/servers, ipAddress: 9.9.9.10, location: eastus}
)");
  EXPECT_THAT(prefixes(lab, {{.service = "Microsoft.Sql"}}),
              ElementsAre("9.9.9.9/32 Microsoft.Sql", "52.236.184.128/25 Microsoft.Sql"));
}

TEST(ServiceEndpoints, AreNoneInASubnetWithoutThem) {
  EXPECT_THAT(prefixes(tagged_lab(), {}), IsEmpty());
}

TEST(ServiceEndpoints, NeedNoTagFile) {
  lab::Lab lab = tagged_lab();
  lab.service_tags = nullptr;
  EXPECT_THAT(prefixes(lab, {{.service = "Microsoft.Sql"}}),
              testing::Contains("52.236.184.128/25 Microsoft.Sql"));
}

}  // namespace
}  // namespace egress::policy::test
