// SPDX-License-Identifier: MIT
// Two sets of a plan's instances beside each other.
#include <fmt/format.h>

#include "policy/private_ports.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Standing;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kLab = R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms]}
      data: {addressPrefix: 10.1.2.0/24}
serverFarms: {plan: {capacity: 2}, other: {}}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: spoke/apps, vnetPrivatePortsCount: 1}
  api: {serverFarm: other, virtualNetworkSubnet: spoke/apps}
hosts: {sql: {subnet: spoke/data, ipAddress: 10.1.2.4, listen: [tcp/1433]}}
)";

// A plan that had one instance and gets two of another size.
lab::Instances scaled(bool old_ones_serve) {
  return {{"plan", {3, lab::OutgoingInstances{.capacity = 1, .serve = old_ones_serve}}}};
}

std::shared_ptr<const Network> network_with(const lab::Instances& instances) {
  return testing_support::network_with(lab_from(kLab), instances);
}

std::vector<int> incarnations_of(const Network::Site& site) {
  std::vector<int> incarnations;
  for (const auto& each : site.instances) incarnations.push_back(each.name.incarnation);
  return incarnations;
}

Sender web(int instance, int incarnation = lab::kServing) {
  return {.site = "web", .instance = instance, .incarnation = incarnation};
}

std::string lease_of(const Network& network, const Sender& sender) {
  return network.find(sender)->lease->to_string();
}

TEST(InstanceSets, AreAllOfASiteAndThoseThatServeAreItsWorkers) {
  const auto network = network_with(scaled(true));
  EXPECT_THAT(network->workers, SizeIs(4));
  const Network::Site& site = network->sites.at("web");
  EXPECT_THAT(incarnations_of(site), ElementsAre(2, 3, 3));
  ASSERT_THAT(site.workers, SizeIs(1));
  EXPECT_EQ(site.workers[0], &network->workers.at({"plan", 0, 2}));
  EXPECT_EQ(site.workers[0]->standing, Standing::kServing);
  EXPECT_FALSE(site.workers[0]->is_next);
  EXPECT_EQ(network->workers.at({"plan", 1, 3}).standing, Standing::kStarting);
  EXPECT_TRUE(network->workers.at({"plan", 1, 3}).is_next);
  EXPECT_THAT(network->sites.at("api").workers, SizeIs(1));
}

TEST(InstanceSets, ChangeWhoServesAndThenBeAlone) {
  const auto draining = network_with(scaled(false));
  EXPECT_THAT(draining->sites.at("web").workers, SizeIs(2));
  EXPECT_THAT(incarnations_of(draining->sites.at("web")), ElementsAre(3, 3, 2));
  EXPECT_EQ(draining->workers.at({"plan", 0, 2}).standing, Standing::kDraining);
  EXPECT_TRUE(draining->workers.at({"plan", 0, 3}).is_next) << "by the name of its namespace";
  const auto alone = network_with({{"plan", {3, {}}}});
  EXPECT_THAT(incarnations_of(alone->sites.at("web")), ElementsAre(3, 3));
  EXPECT_FALSE(alone->workers.at({"plan", 0, 3}).is_next);
}

TEST(InstanceSets, AreMeantByTheirIncarnationAndElseByWhoServes) {
  const auto starting = network_with(scaled(true));
  EXPECT_EQ(lease_of(*starting, web(0)), lease_of(*starting, web(0, 2)));
  EXPECT_NE(lease_of(*starting, web(0)), lease_of(*starting, web(0, 3)));
  EXPECT_FALSE(starting->find(web(1)).has_value()) << "one serves";
  EXPECT_FALSE(starting->find(web(1, 2)).has_value());
  EXPECT_FALSE(starting->find(web(0, 0)).has_value());
  EXPECT_EQ(starting->find(web(1, 3))->instance, (WorkerKey{"plan", 1, 3}));
  const auto draining = network_with(scaled(false));
  EXPECT_EQ(lease_of(*draining, web(0)), lease_of(*draining, web(0, 3)));
  EXPECT_EQ(draining->find(web(1))->instance, (WorkerKey{"plan", 1, 3}));
}

TEST(InstanceSets, ShowTheSameAddressToTheInternet) {
  const auto network = network_with(scaled(true));
  EXPECT_EQ(network->workers.at({"plan", 0, 2}).outbound,
            network->workers.at({"plan", 0, 3}).outbound);
}

TEST(InstanceSets, AreToldApartInWhatIsExplained) {
  const auto network = network_with(scaled(true));
  const auto target = lab::parse_flow_target("tcp://10.1.2.4:1433").value();
  const Explanation next = policy::explain(*network, web(1, 3), target, Flow{}.source_port).value();
  EXPECT_EQ(next.verdict, lab::Verdict::kAllow);
  EXPECT_EQ(next.source, network->find(web(1, 3))->lease);
  EXPECT_EQ(next.sender, web(1, 3));
  EXPECT_EQ(next.steps.front().where, "web/1 next");
  const Explanation serving = policy::explain(*network, web(0), target, Flow{}.source_port).value();
  EXPECT_EQ(serving.source, network->find(web(0, 2))->lease);
  EXPECT_EQ(serving.steps.front().where, "web/0");
}

TEST(InstanceSets, CallEachOthersPrivatePorts) {
  const auto network = network_with(scaled(true));
  const auto call = [&](const Sender& from, const Sender& to) {
    const std::string url = fmt::format("tcp://{}:{}", lease_of(*network, to),
                                        network->sites.at("web").private_ports.at(0));
    return policy::explain(*network, from, lab::parse_flow_target(url).value(), Flow{}.source_port)
        .value();
  };
  const Explanation to_next = call(web(0, 2), web(0, 3));
  EXPECT_EQ(to_next.verdict, lab::Verdict::kAllow) << "of the same number, and another one";
  EXPECT_EQ(to_next.host, "web/0 next");
  EXPECT_EQ(call(web(0, 3), web(0, 2)).host, "web/0");
  EXPECT_EQ(call(web(0, 3), web(0, 3)).verdict, lab::Verdict::kDrop) << "its own";
}

TEST(InstanceSets, AreAllListedAsWorkersOfTheirPlan) {
  const lab::Lab lab = lab_from(kLab);
  EXPECT_THAT(
      workers_of(lab, scaled(true), "plan"),
      ElementsAre(WorkerKey{"plan", 0, 2}, WorkerKey{"plan", 0, 3}, WorkerKey{"plan", 1, 3}));
  EXPECT_THAT(workers_of(lab, {}, "plan"), ElementsAre(WorkerKey{"plan", 0}, WorkerKey{"plan", 1}));
  EXPECT_THAT(workers_of(lab, {}, "no-plan"), IsEmpty());
}

}  // namespace
}  // namespace egress::policy::test
