// SPDX-License-Identifier: MIT
#include "inspect/links.hpp"

#include <gmock/gmock.h>

#include "tests/support/lab_from.hpp"
#include "tests/support/small_lab.hpp"

namespace egress::inspect {
namespace {

using namespace testing_support;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const lab::SubnetRef kSubnet{"spoke", "integration"};

TEST(ServiceAssociationLinks, AreThoseOfPlansThatAreIntegrated) {
  const auto links = service_association_links(lab_from(small_lab()), {});
  ASSERT_THAT(links, SizeIs(1));
  EXPECT_EQ(links[0].subnet, kSubnet);
  EXPECT_EQ(links[0].server_farm, "plan");
  EXPECT_EQ(links[0].link,
            "/subscriptions/default/resourceGroups/lab/providers/Microsoft.Web/serverfarms/plan");
  EXPECT_THAT(links[0].sites, ElementsAre("web"));
  EXPECT_FALSE(links[0].orphaned());
}

TEST(ServiceAssociationLinks, AreOrphanedWhereNothingOfThePlanIsIntegrated) {
  const lab::Lab lab = with(lab_from(small_lab()), "{sites: {web: null}, serverFarms: null}");
  EXPECT_THAT(service_association_links(lab, {}), IsEmpty());
  const auto links = service_association_links(lab, {{kSubnet, "plan", "web"}});
  ASSERT_THAT(links, SizeIs(1));
  EXPECT_THAT(links[0].sites, IsEmpty());
  EXPECT_THAT(links[0].deleted_sites, ElementsAre("web"));
  EXPECT_TRUE(links[0].orphaned());
}

TEST(ServiceAssociationLinks, TellOfADeletedAppWhereAnotherOfThePlanIsIntegrated) {
  const auto links = service_association_links(lab_from(small_lab()), {{kSubnet, "plan", "api"}});
  ASSERT_THAT(links, SizeIs(1));
  EXPECT_THAT(links[0].sites, ElementsAre("web"));
  EXPECT_THAT(links[0].deleted_sites, ElementsAre("api"));
  EXPECT_FALSE(links[0].orphaned());
}

}  // namespace
}  // namespace egress::inspect
