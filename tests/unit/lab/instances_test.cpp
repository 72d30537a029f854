// SPDX-License-Identifier: MIT
#include "lab/instances.hpp"

#include <gmock/gmock.h>

#include "lab/lab.hpp"

namespace egress::lab {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// An integrated app on a plan of three, and one that has joined nothing.
Lab plan_of_three(bool hyper_v = false) {
  Lab lab;
  lab.server_farms["plan"] = {.sku = "P2v3", .capacity = 3, .hyper_v = hyper_v};
  lab.sites["web"] = {.server_farm = "plan", .virtual_network_subnet = {{"spoke", "apps"}}};
  lab.sites["alone"] = {.server_farm = "plan"};
  return lab;
}

Instances scaled(bool old_ones_serve) {
  return {{"plan", {2, OutgoingInstances{.capacity = 2, .serve = old_ones_serve, .sku = "P1v3"}}}};
}

TEST(InstanceSets, AreOneWhereNothingIsKnown) {
  EXPECT_THAT(instance_sets(plan_of_three(), {}, "plan"),
              ElementsAre(InstanceSet{0, 3, Standing::kServing, false}));
  EXPECT_THAT(instance_sets(plan_of_three(), {{"plan", {4, {}}}}, "plan"),
              ElementsAre(InstanceSet{4, 3, Standing::kServing, false}));
  EXPECT_THAT(instance_sets(plan_of_three(), scaled(true), "other"), IsEmpty());
}

TEST(InstanceSets, AreTwoWhileOneReplacesTheOtherAndWhoServesIsFirst) {
  EXPECT_THAT(instance_sets(plan_of_three(), scaled(true), "plan"),
              ElementsAre(InstanceSet{1, 2, Standing::kServing, false},
                          InstanceSet{2, 3, Standing::kStarting, true}));
  EXPECT_THAT(instance_sets(plan_of_three(), scaled(false), "plan"),
              ElementsAre(InstanceSet{2, 3, Standing::kServing, true},
                          InstanceSet{1, 2, Standing::kDraining, false}));
  EXPECT_EQ(serving_incarnation(scaled(true), "plan"), 1);
  EXPECT_EQ(serving_incarnation(scaled(false), "PLAN"), 2);
  EXPECT_EQ(serving_incarnation(scaled(false), "other"), 0);
}

TEST(InstanceSets, HaveTheirInstancesEach) {
  const Lab lab = plan_of_three();
  EXPECT_TRUE(has_instance(lab, scaled(true), "plan", 1, 1));
  EXPECT_FALSE(has_instance(lab, scaled(true), "plan", 2, 1)) << "there were two";
  EXPECT_TRUE(has_instance(lab, scaled(true), "plan", 2, 2));
  EXPECT_FALSE(has_instance(lab, scaled(true), "plan", 0, 0)) << "long gone";
  EXPECT_FALSE(has_instance(lab, scaled(true), "plan", -1, 2));
}

TEST(Instances, AreToldFromThoseOfOtherSets) {
  EXPECT_EQ(instance_text(7, 0), "7");
  EXPECT_EQ(instance_text(7, 12), "7.12");
}

TEST(Integrations, AreOfAllSetsInOrder) {
  const SubnetRef apps{"spoke", "apps"};
  EXPECT_THAT(integrations(plan_of_three(), scaled(true)),
              ElementsAre(Integration{"plan", 0, apps, 1}, Integration{"plan", 0, apps, 2},
                          Integration{"plan", 1, apps, 1}, Integration{"plan", 1, apps, 2},
                          Integration{"plan", 2, apps, 2}));
  EXPECT_EQ(integrations(plan_of_three(), scaled(true)),
            integrations(plan_of_three(), scaled(false)));
}

TEST(AddressHolders, AreTheContainersOfAllSetsToo) {
  const SubnetRef apps{"spoke", "apps"};
  Lab lab = plan_of_three(true);
  lab.server_farms["plan"].capacity = 1;
  const Instances instances{{"plan", {1, OutgoingInstances{1}}}};
  EXPECT_THAT(address_holders(lab, instances),
              ElementsAre(Integration{"plan", 0, apps, 0}, Integration{"plan", 0, apps, 0, "web"},
                          Integration{"plan", 0, apps, 1}, Integration{"plan", 0, apps, 1, "web"}));
}

}  // namespace
}  // namespace egress::lab
