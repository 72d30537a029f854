// SPDX-License-Identifier: MIT
#include "compile/names.hpp"

#include <gmock/gmock.h>

#include <set>

namespace egress::compile {
namespace {

using testing::Each;

// Two texts with one head and one hash.
constexpr const char* kMeeting[] = {"w-production-westeurope-8857-0-0",
                                    "w-production-westeurope-9136-0-0"};

std::string alone(const std::string& text) {
  return assign_link_names({text}).at(text);
}

TEST(NetnsNames, OfPrefixesThatGoOnLikeANameCouldMeet) {
  const std::string meeting = app_netns("eg", "app-web", 0);
  EXPECT_EQ(meeting, app_netns("eg-app", "web", 0));
  for (const char* other : {"eg", "eg-app", "eg-app-app", "eg-worker", "eg-vnet-a", "eg-host-b",
                            "eg-front-c", "eg-nat-d", "eg-onprem"}) {
    EXPECT_TRUE(share_names("eg", other)) << other;
    EXPECT_TRUE(share_names(other, "eg")) << other;
  }
}

TEST(NetnsNames, OfOtherPrefixesNeverMeet) {
  for (const char* other :
       {"e", "egb", "eg-b", "eg-b-app", "eg-apps", "eg-stamp", "eg-internet", "app", "b-eg-app"}) {
    EXPECT_FALSE(share_names("eg", other)) << other;
    EXPECT_FALSE(share_names(other, "eg")) << other;
  }
}

TEST(NetnsNames, OfAClassOfTrafficFollowTheNameOfTheApp) {
  using lab::TrafficClass;
  EXPECT_EQ(lane_netns("eg", {"web", 1, TrafficClass::kApplication}, false), "eg-app-web-1");
  EXPECT_EQ(lane_netns("eg", {"web", 1, TrafficClass::kImagePull}, false),
            "eg-app-web-1-image-pull");
  EXPECT_EQ(lane_netns("eg", {"web", 1, TrafficClass::kKeyVault}, true),
            "eg-app-web-1-key-vault-public");
  EXPECT_EQ(lane_netns("eg", {"web", 1, TrafficClass::kKeyVault}, false), "eg-app-web-1-key-vault");
}

TEST(NetnsNames, OfInstancesBesideOthersSayNextBehindTheirNumber) {
  using lab::TrafficClass;
  EXPECT_EQ(worker_netns("eg", "plan", 1, true), "eg-worker-plan-1-next");
  EXPECT_EQ(app_netns("eg", "web", 1, true), "eg-app-web-1-next");
  EXPECT_EQ(lane_netns("eg", {"web", 1, TrafficClass::kKeyVault}, true, true),
            "eg-app-web-1-next-key-vault-public");
}

TEST(LinkNames, KeepWhatFitsAnInterfaceName) {
  EXPECT_EQ(alone("h-database"), "h-database");
  EXPECT_EQ(alone("h-exactly-15-by"), "h-exactly-15-by");
}

TEST(LinkNames, CutLongTextsAndKeepThemApart) {
  const auto names =
      assign_link_names({"h-a-very-long-host-name-one", "h-a-very-long-host-name-two"});
  const std::string a = names.at("h-a-very-long-host-name-one");
  EXPECT_EQ(a.size(), 15U);
  EXPECT_EQ(a.substr(0, 10), "h-a-very-l");
  EXPECT_NE(a, names.at("h-a-very-long-host-name-two"));
}

TEST(LinkNames, WhoseHashesMeetAreProbedAndTheFirstKeepsItsOwn) {
  ASSERT_EQ(alone(kMeeting[0]), alone(kMeeting[1]));
  const auto names = assign_link_names({kMeeting[0], kMeeting[1], "w-another-plan-0-0"});
  EXPECT_EQ(names.at(kMeeting[0]), alone(kMeeting[0]));
  EXPECT_NE(names.at(kMeeting[1]), alone(kMeeting[1]));
  EXPECT_EQ(names.at(kMeeting[1]).substr(0, 10), "w-producti");
  EXPECT_EQ(names.at("w-another-plan-0-0"), alone("w-another-plan-0-0"));
}

TEST(LinkNames, ATextThatIsAnothersCutNameKeepsItAndTheOtherGivesWay) {
  const std::string cut = alone(kMeeting[0]);
  const auto names = assign_link_names({kMeeting[0], cut});
  EXPECT_EQ(names.at(cut), cut);
  EXPECT_NE(names.at(kMeeting[0]), cut);
}

TEST(LinkNames, AreDistinctHoweverManyShareAHead) {
  std::set<std::string> texts;
  for (int i = 0; i < 20'000; ++i)
    texts.insert("h-machine-of-the-common-head-" + std::to_string(i));
  std::set<std::string> names;
  for (const auto& [text, name] : assign_link_names(texts)) names.insert(name);
  EXPECT_EQ(names.size(), texts.size());
}

TEST(AppVnetLink, HasAzuresFormAndChangesWithARestart) {
  const std::string first = app_vnet_link("web", "0", 0);
  EXPECT_THAT(first, testing::MatchesRegex("vnet0[a-z0-9]{8}"));
  EXPECT_NE(first, app_vnet_link("web", "0", 1));
  EXPECT_NE(first, app_vnet_link("web", "1", 0));
}

TEST(Macs, AreUnicastLocallyAdministeredAndDistinct) {
  const auto macs = assign_macs({"eg-host-sql/eth0", "eg-host-web/eth0"});
  EXPECT_EQ(macs.at("eg-host-sql/eth0").octets[0], 0x02);
  EXPECT_NE(macs.at("eg-host-sql/eth0"), macs.at("eg-host-web/eth0"));
}

TEST(Macs, DoNotChangeWithInterfacesThatComeAndGo) {
  const auto before = assign_macs({"eg-host-sql/eth0"});
  const auto after = assign_macs({"eg-host-a/eth0", "eg-host-sql/eth0", "eg-host-z/eth0"});
  EXPECT_EQ(before.at("eg-host-sql/eth0"), after.at("eg-host-sql/eth0"));
}

// Labs in force have these names and numbers.
TEST(Names, HaveTheValuesTheyAlwaysHad) {
  EXPECT_EQ(alone("h-a-very-long-host-name-one"), "h-a-very-l2cje5");
  EXPECT_EQ(app_vnet_link("web", "0", 0), "vnet0atliw2v2");
  EXPECT_EQ(app_vnet_link("web", "1", 2), "vnet0n6hjow33");
  EXPECT_EQ(assign_macs({"eg-app-web-0/eth0"}).begin()->second.to_string(), "02:4e:67:f9:1a:91");
  ContentHash content;
  content.add(uint64_t{17});
  content.add("out/apps/deny/sql");
  EXPECT_EQ(content.value(), 8110812658466162778U);
  EXPECT_EQ(content_tag(content), "6hrp9i");
}

}  // namespace
}  // namespace egress::compile
