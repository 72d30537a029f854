// SPDX-License-Identifier: MIT
#include "inspect/context.hpp"

#include <gmock/gmock.h>

#include "tests/support/network_of.hpp"
#include "tests/support/values.hpp"

namespace egress::inspect {
namespace {

using namespace testing_support;
using ::testing::Contains;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

// One in a VNet and one that is not.
lab::Lab two_apps() {
  return with(contract_lab(), "sites: {plain: {serverFarm: plan}}");
}

Result<ExecContext> context_in(const lab::Lab& lab, const lab::Sender& app) {
  return app_context(*network_of(lab), app, "eg");
}

ExecContext context_of(const lab::Sender& app) {
  return context_in(two_apps(), app).value();
}

TEST(AppContext, TellsAnIntegratedAppItsPrivateAddress) {
  const auto environment = context_of({"web", 1}).environment;
  EXPECT_THAT(environment, Contains(Pair("WEBSITE_PRIVATE_IP", "10.1.1.5")));
  EXPECT_THAT(environment, Contains(Pair("WEBSITE_VNETNAME", "spoke")));
  EXPECT_THAT(environment, Contains(Pair("WEBSITE_SITE_NAME", "web")));
  EXPECT_THAT(environment, Contains(Pair("WEBSITE_HOSTNAME", "web.azurewebsites.net")));
}

TEST(AppContext, TellsAnIntegratedAppItsPrivatePorts) {
  lab::Lab lab = two_apps();
  for (const char* site : {"web", "plain"}) lab.sites[site].vnet_private_ports_count = 2;
  const auto network = network_of(lab);
  const auto& ports = network->sites.at("web").private_ports;
  EXPECT_THAT(app_context(*network, {"web", 1}, "eg")->environment,
              Contains(Pair("WEBSITE_PRIVATE_PORTS",
                            std::to_string(ports.at(0)) + "," + std::to_string(ports.at(1)))));
  EXPECT_THAT(context_in(lab, {"plain", 0})->environment,
              Not(Contains(Key("WEBSITE_PRIVATE_PORTS"))));
}

TEST(AppContext, HasNoPrivateAddressWithoutIntegrationEvenIfASettingClaimsOne) {
  lab::Lab lab = two_apps();
  lab.sites["plain"].app_settings["WEBSITE_PRIVATE_IP"] = "10.9.9.9";
  const auto environment = context_in(lab, {"plain", 0}).value().environment;
  EXPECT_THAT(environment, Not(Contains(Key("WEBSITE_PRIVATE_IP"))));
  EXPECT_THAT(environment, Not(Contains(Key("WEBSITE_VNETNAME"))));
}

TEST(AppContext, HasNoVariablesOfThePlatformThatOnlySettingsClaim) {
  lab::Lab lab = contract_lab();
  auto& settings = lab.sites["web"].app_settings;
  settings["WEBSITE_PRIVATE_PORTS"] = "20000";
  settings["IDENTITY_HEADER"] = "own";
  const auto header = Contains(Pair("IDENTITY_HEADER", "own"));
  const auto environment = context_in(lab, {"web", 0}).value().environment;
  EXPECT_THAT(environment, Not(Contains(Key("WEBSITE_PRIVATE_PORTS"))));
  EXPECT_THAT(environment, header);
  lab.sites["web"].identity = lab::IdentityType::kSystemAssigned;
  EXPECT_THAT(context_in(lab, {"web", 0}).value().environment, Not(header));
}

// azure-facts 1.6.12
TEST(AppContext, TellsAnAppWithAnIdentityWhereItsTokensAre) {
  lab::Lab lab = contract_lab();
  lab.sites["web"].identity = lab::IdentityType::kSystemAssigned;
  const auto environment = context_in(lab, {"web", 0})->environment;
  EXPECT_EQ(environment.at("IDENTITY_ENDPOINT"), "http://169.254.129.1:8081/msi/token");
  EXPECT_EQ(environment.at("MSI_ENDPOINT"), environment.at("IDENTITY_ENDPOINT"));
  EXPECT_EQ(environment.at("IDENTITY_HEADER").size(), 36U);
  EXPECT_EQ(environment.at("MSI_SECRET"), environment.at("IDENTITY_HEADER"));
  EXPECT_THAT(context_of({"web", 0}).environment, Not(Contains(Key("IDENTITY_ENDPOINT"))));
}

TEST(AppContext, CarriesAppSettingsPlainAndPrefixed) {
  const auto environment = context_of({"web", 0}).environment;
  EXPECT_THAT(environment, Contains(Pair("GREETING", "hello")));
  EXPECT_THAT(environment, Contains(Pair("APPSETTING_GREETING", "hello")));
}

TEST(AppContext, GivesAppsOfOneWorkerOneInstanceId) {
  const auto id = [](const lab::Sender& app) {
    return context_of(app).environment.at("WEBSITE_INSTANCE_ID");
  };
  EXPECT_EQ(id({"web", 0}), id({"plain", 0}));
  EXPECT_NE(id({"web", 0}), id({"web", 1}));
}

TEST(AppContext, IsOfTheInstanceThatServesAndItsIdOfItAlone) {
  const lab::Lab lab = contract_lab();
  const auto context = [&](bool old_ones_serve) {
    const lab::Instances instances{{"plan", {1, lab::OutgoingInstances{2, old_ones_serve}}}};
    const auto network = network_with(lab, instances);
    return app_context(*network, {"web", 0}, "eg").value();
  };
  EXPECT_EQ(context(true).netns, "eg-app-web-0");
  EXPECT_EQ(context(false).netns, "eg-app-web-0-next");
  for (const char* name : {"WEBSITE_INSTANCE_ID", "WEBSITE_PRIVATE_IP"}) {
    EXPECT_NE(context(true).environment.at(name), context(false).environment.at(name));
    EXPECT_EQ(context(true).environment.at(name), context_of({"web", 0}).environment.at(name));
  }
}

TEST(AppContext, WritesResolvConfAsAzureDoes) {
  lab::Lab lab = two_apps();
  lab.virtual_networks["spoke"].dns_servers = {ip("10.1.2.53"), ip("10.1.2.54")};
  EXPECT_EQ(context_in(lab, {"web", 0}).value().resolv_conf,
            "# This container is using an embedded dns resolver\n"
            "# The configured nameservers at startup are 10.1.2.53,10.1.2.54\n"
            "# The configured options for the listener at startup are timeout:1 attempts:5\n"
            "nameserver 127.0.0.11\n"
            "options ndots:0 timeout:15 attempts:2\n");
  EXPECT_THAT(context_of({"plain", 0}).resolv_conf, ::testing::HasSubstr("are 168.63.129.16\n"));
  lab.sites["web"].dns_configuration = lab::DnsConfiguration{.dns_servers = {ip("10.1.2.55")},
                                                             .dns_retry_attempt_count = 2,
                                                             .dns_retry_attempt_timeout = 3};
  EXPECT_THAT(context_in(lab, {"web", 0}).value().resolv_conf,
              ::testing::HasSubstr("are 10.1.2.55\n# The configured options for the listener at "
                                   "startup are timeout:3 attempts:2\n"));
}

TEST(AppContext, OfAClassOfTrafficIsItsNetworkAlone) {
  lab::Lab lab = with(two_apps(), R"(
virtualNetworks: {spoke: {dnsServers: [10.1.2.9]}}
sites: {web: {linuxFxVersion: "DOCKER|images.example.com/web:1"}}
)");
  const lab::Sender puller{"WEB", 1, lab::TrafficClass::kImagePull};
  const auto servers = [&] { return context_in(lab, puller).value().resolv_conf; };
  EXPECT_EQ(context_in(lab, puller).value().netns, "eg-app-web-1-image-pull");
  EXPECT_TRUE(context_in(lab, puller).value().environment.empty());
  EXPECT_THAT(servers(), ::testing::HasSubstr("startup are 168.63.129.16"));
  lab.sites["web"].outbound_vnet_routing->image_pull_traffic = true;
  EXPECT_THAT(servers(), ::testing::HasSubstr("startup are 10.1.2.9"));
  EXPECT_EQ(context_in(lab, {"plain", 0, lab::TrafficClass::kImagePull}).error().code,
            Errc::kConflict);
}

TEST(AppContext, LeavesNamesToTheResolver) {
  EXPECT_EQ(context_of({"plain", 0}).hosts, "127.0.0.1 localhost\n");
}

TEST(AppContext, SpellsNamesAsTheLabDoes) {
  const ExecContext context = context_of({"WEB", 0});
  EXPECT_EQ(context.netns, "eg-app-web-0");
  EXPECT_THAT(context.environment, Contains(Pair("WEBSITE_SITE_NAME", "web")));
}

TEST(AppContext, IsNotFoundForUnknownSitesAndInstances) {
  const auto code = [](const lab::Sender& app) { return context_in(two_apps(), app).error().code; };
  EXPECT_EQ(code({"nobody", 0}), Errc::kNotFound);
  EXPECT_EQ(code({"web", 2}), Errc::kNotFound);
  EXPECT_EQ(code({"web", -1}), Errc::kNotFound);
}

ExecContext on_host(const lab::Lab& lab, const std::string& host) {
  return host_context(*network_of(lab), host, "eg").value();
}

TEST(HostContext, HasTheNetworkAndNothingOfAnApp) {
  const ExecContext context = on_host(contract_lab(), "SQL");
  EXPECT_EQ(context.netns, "eg-host-sql");
  EXPECT_THAT(context.environment, ::testing::IsEmpty());
  EXPECT_EQ(context.hosts, "127.0.0.1 localhost\n");
}

TEST(HostContext, AsksTheNameServersOfItsNetwork) {
  lab::Lab lab = contract_lab();
  EXPECT_EQ(on_host(lab, "sql").resolv_conf, "nameserver 168.63.129.16\n");
  lab.virtual_networks["spoke"].dns_servers = {ip("10.1.2.53"), ip("10.1.2.54")};
  EXPECT_EQ(on_host(lab, "sql").resolv_conf, "nameserver 10.1.2.53\nnameserver 10.1.2.54\n");
  EXPECT_EQ(on_host(lab, "firewall").resolv_conf, "nameserver 168.63.129.16\n");
  EXPECT_EQ(on_host(lab, "website").resolv_conf, "") << "nobody gives it one";
}

TEST(HostContext, IsNotFoundForUnknownHosts) {
  EXPECT_EQ(host_context(*network_of(contract_lab()), "nobody", "eg").error().code,
            Errc::kNotFound);
}

TEST(AppContext, HasTheValuesOfReferencesThatAreResolvedAndTheOthersAsWritten) {
  const std::string db = "@Microsoft.KeyVault(VaultName=keys;SecretName=db)";
  const std::string none = "@Microsoft.KeyVault(VaultName=keys;SecretName=none)";
  const lab::Lab lab = with(contract_lab(), R"(
services:
  keys: {type: Microsoft.KeyVault/vaults, ipAddress: 13.69.64.73, secrets: {db: {value: hunter2}}}
sites: {web: {appSettings: {DB: ")" + db + R"(", OTHER: ")" +
                                                db + R"(", NONE: ")" + none + R"("}}})");
  const auto environment =
      app_context(*network_of(lab), {"web", 0}, "eg", {"DB", "NONE"}).value().environment;
  EXPECT_THAT(environment, Contains(Pair("DB", "hunter2")));
  EXPECT_THAT(environment, Contains(Pair("APPSETTING_DB", "hunter2")));
  EXPECT_THAT(environment, Contains(Pair("OTHER", db)));
  EXPECT_THAT(environment, Contains(Pair("NONE", none))) << "the vault has it no more";
}

}  // namespace
}  // namespace egress::inspect
