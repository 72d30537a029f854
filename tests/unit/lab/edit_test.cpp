// SPDX-License-Identifier: MIT
#include "lab/edit.hpp"

#include <gmock/gmock.h>

#include "lab/document.hpp"
#include "tests/support/lab_from.hpp"
#include "tests/unit/lab/files.hpp"

namespace egress::lab {
namespace {

using testing_support::contract_lab;
using Verb = Edit::Verb;

Loaded edited(const Edit& change) {
  return edit(contract_lab(), {change}, no_files);
}

Lab changed(const Edit& change) {
  const Loaded loaded = edited(change);
  EXPECT_TRUE(loaded.lab.has_value()) << errors_of(loaded);
  return loaded.lab.value_or(Lab{});
}

TEST(Edit, SetsOneProperty) {
  const Lab lab = changed({Verb::kPut, "serverFarms.plan.capacity", "3"});
  EXPECT_EQ(lab.server_farms.at("plan").capacity, 3);
  Lab expected = contract_lab();
  expected.server_farms.at("plan").capacity = 3;
  EXPECT_TRUE(lab == expected) << "nothing else changes";
}

TEST(Edit, SetsAPropertyOfAnObjectThatWasNotThere) {
  Lab lab = contract_lab();
  lab.sites.at("web").outbound_vnet_routing.reset();
  const Loaded loaded =
      edit(lab, {{Verb::kPut, "sites.web.outboundVnetRouting.allTraffic", "true"}}, no_files);
  ASSERT_TRUE(loaded.lab) << errors_of(loaded);
  EXPECT_TRUE(loaded.lab->sites.at("web").outbound_vnet_routing->all_traffic);
}

TEST(Edit, PutsAWholeResourceInPlaceOfAnother) {
  const Lab lab = changed({Verb::kPut, "serverFarms.plan", "{sku: S1}"});
  EXPECT_EQ(lab.server_farms.at("plan"), (ServerFarm{"S1", 1}));
}

TEST(Edit, PutsANewResourceUnderANameWithDots) {
  const Lab lab = changed({Verb::kPut, "routeTables.to.the.firewall", "{}"});
  EXPECT_TRUE(lab.route_tables.contains("to.the.firewall"));
  const Loaded again = edit(lab,
                            {{Verb::kPut, "routeTables.TO.the.firewall.routes.r.1",
                              R"({"addressPrefix": "0.0.0.0/0", "nextHopType": "None"})"}},
                            no_files);
  ASSERT_TRUE(again.lab) << errors_of(again);
  EXPECT_TRUE(again.lab->route_tables.at("to.the.firewall").routes.contains("r.1"));
}

TEST(Edit, PatchesMembersAndLeavesTheOthers) {
  const Lab lab = changed({Verb::kPatch, "serverFarms.PLAN", "{sku: S1}"});
  EXPECT_EQ(lab.server_farms.at("plan"),
            (ServerFarm{"S1", contract_lab().server_farms.at("plan").capacity}));
  EXPECT_EQ(lab.server_farms.size(), contract_lab().server_farms.size());
}

TEST(Edit, DeletesAResourceAndALineOfAList) {
  Lab expected = contract_lab();
  expected.expectations.erase(expected.expectations.begin());
  const Lab lab = changed({Verb::kDelete, "expectations[0]", ""});
  EXPECT_TRUE(lab == expected);
  expected.network_security_groups.at("nsg-integration").security_rules.erase("deny-sql");
  const Loaded loaded = edit(
      lab, {{Verb::kDelete, "networkSecurityGroups.nsg-integration.securityRules.deny-sql", ""}},
      no_files);
  ASSERT_TRUE(loaded.lab) << errors_of(loaded);
  EXPECT_TRUE(*loaded.lab == expected);
}

TEST(Edit, AddsALineAtTheEndOfAListAndNotBeyond) {
  const size_t count = contract_lab().expectations.size();
  const std::string line = "{from: web, to: 'icmp://10.9.9.9', expect: noroute}";
  EXPECT_EQ(changed({Verb::kPut, "expectations[" + std::to_string(count) + "]", line})
                .expectations.size(),
            count + 1);
  EXPECT_THAT(errors_of(edited({Verb::kPut, "expectations[4000000000]", line})),
              testing::HasSubstr("nothing stands at 'expectations[4000000000]'"));
}

TEST(Edit, JudgesTheWholeLab) {
  const Loaded loaded = edited({Verb::kDelete, "serverFarms.plan", ""});
  EXPECT_FALSE(loaded.lab.has_value());
  EXPECT_THAT(errors_of(loaded), testing::HasSubstr("App Service plan 'plan' does not exist"));
  EXPECT_THAT(errors_of(edited({Verb::kPut, "serverFarms.plan.capacity", "0"})),
              testing::HasSubstr("serverFarms.plan.capacity: capacity 0 is not from 1 to 100"));
}

TEST(Edit, RefusesWhatItCannotReadOrFind) {
  EXPECT_THAT(errors_of(edited({Verb::kPut, "sites.web", "]["})),
              testing::HasSubstr("sites.web: a ] too many: none is open here"));
  EXPECT_THAT(errors_of(edited({Verb::kPatch, "sites.none", "{}"})),
              testing::HasSubstr("nothing stands at 'sites.none'"));
  EXPECT_THAT(errors_of(edited({Verb::kDelete, "sites.none", ""})),
              testing::HasSubstr("nothing stands at 'sites.none'"));
  EXPECT_THAT(errors_of(edited({Verb::kPut, "location.below", "x"})),
              testing::HasSubstr("nothing stands at 'location.below'"));
  EXPECT_THAT(errors_of(edited({Verb::kPut, "site.web", "{}"})),
              testing::HasSubstr("did you mean 'sites'?"));
  EXPECT_THAT(errors_of(edited({Verb::kPut, "expectations[x]", "{}"})),
              testing::HasSubstr("nothing stands at"));
}

TEST(Edit, MakesSeveralChangesInTheirOrderAndJudgesWhatComesOutOfThem) {
  const Loaded loaded = edit(contract_lab(),
                             {{Verb::kDelete, "serverFarms.plan", ""},
                              {Verb::kPut, "serverFarms.plan", "{capacity: 2}"},
                              {Verb::kPut, "serverFarms.plan.capacity", "3"}},
                             no_files);
  ASSERT_TRUE(loaded.lab) << errors_of(loaded);
  EXPECT_EQ(loaded.lab->server_farms.at("plan"), (ServerFarm{.capacity = 3}));
}

TEST(Edit, OfSeveralChangesRefusesAllWhenOneCannotBeMade) {
  const Loaded loaded =
      edit(contract_lab(),
           {{Verb::kPut, "serverFarms.plan.capacity", "3"}, {Verb::kDelete, "sites.none", ""}},
           no_files);
  EXPECT_FALSE(loaded.lab);
  EXPECT_FALSE(loaded.read);
  EXPECT_EQ(errors_of(loaded), "error: sites.none: nothing stands at 'sites.none'\n");
}

TEST(Edit, TellsWhatItReadThoughNoRuleLetsItBe) {
  const Loaded loaded = edited({Verb::kDelete, "virtualNetworks.spoke.subnets.integration", ""});
  EXPECT_FALSE(loaded.lab);
  ASSERT_TRUE(loaded.read);
  EXPECT_EQ(loaded.read->find({"spoke", "integration"}), nullptr);
  EXPECT_EQ(loaded.read->sites.at("web").virtual_network_subnet,
            (SubnetRef{"spoke", "integration"}));
  EXPECT_FALSE(edited({Verb::kPut, "serverFarms.plan.capacity", "many"}).read);
}

TEST(Edit, ReadsServiceTagsOnlyFromAnotherFile) {
  Lab lab = contract_lab();
  lab.service_tags_file = "tags.json";
  lab.service_tags = std::make_shared<const ServiceTags>();
  EXPECT_TRUE(edit(lab, {{Verb::kPut, "serverFarms.plan.capacity", "3"}}, no_files).lab);
  EXPECT_THAT(errors_of(edit(lab, {{Verb::kPut, "serviceTags", "other.json"}}, no_files)),
              testing::HasSubstr("cannot read 'other.json'"));
}

}  // namespace
}  // namespace egress::lab
