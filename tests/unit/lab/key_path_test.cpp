// SPDX-License-Identifier: MIT
#include "lab/key_path.hpp"

#include <gmock/gmock.h>

namespace egress::lab {
namespace {

using testing::ElementsAre;

const Document& document() {
  static const Document json = Document::parse(R"({
    "virtualNetworks": {"spoke": {"subnets": {"apps": {"addressPrefixes": ["10.1.0.0/24"]}}}},
    "routeTables": {"to": {}, "to.the.firewall": {"routes": {"r.1": {"nextHopType": "None"}}}},
    "sites": {"web": {"appSettings": {"A": "1", "LOG.LEVEL": "info"}}},
    "expectations": [{"from": "web"}]})");
  return json;
}

TEST(KeyPath, FindsPropertiesAndWhoseTheyAre) {
  const KeyPlace place = place_at(document(), "virtualNetworks.SPOKE.subnets.Apps.addressPrefix");
  EXPECT_EQ(place.value, nullptr);
  EXPECT_THAT(place.keys,
              ElementsAre("virtualNetworks", "spoke", "subnets", "apps", "addressPrefix"));
  ASSERT_NE(place.object, nullptr);
  EXPECT_EQ(place.object->name, "subnet");
  ASSERT_NE(place.property, nullptr);
  EXPECT_EQ(place.property->name, "addressPrefix");
}

TEST(KeyPath, FindsPropertiesOfWhatIsNotThere) {
  const KeyPlace place = place_at(document(), "sites.web.outboundVnetRouting.allTrafic");
  EXPECT_EQ(place.value, nullptr);
  EXPECT_EQ(place.object, &schema_of(ObjectType::kOutboundVnetRouting));
  EXPECT_EQ(place.property, nullptr);
}

TEST(KeyPath, TakesTheLongestNameThatStandsThereAndElseTheRest) {
  const KeyPlace route = place_at(document(), "routeTables.TO.the.firewall.routes.r.1");
  ASSERT_NE(route.value, nullptr);
  EXPECT_EQ(*route.value, Document({{"nextHopType", "None"}}));
  EXPECT_EQ(route.object, nullptr) << "a name is no property";
  EXPECT_EQ(route.property->name, "routes");
  const KeyPlace added = place_at(document(), "routeTables.new.table");
  EXPECT_EQ(added.value, nullptr);
  EXPECT_THAT(added.keys, ElementsAre("routeTables", "new.table"));
}

TEST(KeyPath, TakesNamesOfTextsAsTheyAre) {
  EXPECT_EQ(*place_at(document(), "sites.web.appSettings.LOG.LEVEL").value, "info");
  EXPECT_EQ(place_at(document(), "sites.web.appSettings.log.level").value, nullptr);
  EXPECT_THAT(place_at(document(), "sites.web.appSettings.A.B").keys,
              ElementsAre("sites", "web", "appSettings", "A.B"));
}

TEST(KeyPath, FindsLinesOfLists) {
  EXPECT_EQ(*place_at(document(), "expectations[0].from").value, "web");
  for (const char* beyond :
       {"expectations[1]", "expectations[x]", "expectations[99999999999999999999999]"}) {
    EXPECT_EQ(place_at(document(), beyond).value, nullptr) << beyond;
  }
}

TEST(KeyPath, LeadsToTheLabWhereItIsEmpty) {
  const KeyPlace place = place_at(document(), "");
  EXPECT_EQ(place.value, &document());
  EXPECT_TRUE(place.keys.empty());
}

}  // namespace
}  // namespace egress::lab
