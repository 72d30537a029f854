// SPDX-License-Identifier: MIT
#include "lab/service_types.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "lab/built_in_service_tags.hpp"
#include "lab/schema/vocabulary.hpp"
#include "lab/service_tags.hpp"
#include "tests/support/values.hpp"

namespace egress::lab {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::ip;

using Listen = std::vector<std::string>;

Listen texts(const std::vector<Port>& ports) {
  Listen all;
  for (const Port& port : ports) all.push_back(port.to_string());
  return all;
}

// "group: name > private name", one for each name.
std::vector<std::string> names(const ServiceProfile& profile) {
  std::vector<std::string> all;
  for (const PublicName& name : profile.names) {
    all.push_back(fmt::format("{}: {} > {}", name.group, name.name, name.privatelink_name));
  }
  return all;
}

Service of_type(const std::string& type) {
  return {.type = type, .location = "westeurope"};
}

TEST(ServiceTypes, SayWhatAServiceIsCalledAndWhereItListens) {
  struct Case {
    const char* type;
    std::vector<std::string> names;
    Listen listen;
    const char* tag;
  };
  const Case cases[] = {
      {"Microsoft.Sql/servers",
       {"sqlServer: x1.database.windows.net > x1.privatelink.database.windows.net"},
       {"tcp/1433"},
       "Sql"},
      {"Microsoft.KeyVault/vaults",
       {"vault: x1.vault.azure.net > x1.privatelink.vaultcore.azure.net"},
       {"tcp/443"},
       "AzureKeyVault"},
      {"Microsoft.ContainerRegistry/registries",
       {"registry: x1.azurecr.io > x1.privatelink.azurecr.io",
        "registry: x1.westeurope.data.azurecr.io > x1.westeurope.data.privatelink.azurecr.io"},
       {"tcp/443"},
       "AzureContainerRegistry"},
      {"Microsoft.DocumentDB/databaseAccounts",
       {"Sql: x1.documents.azure.com > x1.privatelink.documents.azure.com"},
       {"tcp/443"},
       "AzureCosmosDB"},
      {"Microsoft.ServiceBus/namespaces",
       {"namespace: x1.servicebus.windows.net > x1.privatelink.servicebus.windows.net"},
       {"tcp/443", "tcp/5671"},
       "ServiceBus"},
      {"Microsoft.EventHub/namespaces",
       {"namespace: x1.servicebus.windows.net > x1.privatelink.servicebus.windows.net"},
       {"tcp/443", "tcp/5671", "tcp/9093"},
       "EventHub"},
      {"Microsoft.CognitiveServices/accounts",
       {"account: x1.cognitiveservices.azure.com > x1.privatelink.cognitiveservices.azure.com",
        "account: x1.openai.azure.com > x1.privatelink.openai.azure.com"},
       {"tcp/443"},
       "CognitiveServicesManagement"},
      {"Microsoft.Web/sites",
       {"sites: x1.azurewebsites.net > x1.privatelink.azurewebsites.net",
        "sites: x1.scm.azurewebsites.net > x1.scm.privatelink.azurewebsites.net"},
       {"tcp/80", "tcp/443"},
       "AppService"}};
  for (const Case& each : cases) {
    const ServiceProfile profile = profile_of("X1", of_type(each.type));
    EXPECT_EQ(names(profile), each.names) << each.type;
    EXPECT_EQ(texts(profile.listen), each.listen) << each.type;
    EXPECT_EQ(profile.tag, each.tag) << each.type;
    EXPECT_EQ(profile.region, "westeurope") << each.type;
  }
}

TEST(ServiceTypes, GiveStorageANameForEachGroup) {
  const ServiceProfile profile = profile_of("files", of_type("microsoft.storage/STORAGEACCOUNTS"));
  EXPECT_EQ(profile.names.size(), 5U);
  EXPECT_EQ(names(profile)[1],
            "file: files.file.core.windows.net > files.privatelink.file.core.windows.net");
  EXPECT_EQ(texts(profile.listen), (Listen{"tcp/80", "tcp/443", "tcp/445"}));
}

TEST(ServiceTypes, HaveAnEndpointAndATagThatAreKnown) {
  const auto& endpoints = service_endpoint_names();
  for (const ServiceType& type : service_types()) {
    EXPECT_TRUE(built_in_service_tags().contains(type.tag)) << type.tag;
    EXPECT_NE(std::find(endpoints.begin(), endpoints.end(), type.endpoint), endpoints.end())
        << type.endpoint;
  }
}

TEST(ServiceProfile, OfASuffixSaysWhatTheTypeWould) {
  const ServiceProfile vault = profile_of("s", {.names = {"Keys.vault.azure.net"}});
  EXPECT_EQ(names(vault), (Listen{"vault: keys.vault.azure.net > "
                                  "keys.privatelink.vaultcore.azure.net"}));
  EXPECT_EQ(vault.tag, "AzureKeyVault");
  EXPECT_EQ(texts(vault.listen), (Listen{"tcp/443"}));
  EXPECT_EQ(profile_of("s", {.names = {"q.servicebus.windows.net"}}).tag, "ServiceBus");
  const ServiceProfile unknown = profile_of("s", {.names = {"vault.azure.net", "x.example"}});
  EXPECT_EQ(names(unknown), (Listen{": vault.azure.net > ", ": x.example > "}));
  EXPECT_EQ(unknown.type, nullptr);
  EXPECT_THAT(unknown.listen, IsEmpty());
}

TEST(ServiceProfile, SaysWhatTheServiceSaysBeforeWhatItsTypeDoes) {
  Service service = of_type("Microsoft.Storage/storageAccounts");
  service.names = {"files.blob.core.windows.net", "files.example"};
  EXPECT_EQ(names(profile_of("s", service)), (Listen{"blob: files.blob.core.windows.net > "
                                                     "files.privatelink.blob.core.windows.net",
                                                     ": files.example > "}));
  EXPECT_EQ(texts(profile_of("s", service).listen), (Listen{"tcp/80", "tcp/443"}));
  service.listen = {{Protocol::kTcp, 8443}};
  service.service_tag = "AzureMonitor";
  EXPECT_EQ(texts(profile_of("s", service).listen), (Listen{"tcp/8443"}));
  EXPECT_EQ(profile_of("s", service).tag, "AzureMonitor");
}

TEST(ServicePorts, OfAnEndpointAreThoseOfItsGroups) {
  const ServiceProfile files = profile_of("s", of_type("Microsoft.Storage/storageAccounts"));
  EXPECT_EQ(texts(ports_of(files, {"blob"})), (Listen{"tcp/80", "tcp/443"}));
  EXPECT_EQ(texts(ports_of(files, {"BLOB", "file"})), (Listen{"tcp/80", "tcp/443", "tcp/445"}));
  EXPECT_EQ(ports_of(files, {}), files.listen);
  Service own = of_type("Microsoft.Storage/storageAccounts");
  own.listen = {{Protocol::kTcp, 443}, {Protocol::kTcp, 8443}};
  EXPECT_EQ(texts(ports_of(profile_of("s", own), {"blob"})), (Listen{"tcp/443"}));
  own.listen = {{Protocol::kTcp, 8443}};
  EXPECT_EQ(texts(ports_of(profile_of("s", own), {"blob"})), (Listen{"tcp/8443"}));
}

TEST(ServiceGroups, OfAnEndpointThatNamesNoneAreTheOnlyOne) {
  const ServiceProfile sql = profile_of("s", of_type("Microsoft.Sql/servers"));
  const ServiceProfile files = profile_of("s", of_type("Microsoft.Storage/storageAccounts"));
  EXPECT_THAT(groups_of(sql, {}), ElementsAre("sqlServer"));
  EXPECT_THAT(groups_of(files, {}), IsEmpty());
  EXPECT_THAT(groups_of(files, {.group_ids = {"blob"}}), ElementsAre("blob"));
}

TEST(PublicAccess, OfASiteEndsWithItsFirstPrivateEndpointUnlessTheSiteSaysSo) {
  Lab lab;
  lab.sites["web"];
  EXPECT_EQ(public_network_access(lab, "web"), PublicNetworkAccess::kEnabled);
  lab.private_endpoints["pe"].private_link_service = "web";
  EXPECT_EQ(public_network_access(lab, "web"), PublicNetworkAccess::kDisabled);
  lab.sites["web"].public_network_access = PublicNetworkAccess::kEnabled;
  EXPECT_EQ(public_network_access(lab, "web"), PublicNetworkAccess::kEnabled);
  lab.sites["web"].public_network_access = PublicNetworkAccess::kSecuredByPerimeter;
  EXPECT_EQ(public_network_access(lab, "web"), PublicNetworkAccess::kDisabled);
  lab.sites["web"].public_network_access.reset();
  lab.services["web"];
  EXPECT_EQ(public_network_access(lab, "web"), PublicNetworkAccess::kEnabled)
      << "a service of the name comes first";
}

TEST(BuiltInServiceTags, HoldTheContractsAddresses) {
  const Lab lab;
  for (const auto& [tag, address] :
       {std::pair("Sql.WestEurope", "52.236.184.163"), std::pair("Sql", "52.236.184.163"),
        std::pair("Storage.WestEurope", "20.60.223.4"),
        std::pair("AzureKeyVault.WestEurope", "13.69.64.74"),
        std::pair("AzureContainerRegistry.WestEurope", "20.61.97.140")}) {
    EXPECT_TRUE(tags_of(lab).at(tag).addresses.contains(ip(address).bits)) << tag;
  }
  EXPECT_EQ(tags_of(lab).at("Sql.WestEurope").region, "westeurope");
  EXPECT_EQ(tags_of(lab).at("Sql").region, "");
}

TEST(BuiltInServiceTags, StandBackBehindTheLabsFile) {
  Lab lab;
  lab.service_tags = std::make_shared<const ServiceTags>();
  EXPECT_THAT(tags_of(lab), IsEmpty());
}

}  // namespace
}  // namespace egress::lab
