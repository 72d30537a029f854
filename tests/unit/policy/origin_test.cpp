// SPDX-License-Identifier: MIT
#include "policy/origin.hpp"

#include <algorithm>

#include "policy/reply.hpp"
#include "policy/walk.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Direction;
using lab::Verdict;

// A forwarder and a server in one network, a site in the Internet.
lab::Lab machines() {
  return lab_from(R"(
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets: {dns: {addressPrefix: 10.0.2.0/24}, data: {addressPrefix: 10.0.3.0/24}}
hosts:
  forwarder: {subnet: hub/dns, ipAddress: 10.0.2.5, listen: [udp/53]}
  server: {subnet: hub/data, ipAddress: 10.0.3.4, listen: [udp/53, tcp/443]}
  resolver: {internet: true, ipAddress: 8.8.8.8, listen: [udp/53]}
  mirror: {internet: true, ipAddress: 9.9.9.9, listen: [udp/53]}
)");
}

// What becomes of a query that the machine at `sender` makes, and of its answer.
Explanation ask(const lab::Lab& lab, const std::string& sender, const std::string& server) {
  const auto network = network_of(lab);
  const auto found = std::find_if(network->interfaces.begin(), network->interfaces.end(),
                                  [&](const Interface& each) { return each.name == sender; });
  const Origin origin =
      origin_of(*network, static_cast<Index>(found - network->interfaces.begin()));
  const Flow flow{Protocol::kUdp, ip(server), 53};
  Report report = walk(*network, origin, flow);
  if (report.explanation.verdict == Verdict::kAllow) {
    report.explanation.reply = reply_of(*network, origin, flow, report.trail);
  }
  return report.explanation;
}

TEST(Walk, AMachineSendsWithItsOwnAddress) {
  const Explanation got = ask(machines(), "forwarder", "10.0.3.4");
  EXPECT_EQ(decision(got), "Allow by route system/10.0.0.0/16");
  EXPECT_EQ(got.source, ip("10.0.2.5"));
  EXPECT_EQ(got.host, "server");
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow);
}

TEST(Walk, AMachineIsSubjectToTheListAndTheRoutesOfItsSubnet) {
  lab::Lab lab = machines();
  lab::Subnet& dns = subnet(lab, "hub/dns");
  dns.route_table = "t";
  route(lab, "t/off", "10.0.3.0/24", "None");
  EXPECT_EQ(decision(ask(lab, "forwarder", "10.0.3.4")), "Drop by route t/off");
  dns.network_security_group = "nsg";
  deny(lab, "nsg/data", 100, Direction::kOutbound, {.destination = "10.0.3.0/24"});
  EXPECT_EQ(decision(ask(lab, "forwarder", "10.0.3.4")), "Deny by networkSecurityGroup nsg/data");
}

TEST(Walk, AMachineReachesTheInternetUnderAPublicAddressOnly) {
  lab::Lab lab = machines();
  EXPECT_EQ(decision(ask(lab, "forwarder", "8.8.8.8")), "Drop by nat system/0.0.0.0/0");
  lab.hosts["forwarder"].masquerade = ip("20.1.1.1");
  const Explanation got = ask(lab, "forwarder", "8.8.8.8");
  EXPECT_EQ(decision(got), "Allow by route system/0.0.0.0/0");
  EXPECT_EQ(got.source, ip("20.1.1.1"));
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow);
}

TEST(Walk, AnAnswerComesBackToAMachineThatARouteNamesAsItsAppliance) {
  lab::Lab lab = machines();
  subnet(lab, "hub/data").route_table = "t";
  route(lab, "t/dns", "10.0.2.0/24", "10.0.2.5");
  const Explanation got = ask(lab, "forwarder", "10.0.3.4");
  ASSERT_EQ(got.verdict, Verdict::kAllow);
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow);
  EXPECT_EQ(got.reply->reason, "The answer comes back to 10.0.2.5.");
}

TEST(Walk, AnInternetSiteReachesOthersOfItsKind) {
  const Explanation got = ask(machines(), "resolver", "9.9.9.9");
  EXPECT_EQ(decision(got), "Allow by destination mirror");
  EXPECT_EQ(got.source, ip("8.8.8.8"));
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow);
  EXPECT_EQ(ask(machines(), "resolver", "10.0.3.4").verdict, Verdict::kNoRoute);
}

}  // namespace
}  // namespace egress::policy::test
