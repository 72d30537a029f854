// SPDX-License-Identifier: MIT
#include "inspect/status.hpp"

#include <gmock/gmock.h>

#include "tests/support/network_of.hpp"
#include "tests/support/values.hpp"

namespace egress::inspect {
namespace {

using namespace testing_support;
using ::testing::ElementsAre;
using ::testing::SizeIs;

StatusReport report_of(const lab::Lab& lab, const std::string& prefix = "eg") {
  return describe(*network_of(lab), prefix);
}

TEST(Status, ListsBothSetsOfAPlansInstances) {
  const lab::Lab lab = contract_lab();
  const lab::Instances instances{{"plan", {1, lab::OutgoingInstances{1}}}};
  const StatusReport report = describe(*network_with(lab, instances), "eg");
  std::vector<std::string> apps;
  for (const AppStatus& app : report.apps) {
    if (app.site == "web") apps.push_back(app.netns + " " + lab::name_of(app.standing));
  }
  EXPECT_THAT(apps, ElementsAre("eg-app-web-0 serving", "eg-app-web-0-next starting",
                                "eg-app-web-1-next starting"));
  std::vector<std::string> workers;
  for (const WorkerStatus& worker : report.workers) workers.push_back(worker.name);
  EXPECT_THAT(workers, ElementsAre("plan/0", "plan/0 next", "plan/1 next"));
}

TEST(Status, ListsEveryInstanceOfEveryApp) {
  const StatusReport report = report_of(with(contract_lab(), "sites: {plain: {serverFarm: plan}}"));
  ASSERT_THAT(report.apps, SizeIs(4));
  const AppStatus& plain = report.apps[0];
  EXPECT_EQ(plain.site, "plain");
  EXPECT_FALSE(plain.integrated);
  EXPECT_EQ(plain.private_ip, std::nullopt);
  EXPECT_EQ(plain.application_routing, "none");
  const AppStatus& web = report.apps[3];
  EXPECT_EQ(web.netns, "eg-app-web-1");
  EXPECT_EQ(web.worker, "eg-worker-plan-1");
  EXPECT_EQ(web.subnet, "spoke/integration");
  EXPECT_EQ(web.private_ip, ip("10.1.1.5"));
  EXPECT_EQ(web.application_routing, "all");
  EXPECT_THAT(contract_lab().outbound_ip_addresses, testing::Contains(web.outbound_ip));
}

TEST(Status, TellsThePrivatePortsOfIntegratedApps) {
  lab::Lab lab = with(contract_lab(), "sites: {plain: {serverFarm: plan}}");
  for (const char* site : {"web", "plain"}) lab.sites[site].vnet_private_ports_count = 2;
  const StatusReport report = report_of(lab);
  EXPECT_THAT(report.apps[0].private_ports, SizeIs(0));
  EXPECT_THAT(report.apps[3].private_ports, SizeIs(2));
  EXPECT_EQ(report.apps[3].private_ports, report.apps[2].private_ports);
}

TEST(Status, CallsRoutingOffPrivate) {
  lab::Lab lab = contract_lab();
  lab.sites["web"].outbound_vnet_routing.reset();
  EXPECT_EQ(report_of(lab).apps[1].application_routing, "private");
}

TEST(Status, ListsTheInterfacesOfEveryWorker) {
  const StatusReport report = report_of(with(contract_lab(), R"(
virtualNetworks:
  other:
    addressPrefixes: [10.9.0.0/24]
    subnets: {apps: {addressPrefix: 10.9.0.0/28, delegations: [Microsoft.Web/serverFarms]}}
sites: {other: {serverFarm: plan, virtualNetworkSubnet: other/apps}}
)"));
  ASSERT_THAT(report.workers, SizeIs(2));
  EXPECT_EQ(report.workers[1].name, "plan/1");
  EXPECT_EQ(report.workers[1].netns, "eg-worker-plan-1");
  EXPECT_THAT(report.workers[0].interfaces, SizeIs(2));
  EXPECT_THAT(report.workers[1].interfaces,
              ElementsAre(::testing::FieldsAre("integ0", "other/apps", ip("10.9.0.5")),
                          ::testing::FieldsAre("integ1", "spoke/integration", ip("10.1.1.5"))));
}

TEST(Status, ListsHostsWithTheirPorts) {
  const StatusReport report = report_of(contract_lab(), "lab");
  ASSERT_THAT(report.hosts, SizeIs(3));
  EXPECT_EQ(report.hosts[1].netns, "lab-host-sql");
  EXPECT_THAT(report.hosts[1].listen, ElementsAre("tcp/1433", "tcp/443"));
}

TEST(Status, ListsServicesAfterTheHosts) {
  const StatusReport report = report_of(
      with(contract_lab(),
           "services: {vault: {type: Microsoft.KeyVault/vaults, ipAddress: 13.69.64.72}}"));
  ASSERT_THAT(report.hosts, SizeIs(4));
  EXPECT_EQ(report.hosts[0].kind, "host");
  EXPECT_EQ(report.hosts[3].name, "vault");
  EXPECT_EQ(report.hosts[3].kind, "service");
  EXPECT_EQ(report.hosts[3].netns, "eg-service-vault");
  EXPECT_THAT(report.hosts[3].listen, ElementsAre("tcp/443"));
}

TEST(Status, ListsFrontEndsAfterTheServices) {
  const StatusReport report = report_of(with(contract_lab(), R"(
sites: {web: {inboundIpAddress: 20.50.2.4}, plain: {serverFarm: plan}}
privateEndpoints: {pe: {subnet: spoke/data, ipAddress: 10.1.2.9, privateLinkService: plain}}
)"));
  ASSERT_THAT(report.hosts, SizeIs(5));
  for (const HostStatus& front : {report.hosts[3], report.hosts[4]}) {
    EXPECT_EQ(front.kind, "front");
    EXPECT_EQ(front.netns, "eg-front-" + front.name);
    EXPECT_THAT(front.listen, ElementsAre("tcp/80", "tcp/443"));
  }
  EXPECT_EQ(report.hosts[3].name, "plain");
  EXPECT_EQ(report.hosts[3].address, std::nullopt);
  EXPECT_EQ(report.hosts[4].address, ip("20.50.2.4"));
}

}  // namespace
}  // namespace egress::inspect
