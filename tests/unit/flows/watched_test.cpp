// SPDX-License-Identifier: MIT
#include "flows/watched.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/support/network_of.hpp"
#include "tests/support/small_lab.hpp"
#include "tests/support/values.hpp"

namespace egress::flows {
namespace {

using namespace testing_support;

using state::DroppedPacket;
using state::TrackedFlow;
using ::testing::ElementsAre;

constexpr const char* kWorker = "eg-worker-plan-0";
constexpr const char* kVnet = "eg-vnet-spoke";
const lab::Sender kWeb{.site = "web", .instance = 0, .incarnation = 0};

class WatchedTest : public ::testing::Test {
 protected:
  WatchedTest() { watched_.follow(network_); }

  // Where the app "web/0" sends from, in its worker.
  Ipv4Address app() const {
    const auto senders = compile::senders_of(*network_, {"plan", 0}).value();
    const auto found = std::find_if(senders.begin(), senders.end(), [](const auto& sender) {
      return sender.second.sender == kWeb;
    });
    return found->first;
  }
  // The same behind it.
  Ipv4Address lease() const { return network_->find({"web", 0})->lease.value(); }
  TrackedFlow begun(uint16_t port) const {
    return {.protocol = kTcp,
            .source = app(),
            .destination = ip("10.1.2.4"),
            .source_port = 40000,
            .destination_port = port,
            .reply_destination = lease(),
            .reply_destination_port = 1024};
  }
  DroppedPacket dropped(const std::string& prefix, uint16_t port) const {
    return {.prefix = prefix,
            .protocol = kTcp,
            .source = lease(),
            .destination = ip("10.1.2.4"),
            .source_port = 1024,
            .destination_port = port};
  }
  // As the kernel says it of the rule.
  std::string prefix_of(const std::string& rule) const {
    for (const auto& [prefix, name] : compile::drop_names(*network_, 0)) {
      if (name.rule == rule) return prefix;
    }
    return "none";
  }

  std::shared_ptr<const policy::Network> network_ = network_of(lab_from(small_lab()));
  Watched watched_{"eg"};
};

TEST_F(WatchedTest, SaysOfAFlowWhoseItIsAndWhatBecomesOfIt) {
  const auto allowed = watched_.flow(kWorker, begun(443));
  ASSERT_TRUE(allowed);
  EXPECT_EQ(allowed->sender, kWeb);
  EXPECT_EQ(allowed->verdict, lab::Verdict::kAllow);
  EXPECT_EQ(allowed->flow.source_port, 40000);
  EXPECT_EQ(allowed->source, lease());
  const auto denied = watched_.flow(kWorker, begun(1433));
  ASSERT_TRUE(denied);
  EXPECT_EQ(denied->verdict, lab::Verdict::kDeny);
  EXPECT_EQ(denied->decided_by.name, "nsg/deny-sql");
  EXPECT_EQ(denied->source, lease());
}

TEST_F(WatchedTest, PassesOverWhatNoAppHasBegun) {
  TrackedFlow inbound = begun(443);
  inbound.source = ip("240.0.0.7");
  EXPECT_FALSE(watched_.flow(kWorker, inbound));
  EXPECT_FALSE(watched_.flow("eg-worker-plan-7", begun(443)));
  TrackedFlow other = begun(443);
  other.protocol = 132;  // SCTP
  EXPECT_FALSE(watched_.flow(kWorker, other));
}

TEST_F(WatchedTest, SaysOfADropWhichRuleItWasAndWhoseFlow) {
  const std::string prefix = prefix_of("nsg/deny-sql");
  ASSERT_NE(prefix, "none");
  const WatchedDrop unknown = watched_.drop(kVnet, dropped(prefix, 1433));
  EXPECT_FALSE(unknown.app) << "no flow of these numbers has begun";
  EXPECT_EQ(unknown.instance, (policy::WorkerKey{"plan", 0}));
  watched_.flow(kWorker, begun(1433));
  const WatchedDrop known = watched_.drop(kVnet, dropped(prefix, 1433));
  EXPECT_EQ(known.app, kWeb);
  EXPECT_EQ(known.by.rule, "nsg/deny-sql");
  EXPECT_EQ(known.by.direction, lab::Direction::kOutbound);
}

TEST_F(WatchedTest, KnowsTheSenderInAWorkerByItsAddress) {
  DroppedPacket packet = dropped("netbios", 139);
  packet.source = app();
  const WatchedDrop drop = watched_.drop(kWorker, packet);
  EXPECT_EQ(drop.app, kWeb);
  EXPECT_EQ(drop.by.rule, "netbios");
}

TEST_F(WatchedTest, HasThePacketsOwnWordWhereNothingIsKnownOfIt) {
  DroppedPacket packet = dropped("somebody else's", 1433);
  packet.source = ip("10.1.2.4");
  const WatchedDrop drop = watched_.drop(kVnet, packet);
  EXPECT_EQ(drop.by.rule, "somebody else's");
  EXPECT_FALSE(drop.app || drop.instance);
}

TEST_F(WatchedTest, FollowsTheLabThatIsInForce) {
  watched_.follow(nullptr);
  EXPECT_FALSE(watched_.flow(kWorker, begun(443)));
}

TEST_F(WatchedTest, IsToldByWorkersAndNetworks) {
  const WatchedPlaces places = watched_places(*network_, "eg");
  EXPECT_THAT(places.flows_of, ElementsAre(kWorker));
  EXPECT_THAT(places.drops_of, ElementsAre(kVnet, kWorker));
}

}  // namespace
}  // namespace egress::flows
