// SPDX-License-Identifier: MIT
#include "policy/explain.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

TEST(Explain, KnowsOnlyAppsAndInstancesOfTheLab) {
  const auto network = network_of(contract_lab());
  const Flow flow{Protocol::kTcp, ip("10.1.2.4"), 443};
  EXPECT_EQ(explain(*network, {"other", 0}, flow).error().code, Errc::kNotFound);
  EXPECT_EQ(explain(*network, {"web", 2}, flow).error().code, Errc::kNotFound);
  EXPECT_EQ(explain(*network, {"web", -1}, flow).error().code, Errc::kNotFound);
}

TEST(Explain, NeedsALeaseForAnIntegratedApp) {
  const auto network = analyse({.lab = contract_lab()});
  const Flow flow{Protocol::kTcp, ip("10.1.2.4"), 443};
  EXPECT_EQ(explain(*network, {"web", 0}, flow).error().code, Errc::kNotFound);
}

TEST(Explain, RejectsDestinationsThatStayOnTheHost) {
  const auto network = network_of(contract_lab());
  for (const char* destination :
       {"127.0.0.1", "127.255.0.1", "224.0.0.1", "239.255.255.255", "255.255.255.255"}) {
    const Flow flow{Protocol::kTcp, ip(destination), 80};
    EXPECT_EQ(explain(*network, {"web", 0}, flow).error().code, Errc::kInvalid) << destination;
  }
}

TEST(Explain, FindsAnAppInAnyCaseAndSpellsItAsTheLabDoes) {
  const auto network = network_of(contract_lab());
  const auto got = explain(*network, {"WEB", 0}, {Protocol::kTcp, ip("10.1.2.4"), 443});
  ASSERT_TRUE(got.ok()) << got.error().to_string();
  EXPECT_EQ(got->steps.front().where, "web/0");
}

TEST(Explain, InstancesShowTheirOwnLeases) {
  const auto network = network_of(contract_lab());
  const Flow flow{Protocol::kTcp, ip("10.1.2.4"), 443};
  EXPECT_EQ(explain(*network, {"web", 0}, flow)->source, ip("10.1.1.4"));
  EXPECT_EQ(explain(*network, {"web", 1}, flow)->source, ip("10.1.1.5"));
}

}  // namespace
}  // namespace egress::policy::test
