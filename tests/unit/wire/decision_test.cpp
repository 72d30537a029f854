// SPDX-License-Identifier: MIT
#include "wire/decision.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/lab_from.hpp"
#include "tests/support/network_of.hpp"
#include "tests/support/values.hpp"

namespace egress::wire::test {
namespace {

using namespace testing_support;
using ::testing::HasSubstr;

constexpr const char* kLab = R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms],
             networkSecurityGroup: nsg-apps}
      data: {addressPrefix: 10.1.2.0/24}
    virtualNetworkPeerings: {hub: {}}
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets: {data: {addressPrefix: 10.0.1.0/24, networkSecurityGroup: nsg-hub}}
    virtualNetworkPeerings: {spoke: {}}
networkSecurityGroups:
  nsg-apps: {securityRules: {deny-sql: {priority: 100, direction: Outbound, access: Deny,
    protocol: Tcp, sourceAddressPrefix: "*", sourcePortRange: "*", destinationAddressPrefix: "*",
    destinationPortRange: "1433"}}}
  nsg-hub: {securityRules: {deny-web: {priority: 100, direction: Inbound, access: Deny,
    protocol: "*", sourceAddressPrefix: "*", sourcePortRange: "*", destinationAddressPrefix: "*",
    destinationPortRange: "80"}}}
serverFarms: {plan: {capacity: 2}}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: spoke/apps,
        outboundVnetRouting: {allTraffic: true}}
hosts:
  sql: {subnet: spoke/data, ipAddress: 10.1.2.4, listen: [tcp/1433, tcp/443]}
  far: {subnet: hub/data, ipAddress: 10.0.1.4, listen: [tcp/80, tcp/443]}
)";

class DecisionTest : public ::testing::Test {
 protected:
  Decision of(const char* destination, uint16_t port, uint8_t protocol = kTcp) const {
    return decide(*network_, integration(),
                  {.protocol = protocol,
                   .source = network_->interfaces[integration()].address,
                   .destination = ip(destination),
                   .source_port = 40000,
                   .destination_port = port});
  }
  policy::Index integration() const {
    return network_->workers.at({"plan", 0}).integrations.front();
  }
  std::string other_instance() const {
    const auto other = network_->workers.at({"plan", 1}).integrations.front();
    return network_->interfaces[other].address.to_string();
  }

  const std::shared_ptr<const policy::Network> network_ = network_of(lab_from(kLab));
};

TEST_F(DecisionTest, LetsOutWhatTheOwnNetworkLetsOut) {
  const Decision near = of("10.1.2.4", 443);
  EXPECT_EQ(near.verdict, lab::Verdict::kAllow);
  EXPECT_TRUE(near.leaves);
  EXPECT_TRUE(of("10.1.2.4", 9).leaves) << "a closed port is the machine's to refuse";
  EXPECT_TRUE(of("10.1.2.4", 0, kIcmp).leaves);
}

TEST_F(DecisionTest, EndsWhatAListOfTheOwnNetworkDeniesAndSaysWhy) {
  const Decision denied = of("10.1.2.4", 1433);
  EXPECT_EQ(denied.verdict, lab::Verdict::kDeny);
  EXPECT_FALSE(denied.leaves);
  EXPECT_TRUE(denied.silent);
  EXPECT_EQ(denied.decided_by.name, "nsg-apps/deny-sql");
  EXPECT_THAT(denied.reason, HasSubstr("deny-sql"));
}

TEST_F(DecisionTest, LetsOutWhatAPeerDenies) {
  const Decision denied = of("10.0.1.4", 80);
  EXPECT_EQ(denied.verdict, lab::Verdict::kDeny);
  EXPECT_TRUE(denied.leaves);
}

TEST_F(DecisionTest, KnowsWhatIsRefusedAloud) {
  const Decision refused = of(other_instance().c_str(), 443);
  EXPECT_EQ(refused.verdict, lab::Verdict::kDrop);
  EXPECT_FALSE(refused.leaves);
  EXPECT_FALSE(refused.silent);
}

TEST_F(DecisionTest, LetsThroughWhatThePlatformAnswersItself) {
  EXPECT_TRUE(of("168.63.129.16", 53, kUdp).leaves);
  EXPECT_FALSE(of("168.63.129.16", 9, kTcp).leaves);
}

}  // namespace
}  // namespace egress::wire::test
