// SPDX-License-Identifier: MIT
#include "settings/situation_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "lab/platform.hpp"
#include "tests/support/lab_from.hpp"
#include "tests/support/values.hpp"

namespace egress::settings {
namespace {

using namespace testing_support;
using ::testing::HasSubstr;

policy::Situation situation_of(lab::Lab lab) {
  policy::Situation situation{.lab = std::move(lab)};
  situation.leases = leases_of(situation.lab);
  return situation;
}

policy::Situation example() {
  policy::Situation situation = situation_of(contract_lab());
  situation.restarts = {{"web", 3}};
  situation.dns_at_start = {{"web", {ip("10.0.0.4"), ip("10.0.0.5")}}};
  situation.traffic = {{"web", {lab::TrafficClass::kKeyVault, lab::TrafficClass::kApplication}}};
  situation.lab.sites.at("web").vnet_private_ports_count = 2;
  situation.learned = {{"vpn", {{"lab", {}}, {"office", {{prefix("0.0.0.0/0"), 3}}}}}};
  situation.numbers = {{"private ports/plan", {{"web/0", 20001}, {"web/1", 20000}}}};
  return situation;
}

TEST(SituationText, ReadsWhatItWrote) {
  const policy::Situation all = example();
  const auto read = parse_situation(to_text(all));
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(*read, all);
  EXPECT_EQ(to_text(*read), to_text(all));
}

TEST(SituationText, HoldsBothSetsOfAPlansInstances) {
  for (const bool serve : {true, false}) {
    policy::Situation scaled = example();
    const auto [plan, farm] = *scaled.lab.server_farms.begin();
    scaled.instances = {{plan, {2, lab::OutgoingInstances{farm.capacity, serve, "P1v3"}}},
                        {"z", {1, {}}}};
    scaled.leases.clear();
    Ipv4Address address = ip("10.9.9.4");
    for (const lab::Integration& each : lab::integrations(scaled.lab, scaled.instances)) {
      scaled.leases.emplace(each, address);
      ++address.bits;
    }
    const auto read = parse_situation(to_text(scaled));
    ASSERT_TRUE(read.ok()) << read.error().to_string();
    EXPECT_EQ(*read, scaled);
    scaled.leases.erase(std::prev(scaled.leases.end()));
    EXPECT_FALSE(parse_situation(to_text(scaled)).ok()) << "an instance without a lease";
  }
}

TEST(SituationText, SaysNothingNewOfPlansWithTheirFirstInstances) {
  EXPECT_EQ(to_text(example()).find("instances"), std::string::npos);
}

TEST(SituationText, HoldsTheServiceTagsThatTheLabNames) {
  policy::Situation situation = situation_of(lab_from(R"(
virtualNetworks: {v: {addressPrefixes: [10.1.0.0/16], subnets: {s: {addressPrefix: 10.1.1.0/24}}}}
)"));
  situation.lab.service_tags_file = "tags.json";
  situation.lab.service_tags =
      service_tags({{"Storage.WestEurope", {"20.60.0.0/16", "20.150.0.0/17"}}, {"Sql", {}}});
  const auto read = parse_situation(to_text(situation));
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(*read, situation);
}

TEST(SituationText, LeavesOutWhatIsImposedOnWires) {
  policy::Situation imposed = example();
  imposed.imposed[{"plan", 0}] = {.held = true};
  EXPECT_EQ(to_text(imposed), to_text(example()));
}

TEST(SituationText, LeavesOutNumbersThatTheAnalysisDoesNotGive) {
  policy::Situation numbered = example();
  numbered.numbers["gates/spoke"] = {{"integration", 7}};
  EXPECT_EQ(to_text(numbered), to_text(example()));
}

TEST(SituationText, RefusesALabWithoutItsLeases) {
  policy::Situation without = example();
  ASSERT_FALSE(without.leases.empty());
  without.leases.erase(without.leases.begin());
  const auto read = parse_situation(to_text(without));
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.error().to_string(), HasSubstr("has no lease"));
}

TEST(SituationText, RefusesALabThatIsNone) {
  std::string text = to_text(example());
  const std::string word = "\"addressPrefixes\":[\"10.";
  const size_t at = text.find(word);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, word.size(), "\"addressPrefixes\":[\"x.");
  const auto read = parse_situation(text);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Errc::kInvalid);
  for (const char* other : {"", "[]", "{}", R"({"lab":{}})"}) {
    EXPECT_FALSE(parse_situation(other).ok()) << other;
  }
}

// The mend of a lab is the loader's own; what counts is that the analysis takes what is read.
TEST(SituationText, AnswersWhateverItIsGiven) {
  const std::string whole = to_text(situation_of(lab_from(R"(
virtualNetworks:
  v: {addressPrefixes: [10.1.0.0/16],
      subnets: {s: {addressPrefix: 10.1.1.0/24, delegations: [Microsoft.Web/serverFarms]}}}
serverFarms: {p: {}}
sites: {a: {serverFarm: p, virtualNetworkSubnet: v/s}}
)")));
  std::mt19937 random(20260101);
  int read = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = whole;
    for (size_t flips = 1 + random() % 3; flips > 0; --flips) {
      text[random() % text.size()] = "0123456789{}[]\",:-e. \xff"[random() % 22];
    }
    auto situation = parse_situation(text);
    if (!situation.ok()) continue;
    ++read;
    EXPECT_NE(policy::analyse(*std::move(situation)), nullptr);
  }
  EXPECT_GT(read, 0) << "some only say something else";
  EXPECT_LT(read, 20'000);
}

}  // namespace
}  // namespace egress::settings
