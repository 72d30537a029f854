// SPDX-License-Identifier: MIT
#include "compile/snat_ports.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "compile/size.hpp"
#include "tests/support/lab_from.hpp"
#include "tests/support/network_of.hpp"

namespace egress::compile {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// 101 instances: as many as one address has blocks of 638 ports.
lab::Lab shared_lab(int best_effort) {
  lab::Lab lab = testing_support::lab_from(R"(
outboundIpAddresses: [20.50.1.4]
serverFarms: {large: {capacity: 100}, small: {}}
)");
  lab.snat_ports = {.preallocated = 128, .best_effort = best_effort};
  return lab;
}

std::map<policy::WorkerKey, PortBlock> blocks_of(const lab::Lab& lab) {
  return snat_ports(*testing_support::network_of(lab)).value();
}

TEST(SnatPorts, AreBlocksOfTheirOwnFrom1024On) {
  std::vector<PortBlock> blocks;
  for (const auto& [instance, block] : blocks_of(shared_lab(510))) blocks.push_back(block);
  std::sort(blocks.begin(), blocks.end(),
            [](const PortBlock& a, const PortBlock& b) { return a.first < b.first; });
  ASSERT_EQ(blocks.size(), 101U);
  for (size_t i = 0; i < blocks.size(); ++i) {
    EXPECT_GE(blocks[i].first, 1024);
    EXPECT_EQ(blocks[i].last - blocks[i].first, 637);
    if (i == 0) continue;
    EXPECT_GT(blocks[i].first, blocks[i - 1].last);
  }
}

TEST(SnatPorts, AreAllOfAnAddressForOneInstanceWhoseBlockIsSoLarge) {
  const lab::Lab lab = testing_support::lab_from(
      "{outboundIpAddresses: [20.50.1.4], snatPorts: {preallocated: 1024, bestEffort: 63488}, "
      "serverFarms: {plan: {}}}");
  EXPECT_THAT(blocks_of(lab),
              ElementsAre(testing::Pair(policy::WorkerKey{"plan", 0}, PortBlock{1024, 65535})));
}

TEST(SnatPorts, StayWhenOtherInstancesCome) {
  lab::Lab lab = testing_support::lab_from(
      "{outboundIpAddresses: [20.50.1.4], serverFarms: {plan: {}, other: {}}}");
  const auto before = blocks_of(lab);
  lab.server_farms["plan"].capacity = 3;
  const auto after = blocks_of(lab);
  for (const auto& [instance, block] : before) EXPECT_EQ(after.at(instance), block);
}

TEST(CheckSnatPorts, TellsTheAddressThatHasTooFewAndThePlanThatNeedsMost) {
  EXPECT_THAT(check_size(shared_lab(510), {}, "lab.yaml"), IsEmpty());
  const lab::Lab lab = shared_lab(511);
  const auto findings = check_size(lab, {}, "lab.yaml");
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].code, "snat-ports");
  EXPECT_EQ(findings[0].to_string(),
            "lab.yaml: error: serverFarms.large: 101 instances share the outbound address "
            "20.50.1.4, which has room for 100 blocks of 639 ports; list more "
            "'outboundIpAddresses', or make 'snatPorts' smaller");
  const auto blocks = snat_ports(*testing_support::network_of(lab));
  ASSERT_FALSE(blocks.ok());
  EXPECT_THAT(blocks.error().message, HasSubstr("101 instances"));
}

TEST(CheckSnatPorts, CountsWhoAsksKeyVaultFromTheOneAddressOfThePlatform) {
  lab::Lab lab = shared_lab(511);
  lab.outbound_ip_addresses.push_back({0x14320105});
  lab.sites["web"] = {.server_farm = "large"};
  lab.sites["api"] = {.server_farm = "small"};
  policy::TrafficInUse asking{{"web", {lab::TrafficClass::kKeyVault}}};
  EXPECT_THAT(check_size(lab, {}, "lab.yaml", asking), IsEmpty());
  asking["api"] = {lab::TrafficClass::kKeyVault};
  const auto findings = check_size(lab, {}, "lab.yaml", asking);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].to_string(),
            "lab.yaml: error: serverFarms.large: 101 instances share the outbound address "
            "198.51.100.3, which has room for 100 blocks of 639 ports; the platform asks Key Vault "
            "from no other; make 'snatPorts' smaller");
  EXPECT_FALSE(key_vault_ports(*policy::analyse({.lab = lab, .traffic = asking})).ok());
}

}  // namespace
}  // namespace egress::compile
