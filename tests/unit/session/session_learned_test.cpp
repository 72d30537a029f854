// SPDX-License-Identifier: MIT
#include "session/learned.hpp"
#include "tests/support/values.hpp"
#include "tests/unit/session/session_fixture.hpp"

namespace egress::session {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing_support::prefix;

const std::string kGatewayLab = R"(
location: westeurope
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets: {GatewaySubnet: {addressPrefix: 10.0.255.0/27}}
virtualNetworkGateways: {vpn: {virtualNetwork: hub, connections: {office: {enableBgp: true}}}}
onPremises:
  office:
    localNetworkAddressSpace: [192.168.10.0/24]
    bgpSettings: {asn: 65010, bgpPeeringAddress: 192.168.10.1}
    advertisedPrefixes: [192.168.0.0/16]
)";
const lab::LearnedRoutes kLearned{{"vpn", {{"office", {{prefix("192.168.7.0/24")}}}}}};

class LearnedTest : public SessionTest {
 protected:
  static Outcome learn(Session& session, const lab::LearnedRoutes& learned,
                       const Terms& terms = {.prefix = "eg", .bird_installed = true}) {
    Outcome outcome = propose_learned(*session.current(), learned, terms);
    if (const auto* proposal = std::get_if<Proposal>(&outcome)) {
      EXPECT_TRUE(session.adopt(*proposal).ok());
    }
    return outcome;
  }
};

TEST_F(LearnedTest, IsPartOfTheSituationAndStaysWithTheLab) {
  Session session = start();
  ASSERT_TRUE(session.adopt(proposed(session, kGatewayLab)).ok());
  const uint64_t version = session.current()->version;
  learn(session, kLearned);
  EXPECT_EQ(session.network()->situation.learned, kLearned);
  EXPECT_EQ(session.current()->version, version + 1);
  learn(session, kLearned);
  EXPECT_EQ(session.current()->version, version + 1) << "it is so already";
  ASSERT_TRUE(session.adopt(proposed(session, kGatewayLab + "routeTables: {t: {}}\n")).ok());
  EXPECT_EQ(session.network()->situation.learned, kLearned);
}

TEST_F(LearnedTest, EndsWithTheSessionAndWithTheConnection) {
  Session session = start();
  ASSERT_TRUE(session.adopt(proposed(session, kGatewayLab)).ok());
  learn(session, {{"vpn", {{"office", {}}, {"nobody", {{prefix("192.168.7.0/24")}}}}}});
  EXPECT_EQ(session.current()->learned, (lab::LearnedRoutes{{"vpn", {{"office", {}}}}}));
  ASSERT_TRUE(
      session
          .adopt(proposed(session, edited(session, "virtualNetworkGateways.vpn.connections.office",
                                          "{enableBgp: false}")))
          .ok());
  EXPECT_THAT(session.current()->learned, IsEmpty());
}

TEST_F(LearnedTest, IsRefusedWhereTheLabGetsTooLarge) {
  Session session = start();
  ASSERT_TRUE(session.adopt(proposed(session, kGatewayLab)).ok());
  Terms terms{.prefix = "eg", .bird_installed = true};
  terms.limits.routes = 40;
  std::vector<LearnedPrefix> many;
  for (uint32_t number = 0; number < 40; ++number) {
    many.push_back({.prefix = {{0xac100000 + number * 256}, 24}});
  }
  const Outcome outcome = learn(session, {{"vpn", {{"office", many}}}}, terms);
  ASSERT_TRUE(std::holds_alternative<Refusal>(outcome));
  EXPECT_EQ(std::get<Refusal>(outcome).error.code, Errc::kUnsupported);
  EXPECT_THAT(std::get<Refusal>(outcome).error.message, HasSubstr("40 prefixes"));
}

TEST_F(LearnedTest, IsNotToBeHadWithoutBirdWhichIsAWarning) {
  Session session = start();
  const Proposal proposal = proposed(session, kGatewayLab);
  ASSERT_THAT(proposal.next.warnings, SizeIs(1));
  EXPECT_THAT(proposal.next.warnings.front().message, HasSubstr("is not installed"));
}

}  // namespace
}  // namespace egress::session
