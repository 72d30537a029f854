// SPDX-License-Identifier: MIT
#include "policy/source_ports.hpp"

#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Direction;

TEST(SourcePorts, AreAllAlikeWithoutARuleForThem) {
  EXPECT_TRUE(ports_judged_as(contract_lab(), 50000).is_all());
}

TEST(SourcePorts, AreToldApartByTheRulesOfEveryGroup) {
  lab::Lab lab;
  deny(lab, "one/low", 100, Direction::kOutbound, {.source_ports = "32768-49999"});
  allow(lab, "two/high", 100, Direction::kInbound, {.source_ports = "45000-60000"});
  EXPECT_EQ(ports_judged_as(lab, 50000), PortSet({{50000, 60000}}));
  EXPECT_EQ(ports_judged_as(lab, 46000), PortSet({{45000, 49999}}));
  EXPECT_EQ(ports_judged_as(lab, 80), PortSet({{0, 32767}, {60001, 65535}}));
}

TEST(SourcePorts, MayHaveOnlyThemselves) {
  lab::Lab lab;
  deny(lab, "nsg/one", 100, Direction::kOutbound, {.source_ports = "50000"});
  EXPECT_EQ(ports_judged_as(lab, 50000), PortSet({{50000, 50000}}));
}

}  // namespace
}  // namespace egress::policy::test
