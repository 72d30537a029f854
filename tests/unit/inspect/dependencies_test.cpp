// SPDX-License-Identifier: MIT
#include "inspect/dependencies.hpp"

#include <gmock/gmock.h>

#include "tests/support/network_of.hpp"
#include "tests/support/values.hpp"

namespace egress::inspect {
namespace {

using namespace testing_support;
using ::testing::HasSubstr;

std::vector<Dependency> needed(const lab::Lab& lab, const policy::AskUpstream& ask = nullptr) {
  return dependencies(*network_of(lab), {"web", 0}, ask).value();
}

// Of this URL, which is among them.
Dependency one_of(const std::vector<Dependency>& all, const std::string& url) {
  for (const Dependency& each : all) {
    if (each.url == url) return each;
  }
  ADD_FAILURE() << url << " is not among them";
  return {};
}

lab::Lab lab_needing(std::vector<std::string> urls) {
  lab::Lab lab = contract_lab();
  lab.sites["web"].dependencies = std::move(urls);
  return lab;
}

TEST(Dependencies, AreReachedOrSayWhatBlocksThem) {
  const auto all =
      needed(lab_needing({"tcp://10.1.2.4:443", "tcp://sql:1433", "tcp://10.1.2.4:8443"}));
  EXPECT_EQ(all[0].ok, true);
  EXPECT_EQ(all[0].why, "declared");
  EXPECT_EQ(all[1].ok, false);
  EXPECT_EQ(blocked_by(all[1]).name, "nsg-integration/deny-sql");
  EXPECT_EQ(all[2].ok, false) << "a closed port is no use";
  EXPECT_EQ(blocked_by(all[2]).stage, policy::Stage::kDestination);
  EXPECT_EQ(blocked_by(all[2]).name, "sql");
}

TEST(Dependencies, FailForANameThatNobodyKnowsOnlyWhenDeclared) {
  const auto all = needed(lab_needing({"tcp://api.example.net:443"}));
  EXPECT_EQ(all[0].ok, false);
  EXPECT_EQ(blocked_by(all[0]).stage, policy::Stage::kNameResolution);
  EXPECT_EQ(one_of(all, "tcp://crl3.digicert.com:80").ok, std::nullopt) << "not in this lab";
}

TEST(Dependencies, SayWhyAUrlMeansNoFlow) {
  const auto all = needed(lab_needing({"ftp://sql"}));
  EXPECT_EQ(all[0].ok, false);
  EXPECT_FALSE(all[0].explanation);
  EXPECT_THAT(all[0].problem, HasSubstr("ftp"));
}

TEST(Dependencies, FollowFromTheRuntimeInAnyCase) {
  lab::Lab lab = contract_lab();
  const size_t without = needed(lab).size();
  lab.sites["web"].linux_fx_version = "python|3.12";
  EXPECT_EQ(needed(lab).size(), without + 3);
  EXPECT_EQ(one_of(needed(lab), "tcp://pypi.org:443").why, "PYTHON packages");
  lab.sites["web"].linux_fx_version = "DOCKER|registry.example/app:1";
  EXPECT_EQ(needed(lab).size(), without + 1) << "the image";
}

TEST(Dependencies, OfARuntimeAreBlockedWhereTheLabHasThem) {
  // The firewall has no address on the Internet, so that it forwards nothing there.
  lab::Lab lab = with(contract_lab(), R"(
sites: {web: {linuxFxVersion: "PYTHON|3.12"}}
hosts:
  firewall: {masquerade: null}
  index: {internet: true, ipAddress: 151.101.0.223, names: [pypi.org], listen: [tcp/443]}
)");
  const Dependency blocked = one_of(needed(lab), "tcp://pypi.org:443");
  EXPECT_EQ(blocked.ok, false);
  EXPECT_FALSE(blocked_by(blocked).name.empty());
  lab.virtual_networks["spoke"].subnets["integration"].route_table.reset();
  EXPECT_EQ(one_of(needed(lab), "tcp://pypi.org:443").ok, true);
}

TEST(Dependencies, AreNotInThisLabWhereRealServersKnowOnlyTheName) {
  lab::Lab lab = contract_lab();
  lab.virtual_networks["spoke"].subnets["integration"].route_table.reset();
  lab.public_dns.forward_to = {ip("9.9.9.9")};
  const auto all = needed(lab, [](policy::Index, const std::string& name, policy::RecordType type) {
    return policy::LookupResult{
        .records = {{.name = name, .type = type, .data = ip("151.101.0.1")}}};
  });
  EXPECT_EQ(one_of(all, "tcp://crl.microsoft.com:80").ok, std::nullopt);
}

TEST(Dependencies, AreBlockedByAServiceThatRefuses) {
  Dependency refused{.explanation = policy::Explanation{
                         .verdict = lab::Verdict::kAllow,
                         .host = "store",
                         .service = policy::ServiceAnswer{.access = lab::Access::kDeny}}};
  EXPECT_EQ(blocked_by(refused).stage, policy::Stage::kService);
  EXPECT_EQ(blocked_by(refused).name, "store");
}

TEST(Dependencies, AreNotFoundForUnknownApps) {
  EXPECT_EQ(dependencies(*network_of(contract_lab()), {"nobody", 0}).error().code, Errc::kNotFound);
}

// "image pull tcp://images.azurecr.io:443 no by table/none".
std::vector<std::string> of_platform(const lab::Lab& lab) {
  std::vector<std::string> texts;
  for (const Dependency& each : needed(lab)) {
    if (each.why == "declared" || each.why == "certificate revocation") continue;
    std::string ok = !each.ok ? "not in this lab" : *each.ok ? "yes" : "no";
    if (each.ok == false) ok += " by " + (each.explanation ? blocked_by(each).name : each.problem);
    texts.push_back(each.why + " " + each.url + " " + ok);
  }
  return texts;
}

TEST(Dependencies, HaveWhatThePlatformFetchesEachByItsOwnWay) {
  const lab::Lab lab = with(contract_lab(), R"-(
services:
  open: {type: Microsoft.KeyVault/vaults, ipAddress: 13.69.64.73}
  images: {type: Microsoft.ContainerRegistry/registries, ipAddress: 13.69.64.82,
           names: [images.azurecr.io], publicNetworkAccess: Disabled}
sites:
  web:
    identity: {type: SystemAssigned}
    linuxFxVersion: DOCKER|images.azurecr.io/web:1
    outboundVnetRouting: {applicationTraffic: true}
    backup: {storageAccountUrl: "https://far.example/backups"}
    appSettings:
      A: "@Microsoft.KeyVault(VaultName=open;SecretName=a)"
      B: "@Microsoft.KeyVault(VaultName=open;SecretName=b)"
      WEBSITE_CONTENTAZUREFILECONNECTIONSTRING: nobody
)-");
  EXPECT_THAT(of_platform(lab),
              testing::ElementsAre(
                  "identity token tcp://login.microsoftonline.com:443 not in this lab",
                  "Key Vault references A, B tcp://open.vault.azure.net:443 yes",
                  "image pull tcp://images.azurecr.io:443 no by images",
                  "image pull tcp://images.westeurope.data.azurecr.io:443 not in this lab",
                  "content share  no by WEBSITE_CONTENTAZUREFILECONNECTIONSTRING names no storage "
                  "account",
                  "backup tcp://far.example:443 not in this lab"));
}

}  // namespace
}  // namespace egress::inspect
