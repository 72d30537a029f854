// SPDX-License-Identifier: MIT

// Validation of labs that no file describes, as life-cycle operations and generators make them.
// What each rule says about a file is in cases/.

#include "lab/validate.hpp"

#include <gmock/gmock.h>

#include <functional>

#include "lab/check/checks.hpp"
#include "tests/support/lab_from.hpp"
#include "tests/support/values.hpp"
#include "tests/unit/lab/files.hpp"

namespace egress::lab {
namespace {

using testing_support::contract_lab;
using testing_support::prefix;

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
  EXPECT_THAT(error_codes(lab), testing::ElementsAre("Conflict"));
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

TEST(Validate, HoldsToLabsWhatReadersHoldToFiles) {
  const auto codes_with = [](const std::function<void(Lab&)>& change) {
    Lab lab = contract_lab();
    change(lab);
    return error_codes(lab);
  };
  const auto rule_of = [](Lab& lab) -> SecurityRule& {
    return lab.network_security_groups.at("nsg-integration").security_rules.at("deny-sql");
  };
  using testing::Contains;
  EXPECT_THAT(codes_with([](Lab& lab) { lab.location = "moon base!"; }), Contains("location"));
  EXPECT_THAT(codes_with([](Lab& lab) { lab.virtual_networks.at("spoke").location = ""; }),
              Contains("location"));
  EXPECT_THAT(codes_with([](Lab& lab) { lab.virtual_networks.at("spoke").address_prefixes = {}; }),
              Contains("missing-key"));
  EXPECT_THAT(codes_with([](Lab& lab) {
                lab.virtual_networks.at("spoke").address_prefixes.push_back({{0x0a030001}, 16});
              }),
              Contains("prefix"));
  EXPECT_THAT(codes_with([](Lab& lab) {
                lab.virtual_networks.at("spoke").subnets.at("data").delegations = {
                    "Microsoft.Web/serverFarm"};
              }),
              Contains("unknown-value"));
  EXPECT_THAT(codes_with([](Lab& lab) {
                lab.hosts.begin()->second.listen = {{{}, 0}};
              }),
              Contains("listen"));
  EXPECT_THAT(codes_with([&](Lab& lab) { rule_of(lab).source = {}; }), Contains("missing-key"));
  EXPECT_THAT(codes_with([&](Lab& lab) { rule_of(lab).source_ports = {}; }),
              Contains("missing-key"));
  EXPECT_THAT(codes_with([&](Lab& lab) { rule_of(lab).source.service_tag = "Nowhere"; }),
              testing::Not(testing::IsEmpty()));
  EXPECT_THAT(codes_with([](Lab& lab) { lab.sites["a/b"] = lab.sites.at("web"); }),
              Contains("name"));
}

TEST(Validate, RefusesWhatNoFileCanSay) {
  Lab lab = contract_lab();
  lab.sites.at("web").server_farm = "PLAN";
  EXPECT_THAT(error_codes(lab), testing::ElementsAre("not-canonical"));
  EXPECT_EQ(validate(lab).back().path, "sites.web");
  lab = contract_lab();
  lab.sites.at("web").app_settings["A"] = "\xff";
  EXPECT_THAT(error_codes(lab), testing::ElementsAre("encoding"));
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
