// SPDX-License-Identifier: MIT
#include "tests/oracle/shrink.hpp"

#include <gtest/gtest.h>

#include <algorithm>

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

// What a name needs: its zone and link, but neither records nor services nor servers.
TEST(Shrink, RemovesWhatNamesAndServicesDoNotNeed) {
  const auto linked = [](const lab::Lab& candidate) {
    return std::any_of(candidate.private_dns_zones.begin(), candidate.private_dns_zones.end(),
                       [](const auto& zone) { return !zone.second.virtual_network_links.empty(); });
  };
  uint64_t seed = 2;
  while (!linked(random_lab(seed)) || random_lab(seed).private_endpoints.empty()) seed += 2;
  const lab::Lab small = shrink(random_lab(seed), linked, kPlenty);
  ASSERT_EQ(small.private_dns_zones.size(), 1U);
  const lab::PrivateDnsZone& zone = small.private_dns_zones.begin()->second;
  EXPECT_EQ(zone.virtual_network_links.size(), 1U);
  EXPECT_TRUE(zone.record_sets.empty());
  EXPECT_EQ(small.virtual_networks.size(), 1U);
  EXPECT_TRUE(small.virtual_networks.begin()->second.dns_servers.empty());
  EXPECT_TRUE(small.public_dns == lab::PublicDns{});
  EXPECT_TRUE(small.services.empty());
  EXPECT_TRUE(small.private_endpoints.empty());
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
