// SPDX-License-Identifier: MIT

// Validation of labs that no file describes, as life-cycle operations and generators make them.
// What each rule says about a file is in cases/.

#include "lab/validate.hpp"

#include <gmock/gmock.h>

#include "lab/check/checks.hpp"
#include "tests/unit/lab/files.hpp"

namespace egress::lab {
namespace {

Ipv4Prefix prefix(const char* text) {
  return Ipv4Prefix::parse(text).value();
}

Lab contract_lab() {
  const Loaded loaded = load_file(LAB_CONFIG "/examples/contract.yaml");
  EXPECT_TRUE(loaded.lab.has_value()) << errors_of(loaded);
  return loaded.lab.value_or(Lab{});
}

std::vector<std::string> error_codes(const Lab& lab) {
  std::vector<std::string> codes;
  for (const Finding& finding : validate(lab)) {
    if (finding.severity == Severity::kError) codes.push_back(finding.code);
  }
  return codes;
}

TEST(Validate, FindsNothingInALoadedLab) {
  EXPECT_THAT(error_codes(contract_lab()), testing::IsEmpty());
}

TEST(Validate, JudgesALabThatWasScaledBeyondItsSubnet) {
  Lab lab = contract_lab();
  lab.server_farms["plan"].capacity = 60;
  EXPECT_THAT(error_codes(lab), testing::ElementsAre("address-space-exhausted"));
  lab.server_farms["plan"].capacity = 59;
  EXPECT_THAT(error_codes(lab), testing::IsEmpty());
}

TEST(Validate, JudgesALabWhoseSubnetWentAway) {
  Lab lab = contract_lab();
  lab.virtual_networks["spoke"].subnets.erase("integration");
  EXPECT_THAT(error_codes(lab), testing::ElementsAre("unknown-reference"));
}

TEST(Validate, NamesTheKeyPathAtFault) {
  Lab lab = contract_lab();
  lab.network_security_groups["nsg-integration"].security_rules["deny-sql"].priority = 99;
  const auto findings = validate(lab);
  const auto error = std::find_if(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.severity == Severity::kError;
  });
  ASSERT_NE(error, findings.end());
  EXPECT_EQ(error->path, "networkSecurityGroups.nsg-integration.securityRules.deny-sql.priority");
}

TEST(Overlaps, FindsEachOverlappingPrefixOnce) {
  const auto found = overlaps({{prefix("10.0.2.0/24"), "c", ""},
                               {prefix("10.0.0.0/16"), "a", ""},
                               {prefix("10.0.2.0/25"), "d", ""},
                               {prefix("10.1.0.0/16"), "b", ""}});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].earlier.owner, "a");
  EXPECT_EQ(found[0].later.owner, "c");
  EXPECT_EQ(found[1].earlier.owner, "a");
  EXPECT_EQ(found[1].later.owner, "d");
}

TEST(UsableAddresses, LeaveOutFiveOfEachPrefix) {
  EXPECT_EQ(usable_addresses({.address_prefixes = {prefix("10.0.0.0/28")}}), 11U);
  EXPECT_EQ(usable_addresses({.address_prefixes = {prefix("10.0.0.0/26")}}), 59U);
  EXPECT_EQ(usable_addresses({.address_prefixes = {prefix("10.0.0.0/29"), prefix("10.0.1.0/29")}}),
            6U);
}

}  // namespace
}  // namespace egress::lab
