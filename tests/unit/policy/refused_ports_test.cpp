// SPDX-License-Identifier: MIT
#include "policy/refused_ports.hpp"

#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Verdict;
using testing::Contains;
using testing::Field;
using testing::Not;

// Apps without a network, with one for private addresses alone, and with one for everything; the
// last by an appliance too. `%` is the offer of the network's subscription.
constexpr const char* kLab = R"(
outboundIpAddresses: [20.50.1.4]
subscriptions: {own: {quotaId: %}, other: {quotaId: Free_2014-09-01}}
subscription: other
virtualNetworks:
  v:
    subscription: own
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms]}
      behind: {addressPrefix: 10.1.2.0/26, delegations: [Microsoft.Web/serverFarms], routeTable: r}
      machines: {addressPrefix: 10.1.3.0/24}
routeTables:
  r: {routes: {all: {addressPrefix: 0.0.0.0/0, nextHopType: VirtualAppliance, nextHopIpAddress: 10.1.3.4}}}
serverFarms: {plan: {}}
sites:
  bare: {serverFarm: plan}
  private: {serverFarm: plan, virtualNetworkSubnet: v/apps}
  whole: {serverFarm: plan, virtualNetworkSubnet: v/apps, outboundVnetRouting: {applicationTraffic: true}}
  behind: {serverFarm: plan, virtualNetworkSubnet: v/behind, outboundVnetRouting: {applicationTraffic: true}}
hosts:
  nva: {subnet: v/machines, ipAddress: 10.1.3.4, enableIPForwarding: true, masquerade: 20.61.0.10}
  relay: {subnet: v/machines, ipAddress: 10.1.3.25, listen: [tcp/25, tcp/137, tcp/445]}
  mail: {internet: true, ipAddress: 203.0.113.25,
         listen: [tcp/25, udp/25, udp/136, tcp/140, tcp/445, tcp/465, tcp/587]}
)";

lab::Lab lab_with(const std::string& offer) {
  std::string text = kLab;
  return lab_from(text.replace(text.find('%'), 1, offer));
}

struct Case {
  const char* from;
  const char* to;
  const char* refused_by;  // empty: allowed
};

void expect_all(const lab::Lab& lab, const std::vector<Case>& cases) {
  for (const Case& each : cases) {
    SCOPED_TRACE(std::string(each.from) + " to " + each.to);
    const Explanation explained = explain(lab, each.from, each.to);
    const std::string by = each.refused_by;
    EXPECT_EQ(explained.verdict, by.empty() ? Verdict::kAllow : Verdict::kDrop);
    EXPECT_FALSE(explained.refused);
    if (by.empty()) continue;
    EXPECT_EQ(explained.decided_by.stage, Stage::kPlatform);
    EXPECT_EQ(explained.decided_by.name, by);
  }
}

// azure-facts 9.1; contract "Decided" 18, 28
TEST(RefusedPorts, MailLeavesByTheNetworkAloneAndAsItsSubscriptionPermits) {
  for (const char* offer :
       {"EnterpriseAgreement_2014-09-01", "enterpriseagreement_2014-09-01", "MCA-E_2022-01-01"}) {
    SCOPED_TRACE(offer);
    expect_all(lab_with(offer), {{"bare", "tcp://203.0.113.25:25", "tcp/25"},
                                 {"private", "tcp://203.0.113.25:25", "tcp/25"},
                                 {"whole", "tcp://203.0.113.25:25", ""},
                                 {"behind", "tcp://203.0.113.25:25", ""}});
  }
  for (const char* offer : {"PayAsYouGo_2014-09-01", "MSDNDevTest_2014-09-01", "MCA_2022-01-01"}) {
    SCOPED_TRACE(offer);
    expect_all(lab_with(offer), {{"bare", "tcp://203.0.113.25:25", "tcp/25"},
                                 {"whole", "tcp://203.0.113.25:25", "subscriptions/own"},
                                 // What the appliance sends is its own.
                                 {"behind", "tcp://203.0.113.25:25", ""},
                                 {"whole", "tcp://10.1.3.25:25", ""},
                                 {"private", "tcp://10.1.3.25:25", ""}});
  }
}

TEST(RefusedPorts, OfANetworkWithoutASubscriptionAreThoseOfTheLabs) {
  lab::Lab lab = lab_with("EnterpriseAgreement_2014-09-01");
  lab.virtual_networks["v"].subscription.clear();
  expect_all(lab, {{"whole", "tcp://203.0.113.25:25", "subscriptions/other"}});
  lab.subscription.clear();
  expect_all(lab, {{"whole", "tcp://203.0.113.25:25", ""}});
}

TEST(RefusedPorts, OfMailAreTcpAndNoOther) {
  expect_all(lab_with("PayAsYouGo_2014-09-01"), {{"bare", "udp://203.0.113.25:25", ""},
                                                 {"whole", "udp://203.0.113.25:25", ""},
                                                 {"bare", "tcp://203.0.113.25:465", ""},
                                                 {"whole", "tcp://203.0.113.25:587", ""}});
}

// A private address is reached from no exit, whatever the port.
TEST(RefusedPorts, AreNoReasonWhereThereIsNoWay) {
  const Explanation explained = explain(lab_with("Free_2014-09-01"), "bare", "tcp://10.1.3.25:25");
  EXPECT_EQ(explained.decided_by.stage, Stage::kApplicationRouting);
}

// azure-facts 9.2
TEST(RefusedPorts, OfNetBiosLeaveNoWorker) {
  const lab::Lab lab = lab_with("EnterpriseAgreement_2014-09-01");
  for (const char* from : {"bare", "private", "whole", "behind"}) {
    for (const char* to : {"tcp://203.0.113.25:137", "udp://203.0.113.25:138",
                           "tcp://10.1.3.25:139", "udp://10.1.3.25:137"}) {
      expect_all(lab, {{from, to, "NetBIOS"}});
    }
    expect_all(lab, {{from, "udp://203.0.113.25:136", ""}, {from, "tcp://203.0.113.25:140", ""}});
  }
}

// What the worker and the platform answer themselves, they answer on any port.
TEST(RefusedPorts, OfNetBiosAreNoReasonWithinTheWorker) {
  const lab::Lab lab = lab_with("EnterpriseAgreement_2014-09-01");
  const Explanation own = explain(lab, "whole", "tcp://10.1.1.4:137");
  EXPECT_TRUE(own.refused);
  EXPECT_EQ(own.decided_by.name, "v/apps");
  EXPECT_EQ(explain(lab, "whole", "udp://168.63.129.16:137").decided_by.name, "168.63.129.16");
}

// azure-facts 9.7
TEST(RefusedPorts, OfTheHostAndOfDhcpAreCarriedByNoNetwork) {
  const lab::Lab lab = lab_with("EnterpriseAgreement_2014-09-01");
  const auto decider = [&](const char* from, const char* to, uint16_t source_port) {
    const lab::FlowTarget target = lab::parse_flow_target(to).value();
    const auto explained = policy::explain(*network_of(lab), {from, 0}, target, source_port);
    return explained->verdict == Verdict::kDrop ? explained->decided_by.name : "";
  };
  EXPECT_EQ(decider("whole", "udp://203.0.113.25:25", 65330), "udp/65330");
  EXPECT_EQ(decider("private", "udp://10.1.3.25:67", 68), "udp/67");
  EXPECT_EQ(decider("whole", "tcp://203.0.113.25:25", 65330), "");
  EXPECT_NE(decider("whole", "udp://10.1.3.25:67", 69), "udp/67");
  EXPECT_EQ(decider("private", "udp://203.0.113.25:25", 65330), "") << "leaves directly";
  EXPECT_EQ(decider("whole", "udp://10.1.1.4:9", 65330), "v/apps") << "the worker refuses it";
  EXPECT_EQ(decider("whole", "udp://168.63.129.16:53", 65330), "");
}

TEST(RefusedPorts, OfDrivesAreCarriedAndSaidNotToBeSupported) {
  const lab::Lab lab = lab_with("EnterpriseAgreement_2014-09-01");
  const auto says_so = Contains(Field(&Step::name, "tcp/445"));
  for (const char* from : {"private", "whole"}) {
    const Explanation inside = explain(lab, from, "tcp://10.1.3.25:445");
    EXPECT_EQ(inside.verdict, Verdict::kAllow);
    EXPECT_THAT(inside.steps, says_so);
  }
  EXPECT_THAT(explain(lab, "bare", "tcp://203.0.113.25:445").steps, Not(says_so));
  EXPECT_THAT(explain(lab, "whole", "udp://10.1.3.25:445").steps, Not(says_so));
}

}  // namespace
}  // namespace egress::policy::test
