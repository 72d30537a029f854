// SPDX-License-Identifier: MIT
#include <random>
#include <set>

#include "policy/explain.hpp"
#include "policy/topology.hpp"
#include "tests/unit/policy/lab_builder.hpp"

namespace egress::policy::test {
namespace {

using lab::Verdict;

Model example_model() {
  const lab::Lab lab = example_lab();
  return Model(lab, lease_all(lab));
}

TEST(Model, KnowsOnlyAppsAndInstancesOfTheLab) {
  const Model model = example_model();
  const Flow flow{FlowProtocol::kTcp, ip("10.1.2.4"), 443};
  EXPECT_EQ(model.explain({"other", 0}, flow).error().code, Errc::kNotFound);
  EXPECT_EQ(model.explain({"web", 1}, flow).error().code, Errc::kNotFound);
  EXPECT_EQ(model.explain({"web", -1}, flow).error().code, Errc::kNotFound);
  EXPECT_EQ(model.verdict({"web", 1}, flow), Verdict::kDrop);
}

TEST(Model, NeedsALeaseForAnIntegratedApp) {
  const Model model(example_lab(), {});
  const Flow flow{FlowProtocol::kTcp, ip("10.1.2.4"), 443};
  EXPECT_EQ(model.explain({"web", 0}, flow).error().code, Errc::kNotFound);
  EXPECT_EQ(model.verdict({"web", 0}, flow), Verdict::kDrop);
}

TEST(Model, RejectsDestinationsThatStayOnTheHost) {
  const Model model = example_model();
  for (const char* destination :
       {"127.0.0.1", "127.255.0.1", "224.0.0.1", "239.255.255.255", "255.255.255.255"}) {
    const Flow flow{FlowProtocol::kTcp, ip(destination), 80};
    EXPECT_EQ(model.explain({"web", 0}, flow).error().code, Errc::kInvalid) << destination;
  }
}

TEST(Model, SurvivesBeingMoved) {
  Model first = example_model();
  const Model second = std::move(first);
  const Flow flow{FlowProtocol::kTcp, ip("10.1.2.4"), 1433};
  EXPECT_EQ(second.verdict({"web", 0}, flow), Verdict::kDeny);
  EXPECT_EQ(second.lab().sites, example_lab().sites);
}

TEST(Model, InstancesShowTheirOwnLeases) {
  lab::Lab lab = example_lab();
  lab.server_farms["web-plan"].capacity = 2;
  const Model model(lab, lease_all(lab));
  const Flow flow{FlowProtocol::kTcp, ip("10.1.2.4"), 443};
  EXPECT_EQ(model.explain({"web", 0}, flow)->source, ip("10.1.1.4"));
  EXPECT_EQ(model.explain({"web", 1}, flow)->source, ip("10.1.1.5"));
}

TEST(OutboundAddress, IsOneOfTheLabsAndUnmovedByOtherPlans) {
  lab::Lab lab = example_lab();
  const auto before = outbound_address(lab, "web-plan", 0);
  ASSERT_TRUE(before.has_value());
  EXPECT_THAT(lab.outbound_ip_addresses, testing::Contains(*before));
  app(lab, "aaa", "");
  EXPECT_EQ(outbound_address(lab, "web-plan", 0), before);
  lab.outbound_ip_addresses.clear();
  EXPECT_EQ(outbound_address(lab, "web-plan", 0), std::nullopt);
}

TEST(OutboundAddress, SpreadsInstances) {
  const lab::Lab lab = example_lab();
  std::set<Ipv4Address> used;
  for (int instance = 0; instance < 30; ++instance) {
    used.insert(*outbound_address(lab, "plan", instance));
  }
  EXPECT_EQ(used.size(), 2U);
}

// Far ends know the apps of labs in force by these.
TEST(OutboundAddress, IsTheOneItAlwaysWas) {
  lab::Lab lab;
  for (uint32_t bits = 0; bits < 97; ++bits) lab.outbound_ip_addresses.push_back({bits});
  EXPECT_EQ(outbound_address(lab, "web-plan", 0), Ipv4Address{59});
  EXPECT_EQ(outbound_address(lab, "web-plan", 1), Ipv4Address{45});
  EXPECT_EQ(outbound_address(lab, "web-plan", 2), Ipv4Address{31});
}

TEST(RouteLookup, AgreesWithThePlainSearch) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 200; ++round) {
    std::map<Ipv4Prefix, EffectiveRoute> rows;
    for (uint64_t count = random() % 12; count > 0; --count) {
      Ipv4Prefix prefix{
          {static_cast<uint32_t>(random() % 5 == 0 ? ~uint64_t{0} : random() % 64)},
          static_cast<uint8_t>(random() % 4 == 0 ? random() % 33 : 26 + random() % 7)};
      prefix.address.bits &= prefix.mask();
      EffectiveRoute row{.name = prefix.to_string(), .address_prefix = prefix};
      if (random() % 5 == 0) row.state = RouteState::kInvalid;
      rows[prefix] = row;
    }
    std::vector<EffectiveRoute> routes;
    for (const auto& [prefix, row] : rows) routes.push_back(row);
    const RouteLookup lookup(routes);
    for (uint32_t near = 0; near < 70; ++near) {
      for (const Ipv4Address address : {Ipv4Address{near}, Ipv4Address{~near}}) {
        const EffectiveRoute* plain = select_route(routes, address);
        const Index found = lookup.find(address);
        ASSERT_EQ(plain == nullptr, found == kNowhere) << address.to_string();
        if (plain != nullptr) {
          ASSERT_EQ(routes[found].name, plain->name) << address.to_string();
        }
      }
    }
  }
}

}  // namespace
}  // namespace egress::policy::test
