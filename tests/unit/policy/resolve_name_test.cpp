// SPDX-License-Identifier: MIT
#include "policy/resolve_name.hpp"

#include <fmt/format.h>

#include "policy/name_texts.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Direction;
using lab::LookupStatus;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kName = "sql.database.windows.net";
constexpr const char* kZone = "privatelink.database.windows.net";

// A database with a public and a private address; the zone of the private one is linked to nobody.
// The app's network is peered with a hub in which a name server can stand.
lab::Lab hub_and_spoke() {
  return lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets: {dns: {addressPrefix: 10.0.2.0/24}}
    virtualNetworkPeerings: {spoke: {}}
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      integration: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms],
                    networkSecurityGroup: nsg}
    virtualNetworkPeerings: {hub: {}}
networkSecurityGroups: {nsg: {}}
serverFarms: {plan: {}, other: {}}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: spoke/integration}
  lone: {serverFarm: other}
publicDns:
  recordSets:
    sql.database.windows.net: {CNAME: sql.privatelink.database.windows.net}
    sql.privatelink.database.windows.net: {A: [52.236.184.163]}
privateDnsZones:
  privatelink.database.windows.net: {recordSets: {sql: {A: [10.1.3.4]}}}
)");
}

void link(lab::Lab& lab, const std::string& network) {
  lab.private_dns_zones[kZone].virtual_network_links[network];
}

void use_servers(lab::Lab& lab, const std::vector<std::string>& servers) {
  lab.sites["web"].dns_configuration = lab::DnsConfiguration{};
  for (const std::string& server : servers) {
    lab.sites["web"].dns_configuration->dns_servers.push_back(ip(server));
  }
}

// A machine in the hub with a DNS server.
lab::DnsServer& server(lab::Lab& lab, const std::string& name, const std::string& address,
                       const std::vector<std::string>& forward_to = {}) {
  lab::Host& host = lab.hosts[name] = {.subnet = {{"hub", "dns"}}, .ip_address = ip(address)};
  host.dns_server = lab::DnsServer{};
  for (const std::string& to : forward_to) host.dns_server->forward_to.push_back(ip(to));
  return *host.dns_server;
}

// The one at 10.0.2.4, which the app asks alone.
lab::DnsServer& only_server(lab::Lab& lab, const std::vector<std::string>& forward_to = {}) {
  use_servers(lab, {"10.0.2.4"});
  return server(lab, "resolver", "10.0.2.4", forward_to);
}

Resolution resolve(const lab::Lab& lab, const std::string& site = "web",
                   const std::string& name = kName, const AskUpstream& ask = nullptr) {
  const auto network = network_of(lab);
  return resolve_name(*network, *network->find({site, 0}), name, RecordType::kA, ask);
}

// "10.1.3.4 by zone/link", "time-out by nsg/rule after 5 s".
std::string text_of(const Resolution& got) {
  return fmt::format("{} by {}{}", outcome_text(got), got.decided_by.name,
                     got.seconds == 0 ? "" : fmt::format(" after {} s", got.seconds));
}

TEST(ResolveName, AsksAzureDnsWithTheLinksOfTheAppsNetwork) {
  lab::Lab lab = hub_and_spoke();
  EXPECT_EQ(text_of(resolve(lab)), "52.236.184.163 by publicDns");
  link(lab, "hub");
  EXPECT_EQ(text_of(resolve(lab)), "52.236.184.163 by publicDns");
  link(lab, "spoke");
  EXPECT_EQ(text_of(resolve(lab)), "10.1.3.4 by privatelink.database.windows.net/spoke");
  EXPECT_EQ(text_of(resolve(lab, "lone")), "52.236.184.163 by publicDns");
}

TEST(ResolveName, SaysInOneSentenceWhoSaidWhat) {
  lab::Lab lab = hub_and_spoke();
  link(lab, "spoke");
  const Resolution got = resolve(lab);
  EXPECT_EQ(got.step.where, "web/0");
  EXPECT_EQ(got.step.result, "10.1.3.4");
  EXPECT_EQ(got.step.reason,
            "168.63.129.16 says: sql.database.windows.net is "
            "sql.privatelink.database.windows.net (public), 10.1.3.4 (zone "
            "privatelink.database.windows.net, linked to spoke).");
}

TEST(ResolveName, DoesNotMindCaseOrAFinalDot) {
  EXPECT_EQ(resolve(hub_and_spoke(), "web", "SQL.Database.Windows.NET.").addresses,
            std::vector{ip("52.236.184.163")});
}

TEST(ResolveName, AForwarderSeesTheLinksOfItsOwnNetwork) {
  lab::Lab lab = hub_and_spoke();
  only_server(lab, {"168.63.129.16"});
  link(lab, "spoke");
  EXPECT_EQ(text_of(resolve(lab)), "52.236.184.163 by publicDns");
  link(lab, "hub");
  const Resolution got = resolve(lab);
  EXPECT_EQ(text_of(got), "10.1.3.4 by privatelink.database.windows.net/hub");
  EXPECT_THAT(got.step.reason, HasSubstr("10.0.2.4 (resolver) says: "));
  EXPECT_THAT(got.step.reason, HasSubstr("It asked 168.63.129.16."));
}

TEST(ResolveName, ACustomServerNeedsTheListThatAzureDnsDoesWithout) {
  lab::Lab lab = hub_and_spoke();
  deny(lab, "nsg/deny-all", 100, Direction::kOutbound, {});
  EXPECT_EQ(text_of(resolve(lab)), "52.236.184.163 by publicDns");
  only_server(lab, {"168.63.129.16"});
  const Resolution got = resolve(lab);
  EXPECT_EQ(text_of(got), "time-out by nsg/deny-all after 5 s");
  EXPECT_EQ(got.status, LookupStatus::kTimeout);
  EXPECT_EQ(got.servers.at(0).stopped_by, "nsg/deny-all");
  EXPECT_FALSE(got.servers.at(0).steps.empty());
}

TEST(ResolveName, RulesOnThePlatformsTagStopAzureDns) {
  lab::Lab lab = hub_and_spoke();
  deny(lab, "nsg/no-dns", 100, Direction::kOutbound, {.destination = "AzurePlatformDNS"});
  EXPECT_EQ(text_of(resolve(lab)), "time-out by nsg/no-dns after 5 s");
  EXPECT_EQ(text_of(resolve(lab, "lone")), "52.236.184.163 by publicDns");
}

TEST(ResolveName, AnotherServersAnswerCountsWhenTheFirstIsSilent) {
  lab::Lab lab = hub_and_spoke();
  use_servers(lab, {"10.0.2.9", "168.63.129.16"});
  const Resolution got = resolve(lab);
  EXPECT_EQ(text_of(got), "52.236.184.163 by publicDns after 1 s");
  EXPECT_EQ(got.answered_by, 1U);
  EXPECT_THAT(got.step.reason, HasSubstr("10.0.2.9 gives no answer: No host owns 10.0.2.9."));
  lab.sites["web"].app_settings["WEBSITE_DNS_TIMEOUT"] = "3";
  EXPECT_EQ(resolve(lab).seconds, 3);
}

TEST(ResolveName, TheFirstServersAnswerCountsEvenIfItIsNo) {
  lab::Lab lab = hub_and_spoke();
  link(lab, "spoke");
  lab.private_dns_zones[kZone].record_sets.clear();
  lab.sites["web"].dns_configuration = lab::DnsConfiguration{.dns_alt_server = ip("10.0.2.4")};
  server(lab, "resolver", "10.0.2.4", {"168.63.129.16"});
  const Resolution got = resolve(lab);
  EXPECT_EQ(text_of(got), "NXDOMAIN by privatelink.database.windows.net/spoke");
  EXPECT_EQ(got.servers.at(1).status, LookupStatus::kNoError);
}

TEST(ResolveName, AFailureIsNoAnswerAndEndsTheWaiting) {
  lab::Lab lab = hub_and_spoke();
  only_server(lab).record_sets["alias.corp.internal"].cname = kName;
  EXPECT_EQ(text_of(resolve(lab)), "SERVFAIL by 10.0.2.4");
  EXPECT_EQ(text_of(resolve(lab, "web", "alias.corp.internal")), "SERVFAIL by 10.0.2.4")
      << "it knows where the alias leads, and nobody to ask about it";
  use_servers(lab, {"10.0.2.4", "168.63.129.16"});
  EXPECT_EQ(text_of(resolve(lab)), "52.236.184.163 by publicDns");
}

TEST(ResolveName, AClosedPortEndsTheWaitingToo) {
  lab::Lab lab = with(hub_and_spoke(), R"(
hosts: {resolver: {subnet: hub/dns, ipAddress: 10.0.2.4, listen: [tcp/443]}}
)");
  use_servers(lab, {"10.0.2.4", "168.63.129.16"});
  const Resolution got = resolve(lab);
  EXPECT_EQ(text_of(got), "52.236.184.163 by publicDns");
  EXPECT_THAT(got.servers.at(0).reason, HasSubstr("port 53 of resolver is closed"));
}

TEST(ResolveName, WhatAProgramAnswersIsNotGuessed) {
  lab::Lab lab = with(hub_and_spoke(), R"(
hosts: {resolver: {subnet: hub/dns, ipAddress: 10.0.2.4, listen: [udp/53]}}
)");
  use_servers(lab, {"10.0.2.4"});
  const Resolution got = resolve(lab);
  EXPECT_EQ(got.status, LookupStatus::kTimeout);
  EXPECT_THAT(got.step.reason, HasSubstr("only packets can show"));
}

TEST(ResolveName, AServersOwnRecordsComeFirstAndLeadToItsForwarders) {
  lab::Lab lab = hub_and_spoke();
  lab::DnsServer& own = only_server(lab, {"168.63.129.16"});
  own.record_sets["DB.corp.internal"].a = {ip("10.0.3.4")};
  own.record_sets["alias.corp.internal"].cname = kName;
  EXPECT_EQ(text_of(resolve(lab, "web", "db.corp.internal")), "10.0.3.4 by 10.0.2.4");
  const Resolution got = resolve(lab, "web", "alias.corp.internal");
  EXPECT_EQ(text_of(got), "52.236.184.163 by publicDns");
  EXPECT_EQ(got.servers.at(0).answer.records.size(), 3U);
}

TEST(ResolveName, TheFirstForwarderWithAnAnswerCounts) {
  lab::Lab lab = hub_and_spoke();
  only_server(lab, {"10.0.2.99", "168.63.129.16"});
  EXPECT_EQ(text_of(resolve(lab)), "52.236.184.163 by publicDns");
}

TEST(ResolveName, AForwarderWhoseServersAreSilentFails) {
  lab::Lab lab = hub_and_spoke();
  only_server(lab, {"10.0.2.99"});
  EXPECT_EQ(text_of(resolve(lab)), "SERVFAIL by 10.0.2.99 after 5 s");
}

TEST(ResolveName, ForwardersThatLeadBackEnd) {
  lab::Lab lab = hub_and_spoke();
  only_server(lab, {"10.0.2.5"});
  server(lab, "second", "10.0.2.5", {"10.0.2.4"});
  const Resolution got = resolve(lab);
  EXPECT_EQ(got.status, LookupStatus::kServfail);
  EXPECT_THAT(got.step.reason, HasSubstr("forwarders lead back to resolver"));
}

TEST(ResolveName, ForwardersThatMultiplyEnd) {
  lab::Lab lab = hub_and_spoke();
  std::vector<std::string> all;
  for (int i = 0; i < 12; ++i) all.push_back(fmt::format("10.0.2.{}", 10 + i));
  for (const std::string& address : all) {
    server(lab, "h" + address.substr(7), address, all);
  }
  use_servers(lab, {all.front()});
  EXPECT_EQ(resolve(lab).status, LookupStatus::kServfail);
}

TEST(ResolveName, AnInternetServerWithoutForwardersKnowsPublicNames) {
  lab::Lab lab =
      with(hub_and_spoke(), "hosts: {public: {internet: true, ipAddress: 9.9.9.9, dnsServer: {}}}");
  link(lab, "spoke");
  use_servers(lab, {"9.9.9.9"});
  // With routing off the question leaves directly, whatever the list says (azure-facts 8.1.6).
  deny(lab, "nsg/deny-all", 100, Direction::kOutbound, {});
  EXPECT_EQ(text_of(resolve(lab)), "52.236.184.163 by publicDns");
  lab.sites["web"].outbound_vnet_routing = {.application_traffic = true};
  EXPECT_EQ(text_of(resolve(lab)), "time-out by nsg/deny-all after 5 s");
}

TEST(ResolveName, AnInternetServerDoesNotReachAzureDns) {
  lab::Lab lab = with(hub_and_spoke(), R"(
hosts: {public: {internet: true, ipAddress: 9.9.9.9, dnsServer: {forwardTo: [168.63.129.16]}}}
)");
  use_servers(lab, {"9.9.9.9"});
  EXPECT_EQ(resolve(lab).status, LookupStatus::kServfail);
}

TEST(ResolveName, AServerThatIsTheAppItselfIsNone) {
  lab::Lab lab = hub_and_spoke();
  use_servers(lab, {"127.0.0.1"});
  EXPECT_EQ(text_of(resolve(lab)), "time-out by 127.0.0.1 after 5 s");
}

TEST(ResolveName, AnAnswerWithoutAddressesIsAnAnswer) {
  lab::Lab lab = hub_and_spoke();
  lab.public_dns.record_sets["text.example.com"].txt = {"t"};
  const Resolution got = resolve(lab, "web", "text.example.com");
  EXPECT_EQ(text_of(got), "no A record by publicDns");
  EXPECT_EQ(got.status, LookupStatus::kNoError);
}

TEST(ResolveName, RealServersAreAskedOnlyByWhoMay) {
  lab::Lab lab = hub_and_spoke();
  lab.public_dns.forward_to = {ip("9.9.9.9")};
  EXPECT_EQ(text_of(resolve(lab, "web", "example.com")),
            "time-out by publicDns.forwardTo after 5 s");
  const auto real = [](Index, const std::string& name,
                       RecordType type) -> std::optional<LookupResult> {
    return LookupResult{.records = {{.name = name,
                                     .type = type,
                                     .data = ip("93.184.216.34"),
                                     .source = {.kind = AnswerSource::Kind::kForwarded}}}};
  };
  EXPECT_EQ(text_of(resolve(lab, "web", "example.com", real)),
            "93.184.216.34 by publicDns.forwardTo");
  EXPECT_EQ(text_of(resolve(lab, "web", kName, real)), "52.236.184.163 by publicDns");
  const auto silent = [](Index, const std::string&, RecordType) {
    return std::optional<LookupResult>();
  };
  EXPECT_EQ(resolve(lab, "web", "example.com", silent).status, LookupStatus::kTimeout);
}

// A server that somebody runs there beside the lab.
TEST(ResolveName, AMachineWithoutAServerIsAskedByWhoMay) {
  lab::Lab lab = hub_and_spoke();
  only_server(lab);
  lab.hosts["resolver"].dns_server.reset();
  EXPECT_EQ(resolve(lab).status, LookupStatus::kTimeout);
  const auto real = [](Index machine, const std::string& name,
                       RecordType type) -> std::optional<LookupResult> {
    if (machine == kNowhere) return std::nullopt;
    if (name != kName) return LookupResult{.status = NameStatus::kNxDomain};
    return LookupResult{.records = {{.name = name, .type = type, .data = ip("10.1.3.9")}}};
  };
  const Resolution got = resolve(lab, "web", kName, real);
  EXPECT_EQ(text_of(got), "10.1.3.9 by 10.0.2.4");
  EXPECT_THAT(got.step.reason,
              HasSubstr("10.0.2.4 (resolver) says, by a program that is not in the lab: "));
  EXPECT_EQ(resolve(lab, "web", "nobody.example", real).status, LookupStatus::kNxDomain);
  const auto nobody = [](Index, const std::string&, RecordType) {
    return std::optional<LookupResult>();
  };
  EXPECT_THAT(resolve(lab, "web", kName, nobody).step.reason,
              HasSubstr("port 53 of resolver is closed"));
  // The way there is decided all the same.
  deny(lab, "nsg/deny-all", 100, Direction::kOutbound, {});
  EXPECT_EQ(resolve(lab, "web", kName, real).decided_by.name, "nsg/deny-all");
}

TEST(ResolveName, ARunningAppAsksTheServersOfItsStart) {
  lab::Lab lab = hub_and_spoke();
  lab.virtual_networks["spoke"].dns_servers = {ip("10.0.2.4")};
  server(lab, "resolver", "10.0.2.4", {"168.63.129.16"});
  const auto network =
      analyse({.lab = lab, .leases = leases_of(lab), .dns_at_start = {{"web", {}}}});
  const Resolution got = resolve_name(*network, *network->find({"web", 0}), kName);
  EXPECT_THAT(got.settings.servers, ElementsAre(kAzurePlatform));
  EXPECT_THAT(got.settings.note, HasSubstr("virtual network 'spoke' has 10.0.2.4 by now: restart"));
}

TEST(ResolveName, OtherTypesAreAnsweredWithTheirOwnData) {
  lab::Lab lab = hub_and_spoke();
  lab.public_dns.record_sets["example.com"].mx = {{10, "mail.example.com"}};
  const auto network = network_of(lab);
  const Resolution got =
      resolve_name(*network, *network->find({"web", 0}), "example.com", RecordType::kMx);
  EXPECT_EQ(outcome_text(got), "10 mail.example.com");
  EXPECT_TRUE(got.addresses.empty());
}

TEST(ResolveName, SuggestsANameOfTheLabForOneThatNothingHas) {
  const lab::Lab lab = hub_and_spoke();
  EXPECT_EQ(resolve(lab, "web", "sql.databse.windows.net").suggestion, kName);
  EXPECT_EQ(resolve(lab, "web", "nobody").suggestion, "");
  // There, but in a zone that the app's network is not linked with.
  const std::string unseen = "db.corp.internal";
  lab::Lab split = lab;
  split.private_dns_zones["corp.internal"] = {.zone_name = "corp.internal"};
  split.private_dns_zones["corp.internal"].record_sets["db"].a = {ip("10.1.3.5")};
  EXPECT_EQ(resolve(split, "web", unseen).status, lab::LookupStatus::kNxDomain);
  EXPECT_EQ(resolve(split, "web", unseen).suggestion, "");
}

}  // namespace
}  // namespace egress::policy::test
