// SPDX-License-Identifier: MIT
#include "lab/platform_tasks.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "lab/app_settings.hpp"
#include "tests/support/lab_from.hpp"

namespace egress::lab {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr const char* kServices = R"(
outboundIpAddresses: [20.50.1.4]
serverFarms: {plan: {}}
services:
  images: {type: Microsoft.ContainerRegistry/registries, ipAddress: 20.61.97.140}
  keys: {type: Microsoft.KeyVault/vaults, ipAddress: 13.69.64.74}
  files: {type: Microsoft.Storage/storageAccounts, ipAddress: 20.60.223.4}
)";

// A lab with these services and a site "web", whose keys `site` are.
Lab lab_with(const std::string& site, const std::string& more = {}) {
  return testing_support::lab_from(
      fmt::format("{}sites: {{web: {{serverFarm: plan, {}}}}}\n{}", kServices, site, more));
}

// "step what: purpose host:port, …", "(required)", a host that is not in the lab in brackets.
std::string text_of(const PlatformTask& task) {
  std::string text = fmt::format("{} {}:", name_of(task.step), task.what);
  for (const PlatformCall& call : task.calls) {
    const std::string place = fmt::format("{}:{}", call.host, call.port);
    text += fmt::format(" {} {}", call.purpose, call.in_lab ? place : "[" + place + "]");
  }
  return task.required ? text + " (required)" : text;
}

std::vector<std::string> start_of(const Lab& lab) {
  std::vector<std::string> texts;
  for (const PlatformTask& task : startup_tasks(lab, "web")) texts.push_back(text_of(task));
  return texts;
}

TEST(StartupTasks, AreInAzuresOrder) {
  const Lab lab = lab_with(R"-(
    linuxFxVersion: "DOCKER|images.azurecr.io/web:1", identity: {type: SystemAssigned},
    appSettings: {
      WEBSITE_CONTENTAZUREFILECONNECTIONSTRING: "AccountName=files",
      SECRET: "@Microsoft.KeyVault(VaultName=keys;SecretName=db)"})-");
  EXPECT_THAT(
      start_of(lab),
      ElementsAre("managed-identity SystemAssigned: authority [login.microsoftonline.com:443]",
                  "key-vault keys.vault.azure.net: vault keys.vault.azure.net:443",
                  "image-pull images.azurecr.io/web:1: registry images.azurecr.io:443 "
                  "token images.azurecr.io:443 blob images.westeurope.data.azurecr.io:443 "
                  "(required)",
                  "content-share files share web: share files.file.core.windows.net:443 "
                  "share files.file.core.windows.net:445 (required)"));
}

TEST(StartupTasks, AreNoneOfASiteThatAsksForNothing) {
  EXPECT_THAT(start_of(lab_with("linuxFxVersion: \"PYTHON|3.12\"")), IsEmpty());
  EXPECT_THAT(startup_tasks(Lab{}, "web"), IsEmpty());
  EXPECT_THAT(startup_tasks(lab_with("appSettings: {A: b}")), IsEmpty());
}

TEST(StartupTasks, AskEachVaultOnceForAllItsReferences) {
  const Lab lab = lab_with(R"-(appSettings: {
    A: "@Microsoft.KeyVault(VaultName=other;SecretName=a)",
    B: "@Microsoft.KeyVault(VaultName=keys;SecretName=b)",
    C: "@Microsoft.KeyVault(SecretUri=https://other.vault.azure.net/secrets/c)"})-");
  EXPECT_THAT(start_of(lab),
              ElementsAre("key-vault other.vault.azure.net: vault [other.vault.azure.net:443]",
                          "key-vault keys.vault.azure.net: vault keys.vault.azure.net:443"));
  EXPECT_THAT(startup_tasks(lab, "web").front().references,
              ElementsAre(KeyVaultReference{"A", "other.vault.azure.net", "a", ""},
                          KeyVaultReference{"C", "other.vault.azure.net", "c", ""}));
}

TEST(StartupTasks, PullAnImageFromWhereItsRegistryKeepsIt) {
  const auto calls = [](const std::string& image, const std::string& more = {}) {
    return start_of(lab_with(fmt::format("linuxFxVersion: \"DOCKER|{}\"", image), more)).at(0);
  };
  EXPECT_EQ(calls("nginx"),
            "image-pull nginx: registry [registry-1.docker.io:443] token [auth.docker.io:443] "
            "blob [production.cloudflare.docker.com:443] (required)");
  EXPECT_EQ(calls("mcr.microsoft.com/dotnet/aspnet:8.0"),
            "image-pull mcr.microsoft.com/dotnet/aspnet:8.0: registry [mcr.microsoft.com:443] "
            "blob [westeurope.data.mcr.microsoft.com:443] (required)");
  EXPECT_EQ(calls("10.0.0.5:5000/web"),
            "image-pull 10.0.0.5:5000/web: registry 10.0.0.5:5000 blob 10.0.0.5:5000 (required)");
  EXPECT_EQ(calls("other.azurecr.io/web"),
            "image-pull other.azurecr.io/web: registry [other.azurecr.io:443] "
            "token [other.azurecr.io:443] blob [other.westeurope.data.azurecr.io:443] (required)");
  EXPECT_EQ(calls("far.azurecr.io/web",
                  "hosts: {far: {internet: true, ipAddress: 20.1.1.1, names: [far.azurecr.io, "
                  "Far.eastus.data.azurecr.io]}}"),
            "image-pull far.azurecr.io/web: registry far.azurecr.io:443 "
            "token far.azurecr.io:443 blob far.eastus.data.azurecr.io:443 (required)");
}

TEST(StartupTasks, AskRealServersForEveryNameWhereTheLabDoes) {
  EXPECT_THAT(
      start_of(lab_with("identity: {type: UserAssigned}", "publicDns: {forwardTo: [9.9.9.9]}")),
      ElementsAre("managed-identity UserAssigned: authority login.microsoftonline.com:443"));
}

TEST(StartupTasks, ReadAContentShareFromTheVaultThatHasItsConnection) {
  const std::string site = R"-(appSettings: {WEBSITE_CONTENTSHARE: content,
    WEBSITE_CONTENTAZUREFILECONNECTIONSTRING: "@Microsoft.KeyVault(VaultName=keys;SecretName=s)"})-";
  Lab lab = lab_with(site);
  const auto share = [&] { return startup_tasks(lab, "web").back(); };
  lab.services.at("keys").secrets["S"].value = "AccountName=files;AccountKey=x";
  EXPECT_EQ(text_of(share()),
            "content-share files share content: share files.file.core.windows.net:443 "
            "share files.file.core.windows.net:445 (required)");
  EXPECT_THAT(share().references, ElementsAre(KeyVaultReference{kContentConnectionSetting,
                                                                "keys.vault.azure.net", "s", ""}));
  lab.services.at("keys").secrets = {{"other", {.value = "x"}}};
  EXPECT_EQ(text_of(share()), "content-share share content: share :443 share :445 (required)");
}

TEST(BackupTask, CallsTheStorageAccount) {
  const Lab lab = lab_with(
      "backup: {storageAccountUrl: \"https://Files.blob.core.windows.net/backups?sig=secret\"}");
  EXPECT_EQ(text_of(backup_task(lab, "web").value()),
            "backup-restore https://Files.blob.core.windows.net/backups: "
            "storage files.blob.core.windows.net:443 (required)");
  EXPECT_FALSE(backup_task(lab, "nobody"));
  EXPECT_FALSE(backup_task(lab_with("appSettings: {}"), "web"));
}

TEST(SecretValue, IsWhatTheVaultSaysOrItsName) {
  Lab lab = lab_with("appSettings: {}");
  const KeyVaultReference reference{"S", "keys.vault.azure.net", "db", ""};
  EXPECT_EQ(secret_value(lab, reference), "db of keys.vault.azure.net");
  lab.services.at("keys").secrets = {{"DB", {.value = "hunter2"}}};
  EXPECT_EQ(secret_value(lab, reference), "hunter2");
  EXPECT_EQ(secret_value(lab, {"S", "keys.vault.azure.net", "other", ""}), std::nullopt);
  EXPECT_EQ(secret_value(lab, {"S", "nobody.vault.azure.net", "db", ""}),
            "db of nobody.vault.azure.net");
}

TEST(TrafficInUse, IsWhatStartsNeedAndExpectationsAskAbout) {
  Lab lab = lab_with("identity: {type: SystemAssigned}");
  lab.sites["quiet"].server_farm = "plan";
  lab.sites["asked"].server_farm = "plan";
  lab.expectations = {{.from = "quiet", .to = "tcp://api:443"},
                      {.from = "asked", .to = "tcp://api:443", .traffic = TrafficClass::kKeyVault},
                      {.from = "web", .to = "tcp://api:443", .traffic = TrafficClass::kImagePull},
                      {.from = "quiet", .startup = true, .running = true}};
  EXPECT_THAT(traffic_in_use(lab),
              ElementsAre(Pair("asked", UnorderedElementsAre(TrafficClass::kKeyVault)),
                          Pair("web", UnorderedElementsAre(TrafficClass::kManagedIdentity,
                                                           TrafficClass::kImagePull))));
}

}  // namespace
}  // namespace egress::lab
