// SPDX-License-Identifier: MIT
#include <set>

#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

Ipv4Address outbound_address(lab::Lab lab, const std::string& server_farm, int instance) {
  lab.server_farms[server_farm].capacity = 30;
  return analyse({.lab = std::move(lab)})->workers.at({server_farm, instance}).outbound;
}

TEST(OutboundAddress, IsOneOfTheLabsAndUnmovedByOtherPlans) {
  lab::Lab lab = contract_lab();
  const Ipv4Address before = outbound_address(lab, "plan", 0);
  EXPECT_THAT(lab.outbound_ip_addresses, testing::Contains(before));
  lab = with(lab, "{serverFarms: {aaa: {}}, sites: {aaa: {serverFarm: aaa}}}");
  EXPECT_EQ(outbound_address(lab, "plan", 0), before);
}

// contract "Decided" 28
TEST(OutboundAddress, IsADocumentationAddressWhereTheLabListsNone) {
  lab::Lab lab = contract_lab();
  lab.outbound_ip_addresses.clear();
  std::set<Ipv4Address> used;
  for (int instance = 0; instance < 30; ++instance) {
    used.insert(outbound_address(lab, "plan", instance));
  }
  EXPECT_THAT(used, testing::ElementsAre(ip("198.51.100.4"), ip("198.51.100.5")));
}

TEST(OutboundAddress, IsOneOfThePlansWhereThatListsSome) {
  const lab::Lab lab = with(contract_lab(),
                            "{serverFarms: {other: {outboundIpAddresses: "
                            "[20.50.2.4], capacity: 2}}}");
  EXPECT_EQ(outbound_address(lab, "other", 0), ip("20.50.2.4"));
  EXPECT_EQ(outbound_address(lab, "other", 1), ip("20.50.2.4"));
  EXPECT_THAT(lab.outbound_ip_addresses, testing::Contains(outbound_address(lab, "plan", 0)));
}

TEST(OutboundAddress, SpreadsInstances) {
  const lab::Lab lab = contract_lab();
  std::set<Ipv4Address> used;
  for (int instance = 0; instance < 30; ++instance) {
    used.insert(outbound_address(lab, "plan", instance));
  }
  EXPECT_EQ(used.size(), 2U);
}

// Far ends know the apps of labs in force by these.
TEST(OutboundAddress, IsTheOneItAlwaysWas) {
  lab::Lab lab;
  for (uint32_t bits = 0; bits < 97; ++bits) lab.outbound_ip_addresses.push_back({bits});
  EXPECT_EQ(outbound_address(lab, "web-plan", 0), Ipv4Address{59});
  EXPECT_EQ(outbound_address(lab, "web-plan", 1), Ipv4Address{45});
  EXPECT_EQ(outbound_address(lab, "web-plan", 2), Ipv4Address{31});
}

}  // namespace
}  // namespace egress::policy::test
