// SPDX-License-Identifier: MIT
#include "policy/network_rules.hpp"
#include "tests/unit/policy/policy_test.hpp"

// Machines that are firewalls: what their rules decide, and what becomes of answers that pass one
// which has seen nothing begin, or pass none that has.

namespace egress::policy::test {
namespace {

using lab::Verdict;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kTwoFirewalls = R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms], routeTable: apps}
      near: {addressPrefix: 10.1.2.0/24}
    virtualNetworkPeerings: {hub: {allowForwardedTraffic: true}}
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets: {fw: {addressPrefix: 10.0.1.0/24}, dns: {addressPrefix: 10.0.2.0/24}}
    virtualNetworkPeerings: {spoke: {}, data: {}}
  data:
    addressPrefixes: [10.2.0.0/16]
    subnets: {data: {addressPrefix: 10.2.1.0/24, routeTable: data}}
    virtualNetworkPeerings: {hub: {allowForwardedTraffic: true}}
routeTables: {apps: {}, data: {}}
serverFarms: {plan: {}}
sites:
  app: {serverFarm: plan, virtualNetworkSubnet: spoke/apps, outboundVnetRouting: {applicationTraffic: true}}
hosts:
  fw: {subnet: hub/fw, ipAddress: 10.0.1.4, enableIPForwarding: true}
  other: {subnet: hub/fw, ipAddress: 10.0.1.5, enableIPForwarding: true}
  sql: {subnet: data/data, ipAddress: 10.2.1.4, listen: [tcp/1433, udp/53]}
  near: {subnet: spoke/near, ipAddress: 10.1.2.4, listen: [tcp/443, udp/53]}
  web: {internet: true, ipAddress: 93.184.216.34, names: [api.example.com], listen: [tcp/443]}
)";

lab::Lab two_firewalls() {
  lab::Lab lab = lab_from(kTwoFirewalls);
  route(lab, "apps/out", "0.0.0.0/0", "10.0.1.4");
  route(lab, "apps/data", "10.2.0.0/16", "10.0.1.4");
  route(lab, "data/back", "10.1.0.0/16", "10.0.1.4");
  return lab;
}

lab::Lab with_rules(const std::string& rules) {
  return with(two_firewalls(),
              "hosts: {fw: {masquerade: 20.61.0.10, networkRules: {" + rules + "}}}");
}

constexpr const char* kAllowSql =
    "sql: {priority: 200, action: Allow, ipProtocols: [TCP, UDP], sourceAddresses: [10.1.0.0/16], "
    "destinationAddresses: [10.2.1.4-10.2.1.9], destinationPorts: ['1433', '53']}";

TEST(NetworkRules, LetPassWhatOneAllowsAndNothingElse) {
  const lab::Lab lab = with_rules(kAllowSql);
  const Explanation allowed = explain(lab, "app", "tcp://10.2.1.4:1433");
  EXPECT_EQ(decision(allowed), "Allow by route apps/data");
  EXPECT_THAT(stages(allowed), Contains("firewall hub/fw Allow"));
  EXPECT_THAT(allowed.steps, Contains(testing::Field(&Step::name, "fw/sql")));
  EXPECT_EQ(allowed.reply->verdict, Verdict::kAllow) << allowed.reply->reason;
  const Explanation denied = explain(lab, "app", "tcp://10.2.1.4:1434");
  EXPECT_EQ(decision(denied), "Deny by firewall fw/DenyAll");
  EXPECT_THAT(denied.steps.back().reason, HasSubstr("denies the rest"));
  EXPECT_EQ(decision(explain(lab, "app", "icmp://10.2.1.4")), "Deny by firewall fw/DenyAll");
}

TEST(NetworkRules, TellsANearMissOnceInTheWordsOfTheRule) {
  const lab::Lab lab = with_rules(kAllowSql);
  const Explanation port = explain(lab, "app", "tcp://10.2.1.4:1434");
  ASSERT_THAT(port.nearest, SizeIs(1));
  EXPECT_EQ(port.nearest[0].rule, "fw/sql");
  EXPECT_EQ(port.nearest[0].failed_on, "destinationPort");
  EXPECT_EQ(port.nearest[0].got, "1434");
  const Explanation protocol = explain(lab, "app", "icmp://10.2.1.4");
  ASSERT_THAT(protocol.nearest, SizeIs(1));
  EXPECT_EQ(protocol.nearest[0].failed_on, "protocol");
  EXPECT_EQ(protocol.nearest[0].wanted, "TCP, UDP");
  const Explanation address = explain(lab, "app", "tcp://10.2.1.10:1433");
  ASSERT_THAT(address.nearest, SizeIs(1));
  EXPECT_EQ(address.nearest[0].failed_on, "destinationAddress");
  EXPECT_EQ(address.nearest[0].wanted, "10.2.1.4-10.2.1.9");
}

TEST(NetworkRules, TheLowestPriorityNumberThatMatchesDecides) {
  const std::string deny =
      ", no: {priority: PRIORITY, action: Deny, ipProtocols: [Any], sourceAddresses: ['*'], "
      "destinationAddresses: ['*'], destinationPorts: ['*']}";
  const auto at = [&](const std::string& priority) {
    std::string text = deny;
    text.replace(text.find("PRIORITY"), 8, priority);
    return explain(with_rules(kAllowSql + text), "app", "tcp://10.2.1.4:1433");
  };
  EXPECT_EQ(decision(at("199")), "Deny by firewall fw/no");
  EXPECT_EQ(decision(at("201")), "Allow by route apps/data");
}

TEST(NetworkRules, SeeThePacketAsItComesAndNotAsItLeaves) {
  const lab::Lab lab = with_rules(
      "web: {priority: 100, action: Allow, ipProtocols: [TCP], sourceAddresses: [10.1.1.4], "
      "destinationAddresses: [Internet], destinationPorts: ['443']}");
  const Explanation got = explain(lab, "app", "tcp://93.184.216.34:443");
  EXPECT_EQ(got.verdict, Verdict::kAllow) << got.steps.back().reason;
  EXPECT_EQ(got.source, ip("20.61.0.10"));
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow) << got.reply->reason;
  EXPECT_EQ(decision(explain(lab, "app", "tcp://10.2.1.4:1433")), "Deny by firewall fw/DenyAll");
}

TEST(NetworkRules, VirtualNetworkIsThatOfTheFirewallsSubnet) {
  const lab::Lab lab = with_rules(
      "peers: {priority: 100, action: Allow, ipProtocols: [Any], sourceAddresses: "
      "[VirtualNetwork], "
      "destinationAddresses: [VirtualNetwork], destinationPorts: ['*']}");
  EXPECT_EQ(explain(lab, "app", "tcp://10.2.1.4:1433").verdict, Verdict::kAllow);
  EXPECT_EQ(decision(explain(lab, "app", "tcp://93.184.216.34:443")),
            "Deny by firewall fw/DenyAll");
}

TEST(NetworkRules, DoNotTouchWhatIsForTheFirewallItself) {
  lab::Lab lab = with_rules(kAllowSql);
  lab.hosts["fw"].listen = {{Protocol::kTcp, 22}};
  EXPECT_EQ(explain(lab, "app", "tcp://10.0.1.4:22").verdict, Verdict::kAllow);
}

constexpr const char* kAllowApi =
    "api: {priority: 100, action: Allow, ipProtocols: [TCP], sourceAddresses: ['*'], "
    "destinationFqdns: [API.example.com., db.corp.internal], destinationPorts: ['443']}";

std::vector<lab::Finding> nameless(const lab::Lab& lab) {
  return fqdns_without_address(lab, "lab.yaml");
}

TEST(Fqdns, MeanWhatTheDnsOfTheFirewallsNetworkSays) {
  lab::Lab lab = with_rules(kAllowApi);
  EXPECT_EQ(explain(lab, "app", "tcp://93.184.216.34:443").verdict, Verdict::kAllow);
  EXPECT_EQ(decision(explain(lab, "app", "tcp://10.2.1.4:443")), "Deny by firewall fw/DenyAll");
  ASSERT_THAT(nameless(lab), SizeIs(1));
  EXPECT_EQ(nameless(lab)[0].path, "hosts.fw.networkRules.api.destinationFqdns[1]");
  EXPECT_EQ(nameless(lab)[0].severity, lab::Severity::kWarning);
  EXPECT_THAT(nameless(lab)[0].message, HasSubstr("db.corp.internal"));

  // A zone that the spoke alone sees is none of the firewall's.
  const std::string zone =
      "privateDnsZones: {corp.internal: {virtualNetworkLinks: {NET: {}}, recordSets: {db: {A: "
      "[10.2.1.4]}}}}";
  const auto linked = [&](const std::string& vnet) {
    std::string text = zone;
    text.replace(text.find("NET"), 3, vnet);
    return with(lab, text);
  };
  EXPECT_THAT(nameless(linked("spoke")), SizeIs(1));
  EXPECT_THAT(nameless(linked("hub")), IsEmpty());
  EXPECT_EQ(explain(linked("hub"), "app", "tcp://10.2.1.4:443").verdict, Verdict::kAllow);
}

TEST(Fqdns, AreAskedOfTheNetworksOwnServer) {
  const lab::Lab lab = with(with_rules(kAllowApi), R"(
virtualNetworks: {hub: {dnsServers: [10.0.2.53]}}
hosts:
  resolver:
    subnet: hub/dns
    ipAddress: 10.0.2.53
    dnsServer: {recordSets: {db.corp.internal: {A: [10.2.1.4]}}}
)");
  EXPECT_EQ(explain(lab, "app", "tcp://10.2.1.4:443").verdict, Verdict::kAllow);
  // It has no forwarder.
  EXPECT_EQ(decision(explain(lab, "app", "tcp://93.184.216.34:443")),
            "Deny by firewall fw/DenyAll");
  EXPECT_THAT(nameless(lab), SizeIs(1));
}

TEST(Fqdns, NearMissSaysTheNames) {
  const Explanation got = explain(with_rules(kAllowApi), "app", "tcp://10.2.1.4:443");
  ASSERT_THAT(got.nearest, SizeIs(1));
  EXPECT_EQ(got.nearest[0].wanted, "api.example.com, db.corp.internal");
}

// Forth by one firewall of the hub and back by the other.
lab::Lab asymmetric() {
  lab::Lab lab = two_firewalls();
  route(lab, "data/back", "10.1.0.0/16", "10.0.1.5");
  return lab;
}

TEST(StatefulAppliance, MayStandWhereBothDirectionsPass) {
  lab::Lab lab = two_firewalls();
  lab.hosts["fw"].stateful = true;
  for (const char* url : {"tcp://10.2.1.4:1433", "udp://10.2.1.4:53", "icmp://10.2.1.4"}) {
    EXPECT_EQ(explain(lab, "app", url).reply->verdict, Verdict::kAllow) << url;
  }
}

TEST(StatefulAppliance, DropsTheAnswerToWhatItDidNotSeeBegin) {
  lab::Lab lab = asymmetric();
  EXPECT_EQ(explain(lab, "app", "tcp://10.2.1.4:1433").reply->verdict, Verdict::kAllow);
  lab.hosts["other"].stateful = true;
  const Explanation tcp = explain(lab, "app", "tcp://10.2.1.4:1433");
  EXPECT_EQ(tcp.verdict, Verdict::kAllow);
  EXPECT_EQ(tcp.reply->verdict, Verdict::kDrop);
  EXPECT_FALSE(tcp.reply->half_open);
  EXPECT_EQ(tcp.reply->steps.back().name, "other");
  EXPECT_EQ(tcp.reply->steps.back().stage, Stage::kFirewall);
  EXPECT_THAT(tcp.reply->reason, HasSubstr("did not see the flow begin"));
  EXPECT_EQ(tcp.sees, "time-out");
  for (const char* lost : {"tcp://10.2.1.4:1434", "udp://10.2.1.4:54", "icmp://10.2.1.4"}) {
    EXPECT_EQ(explain(lab, "app", lost).reply->verdict, Verdict::kDrop) << lost;
  }
  EXPECT_EQ(explain(lab, "app", "udp://10.2.1.4:53").reply->verdict, Verdict::kAllow);
}

TEST(StatefulAppliance, EndsAConnectionWhoseAnswerItMissed) {
  lab::Lab lab = asymmetric();
  lab.hosts["fw"].stateful = true;
  const Explanation tcp = explain(lab, "app", "tcp://10.2.1.4:1433");
  EXPECT_EQ(tcp.reply->verdict, Verdict::kDrop);
  EXPECT_TRUE(tcp.reply->half_open);
  EXPECT_EQ(tcp.reply->steps.back().name, "fw");
  EXPECT_THAT(tcp.reply->reason, HasSubstr("did not see the answer"));
  EXPECT_EQ(tcp.sees, "connects, then a time-out");
  EXPECT_EQ(explain(lab, "app", "tcp://10.2.1.4:1434").sees, "refused at once");
  EXPECT_EQ(explain(lab, "app", "udp://10.2.1.4:53").reply->verdict, Verdict::kAllow);
  EXPECT_EQ(explain(lab, "app", "icmp://10.2.1.4").reply->verdict, Verdict::kAllow);
}

TEST(StatefulAppliance, JudgesAnAnswerThatBeginsAFlowByItsRules) {
  const lab::Lab lab = with(asymmetric(), R"(
hosts:
  other:
    networkRules:
      answers: {priority: 100, action: Allow, ipProtocols: [UDP], sourceAddresses: [10.2.1.4],
                destinationAddresses: [10.1.1.4], destinationPorts: ["50000"]}
)");
  EXPECT_EQ(explain(lab, "app", "udp://10.2.1.4:53").reply->verdict, Verdict::kAllow);
  lab::Lab denying = lab;
  denying.hosts["other"].network_rules["answers"].action = lab::Access::kDeny;
  const Explanation denied = explain(denying, "app", "udp://10.2.1.4:53");
  EXPECT_EQ(denied.reply->verdict, Verdict::kDeny);
  EXPECT_EQ(denied.reply->steps.back().name, "other/answers");
  EXPECT_EQ(explain(lab, "app", "tcp://10.2.1.4:1433").reply->verdict, Verdict::kDrop);
}

// The translation brings both directions to it.
TEST(StatefulAppliance, SeesTheAnswersOfWhatItTranslates) {
  lab::Lab lab = two_firewalls();
  lab.hosts["fw"].stateful = true;
  lab.hosts["fw"].masquerade = ip("20.61.0.10");
  const Explanation got = explain(lab, "app", "tcp://93.184.216.34:443");
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow) << got.reply->reason;
}

TEST(StatefulAppliance, IsNoneWithoutForwarding) {
  lab::Lab lab = asymmetric();
  lab.hosts["other"].stateful = true;
  lab.hosts["other"].enable_ip_forwarding = false;
  EXPECT_THAT(explain(lab, "app", "tcp://10.2.1.4:1433").reply->reason,
              HasSubstr("enableIPForwarding"));
}

}  // namespace
}  // namespace egress::policy::test
