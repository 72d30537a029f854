// SPDX-License-Identifier: MIT
#include "tests/oracle/shrink.hpp"

#include <gtest/gtest.h>

#include "lab/document.hpp"
#include "tests/oracle/generator.hpp"

namespace egress::oracle {
namespace {

constexpr size_t kPlenty = 1000;

TEST(Shrink, LeavesOnlyWhatTheMismatchNeeds) {
  const lab::Lab lab = random_lab(3);
  const std::string group = lab.network_security_groups.begin()->first;
  const std::string rule =
      lab.network_security_groups.begin()->second.security_rules.begin()->first;
  const lab::Lab small = shrink(
      lab,
      [&](const lab::Lab& candidate) {
        const auto found = candidate.network_security_groups.find(group);
        return found != candidate.network_security_groups.end() &&
               found->second.security_rules.contains(rule);
      },
      kPlenty);
  ASSERT_EQ(small.network_security_groups.size(), 1U);
  EXPECT_EQ(small.network_security_groups.at(group).security_rules.size(), 1U);
  EXPECT_TRUE(small.virtual_networks.empty());
  EXPECT_TRUE(small.sites.empty());
  EXPECT_TRUE(small.hosts.empty());
  EXPECT_TRUE(small.route_tables.empty());
  EXPECT_TRUE(small.server_farms.empty());
}

TEST(Shrink, AsksOnlyAboutLabsThatLoad) {
  shrink(
      random_lab(5),
      [](const lab::Lab& candidate) {
        EXPECT_TRUE(is_valid(candidate));
        return candidate.sites.contains("app0");
      },
      kPlenty);
}

TEST(Shrink, StopsWithTheSmallestSoFarWhenTheQuestionsAreUsedUp) {
  const lab::Lab lab = random_lab(8);
  size_t asked = 0;
  const auto keeps_app = [&](const lab::Lab& candidate) {
    ++asked;
    return candidate.sites.contains("app0");
  };
  const lab::Lab small = shrink(lab, keeps_app, 6);
  EXPECT_EQ(asked, 6U);
  EXPECT_TRUE(small.sites.contains("app0"));
  EXPECT_LT(lab::write(small).value().size(), lab::write(lab).value().size());
}

TEST(Shrink, RemovesManyPartsByOneQuestion) {
  lab::Lab lab = random_lab(2);
  auto& rules = lab.network_security_groups["large"].security_rules;
  for (int i = 0; i < 400; ++i) {
    rules["rule" + std::to_string(i)] = {.priority = 100 + i,
                                         .source = {.any = true},
                                         .destination = {.any = true},
                                         .source_ports = PortSet::all(),
                                         .destination_ports = PortSet::all()};
  }
  size_t asked = 0;
  const auto keeps_rule = [&](const lab::Lab& candidate) {
    ++asked;
    const auto found = candidate.network_security_groups.find("large");
    return found != candidate.network_security_groups.end() &&
           found->second.security_rules.contains("rule271");
  };
  const lab::Lab small = shrink(lab, keeps_rule, kPlenty);
  EXPECT_EQ(small.network_security_groups.at("large").security_rules.size(), 1U);
  EXPECT_LT(asked, 100U);
}

TEST(Shrink, RemovesWhatOnlyExpectationsName) {
  lab::Lab lab = random_lab(6);
  lab.expectations = {{.from = "app1", .to = "tcp://10.9.9.9:80"}};
  const lab::Lab small = shrink(
      lab, [](const lab::Lab& candidate) { return candidate.sites.contains("app0"); }, kPlenty);
  EXPECT_EQ(small.sites.size(), 1U);
}

TEST(Shrink, KeepsALabOfWhichNothingCanGo) {
  const lab::Lab lab = random_lab(4);
  const lab::Lab same = shrink(
      lab, [](const lab::Lab&) { return false; }, kPlenty);
  lab::Lab expected = lab;
  expected.expectations.clear();
  EXPECT_TRUE(same == expected);
}

}  // namespace
}  // namespace egress::oracle
