// SPDX-License-Identifier: MIT
#include "policy/explain.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Direction;
using lab::Path;
using lab::Verdict;
using testing::HasSubstr;

// One app, a machine in its network, and public names.
lab::Lab names_and_machines() {
  return lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      integration: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms],
                    networkSecurityGroup: nsg}
      data: {addressPrefix: 10.1.2.0/24}
networkSecurityGroups: {nsg: {}}
serverFarms: {plan: {}}
sites: {web: {serverFarm: plan, virtualNetworkSubnet: spoke/integration}}
hosts:
  sql: {subnet: spoke/data, ipAddress: 10.1.2.4, names: [SQL.corp.internal], listen: [tcp/1433]}
publicDns:
  recordSets:
    api.example.com: {A: [203.0.113.80, 203.0.113.81]}
    text.example.com: {TXT: [t]}
    loop.example.com: {A: [127.0.0.1]}
)");
}

Result<Explanation> explain_name(const lab::Lab& lab, const std::string& url,
                                 const AskUpstream& ask = nullptr) {
  return policy::explain(*network_of(lab), {"web", 0}, lab::parse_flow_target(url).value(), 50000,
                         ask);
}

TEST(ExplainNames, ResolvesFirstAndThenFollowsThePacket) {
  const Explanation got =
      explain_name(names_and_machines(), "tcp://sql.corp.internal:1433").value();
  EXPECT_EQ(got.verdict, Verdict::kAllow);
  EXPECT_EQ(got.host, "sql");
  EXPECT_EQ(got.steps.front().stage, Stage::kNameResolution);
  EXPECT_EQ(got.steps.front().result, "10.1.2.4");
  EXPECT_EQ(got.resolution->addresses, std::vector{ip("10.1.2.4")});
  EXPECT_EQ(decision(got), "Allow by networkSecurityGroup nsg/AllowVnetOutBound");
}

TEST(ExplainNames, AMachineIsCalledByItsNamesAndByItsOwnName) {
  for (const char* url : {"tcp://sql:1433", "tcp://SQL:1433", "tcp://sql.CORP.internal:1433"}) {
    EXPECT_EQ(explain_name(names_and_machines(), url)->host, "sql") << url;
  }
}

TEST(ExplainNames, AnAddressNeedsNoResolution) {
  lab::Lab lab = names_and_machines();
  deny(lab, "nsg/no-dns", 100, Direction::kOutbound, {.destination = "AzurePlatformDNS"});
  const Explanation got = explain_name(lab, "tcp://10.1.2.4:1433").value();
  EXPECT_EQ(got.verdict, Verdict::kAllow);
  EXPECT_FALSE(got.resolution);
}

TEST(ExplainNames, TheFirstAddressIsTried) {
  const Explanation got = explain_name(names_and_machines(), "tcp://api.example.com:443").value();
  EXPECT_EQ(got.verdict, Verdict::kNoRoute);
  EXPECT_EQ(got.steps.front().result, "203.0.113.80, 203.0.113.81");
  EXPECT_EQ(got.steps.back().name, "203.0.113.80");
}

TEST(ExplainNames, WithoutAnAddressNothingIsSent) {
  struct Case {
    const char* name;
    const char* decider;
    const char* sees;
  };
  const lab::Lab lab = with(names_and_machines(),
                            "privateDnsZones: {corp.test: {virtualNetworkLinks: {spoke: {}}}}");
  for (const Case& each : {Case{"missing.corp.test", "corp.test/spoke", "NXDOMAIN"},
                           Case{"missing.example.com", "publicDns", "NXDOMAIN"},
                           Case{"text.example.com", "publicDns", "no A record"}}) {
    const Explanation got = explain_name(lab, std::string("tcp://") + each.name + ":443").value();
    EXPECT_EQ(got.verdict, Verdict::kUnresolved) << each.name;
    EXPECT_EQ(got.path, std::nullopt) << each.name;
    EXPECT_EQ(got.source, std::nullopt) << each.name;
    EXPECT_EQ(decision(got), std::string("Unresolved by nameResolution ") + each.decider);
    EXPECT_EQ(got.sees, each.sees) << each.name;
    EXPECT_EQ(got.steps.size(), 1U) << each.name;
    EXPECT_THAT(got.steps.back().reason, HasSubstr(std::string("The app sees: ") + each.sees));
  }
}

TEST(ExplainNames, ABlockedServerIsTheReason) {
  lab::Lab lab = names_and_machines();
  deny(lab, "nsg/no-dns", 100, Direction::kOutbound, {.destination = "AzurePlatformDNS"});
  const Explanation got = explain_name(lab, "tcp://sql:1433").value();
  EXPECT_EQ(decision(got), "Unresolved by nameResolution nsg/no-dns");
  EXPECT_EQ(got.sees, "time-out after 5 s");
}

TEST(ExplainNames, ANameOfTheAppsOwnHostIsNoDestination) {
  const auto got = explain_name(names_and_machines(), "tcp://loop.example.com:443");
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code, Errc::kInvalid);
  EXPECT_THAT(got.error().message, HasSubstr("loop.example.com: packets to 127.0.0.1"));
}

TEST(ExplainNames, RealServersAreAskedThroughTheCaller) {
  lab::Lab lab = names_and_machines();
  lab.public_dns.forward_to = {ip("9.9.9.9")};
  const auto real = [](Index, const std::string& name,
                       RecordType type) -> std::optional<LookupResult> {
    return LookupResult{.records = {{.name = name, .type = type, .data = ip("10.1.2.4")}}};
  };
  EXPECT_EQ(explain_name(lab, "tcp://example.com:1433", real)->host, "sql");
  EXPECT_EQ(explain_name(lab, "tcp://example.com:1433")->verdict, Verdict::kUnresolved);
}

TEST(Explain, SaysWhatTheAppSees) {
  lab::Lab lab = names_and_machines();
  deny(lab, "nsg/no-22", 100, Direction::kOutbound, {.destination_ports = "22"});
  struct Case {
    const char* url;
    const char* sees;
  };
  for (const Case& each :
       {Case{"tcp://10.1.2.4:1433", "connects"}, Case{"tcp://10.1.2.4:443", "refused at once"},
        Case{"tcp://10.1.2.4:22", "time-out"}, Case{"udp://10.1.2.4:22", "no answer"},
        Case{"icmp://10.1.2.4", "an answer"}, Case{"tcp://10.1.2.99:443", "time-out"},
        Case{"tcp://10.1.1.4:443", "refused at once"}, Case{"udp://168.63.129.16:53", "an answer"},
        Case{"tcp://168.63.129.16:80", "time-out"}}) {
    EXPECT_EQ(explain(lab, "web", each.url).sees, each.sees) << each.url;
  }
}

TEST(Explain, SaysInWhoseWordsAServiceRefuses) {
  lab::Lab lab = with(names_and_machines(), R"(
services:
  store: {type: Microsoft.Storage/storageAccounts, ipAddress: 20.60.223.4,
          publicNetworkAccess: Disabled}
  db: {type: Microsoft.Sql/servers, ipAddress: 52.236.184.163, publicNetworkAccess: Disabled}
)");
  EXPECT_EQ(explain(lab, "web", "tcp://store.blob.core.windows.net:443").sees,
            "403 AuthorizationFailure");
  EXPECT_EQ(explain(lab, "web", "tcp://db.database.windows.net:1433").sees, "40615");
  lab.services["db"].public_network_access = lab::PublicNetworkAccess::kEnabled;
  EXPECT_EQ(explain(lab, "web", "tcp://db.database.windows.net:1433").sees, "connects");
}

}  // namespace
}  // namespace egress::policy::test
