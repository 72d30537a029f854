// SPDX-License-Identifier: MIT
// What the daemon does to flows that are there, behind its passes.

#include <gmock/gmock.h>

#include <algorithm>

#include "compile/marks.hpp"
#include "tests/support/values.hpp"
#include "tests/unit/egressd/daemon_fixture.hpp"

namespace egress::daemon {
namespace {

using namespace testing_support;

using state::TrackedFlow;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string replaced_in(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

const std::string kFlushing =
    replaced_in(kLab, "nsg:\n    security", "nsg:\n    flushConnection: true\n    security");
const std::string kDenying = replaced_in(kFlushing, "\"1433\"", "\"443\"");
const std::string kElsewhere =
    replaced_in(kLab, "outboundIpAddresses: [20.50.1.4]", "outboundIpAddresses: [20.50.1.5]");

class FlowReviewTest : public DaemonTest {
 protected:
  FakeFlowTable& vnet() { return kernel_.flow_table("eg-vnet-spoke"); }
  FakeFlowTable& worker() { return kernel_.flow_table("eg-worker-plan-0"); }
  FakeFlowTable& stamp() { return kernel_.flow_table("eg-stamp"); }

  // From the app, as the network tracks it.
  TrackedFlow to_database() {
    const Ipv4Address lease =
        ip(Json::parse(get("/v1/leases").body)["leases"][0]["address"].get<std::string>());
    return {.protocol = kTcp,
            .source = lease,
            .destination = ip("10.1.2.4"),
            .source_port = 4000,
            .destination_port = 443,
            .reply_destination = lease};
  }
  static TrackedFlow denied(TrackedFlow flow) {
    flow.mark = compile::kDeniedFlow;
    return flow;
  }
  // Of an app, under an address that its worker does not have.
  static TrackedFlow under_another_address() {
    return {.protocol = kTcp, .source = ip("169.254.254.9"), .reply_destination = ip("10.9.9.9")};
  }
};

TEST_F(FlowReviewTest, HasEndedWhenAnApplyHas) {
  start();
  apply(kFlushing);
  const TrackedFlow flow = to_database();
  vnet().flows = {flow};
  apply(kDenying);
  EXPECT_THAT(vnet().flows, ElementsAre(denied(flow)));
  apply(kFlushing);
  EXPECT_THAT(vnet().flows, IsEmpty());
  EXPECT_EQ(status()["problems"], Json::array());
}

TEST_F(FlowReviewTest, FollowsTheFirstPassOfADaemonWhateverItFinds) {
  start();
  apply(kDenying);
  stop();
  start();
  const TrackedFlow flow = to_database();
  stop();
  vnet().flows = {flow};
  worker().flows = {under_another_address()};
  start();
  apply(kDenying);
  stop();
  EXPECT_THAT(vnet().flows, ElementsAre(denied(flow)));
  EXPECT_THAT(worker().flows, IsEmpty());
}

TEST_F(FlowReviewTest, ForgetsWhatHasTheOutboundAddressOfAnEarlierLab) {
  start();
  apply(kLab);
  const auto& routes = kernel_.state()["eg-stamp"]->routes;
  const auto inside = std::find_if(routes.begin(), routes.end(), [](const auto& route) {
    return route.first.destination.length == 32;
  });
  ASSERT_NE(inside, routes.end());
  const TrackedFlow flow{.protocol = kUdp,
                         .source = inside->first.destination.address,
                         .destination = ip("93.184.216.34"),
                         .reply_destination = ip("20.50.1.4")};
  stamp().flows = {flow};
  apply(kFlushing);
  EXPECT_THAT(stamp().flows, ElementsAre(flow));
  apply(kElsewhere);
  EXPECT_THAT(stamp().flows, IsEmpty());
}

TEST_F(FlowReviewTest, ForgetsWhatHasAnAddressThatANatGatewayHadInAnEarlierLab) {
  start();
  apply(with_nat_gateway());
  const TrackedFlow flow{.protocol = kUdp, .reply_destination = ip("20.61.7.1")};
  FakeFlowTable& gateway = kernel_.flow_table("eg-nat-nat");
  gateway.flows = {flow};
  apply(replaced_in(with_nat_gateway(), "[one]", "[two, one]"));
  EXPECT_THAT(gateway.flows, ElementsAre(flow));
  apply(replaced_in(with_nat_gateway(), "[one]", "[two]"));
  EXPECT_THAT(gateway.flows, IsEmpty());
}

TEST_F(FlowReviewTest, PassesOverWorkersThatTranslateAsBefore) {
  start();
  apply(kLab);
  worker().flows = {under_another_address()};
  apply(kFlushing);
  EXPECT_THAT(worker().flows, ElementsAre(under_another_address()));
}

TEST_F(FlowReviewTest, IsAProblemUntilItHasBeenDone) {
  start();
  apply(kFlushing);
  const TrackedFlow flow = to_database();
  vnet().flows = {flow};
  vnet().fault = Error{.code = Errc::kKernel, .message = "no flows today"};
  const Json result = apply(kDenying);
  EXPECT_EQ(result["result"]["failed"], Json::array());
  EXPECT_EQ(status()["problems"], Json::array({"flows of eg-vnet-spoke: no flows today"}));
  vnet().fault.reset();
  apply(kDenying);
  EXPECT_EQ(status()["problems"], Json::array());
  EXPECT_THAT(vnet().flows, ElementsAre(denied(flow)));
}

}  // namespace
}  // namespace egress::daemon
