// SPDX-License-Identifier: MIT
// What status says of the ports that flows hold.

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/support/values.hpp"
#include "tests/unit/egressd/daemon_fixture.hpp"

namespace egress::daemon {
namespace {

TEST_F(DaemonTest, CountsThePortsOfNatGateways) {
  start();
  apply(kLab);
  EXPECT_EQ(status()["natGateways"], Json::array());
  apply(with_nat_gateway());
  const Json lease = Json::parse(get("/v1/leases").body)["leases"][0]["address"];
  const state::TrackedFlow flow{.protocol = 6,
                                .source = testing_support::ip(lease.get<std::string>()),
                                .destination = {0x5db8d822},
                                .destination_port = 443,
                                .reply_destination = testing_support::ip("20.61.7.1")};
  kernel_.flow_table("eg-nat-nat").flows = {flow, flow};
  const auto use = [](const char* protocol, size_t used, const Json& senders) -> Json {
    return {{"name", "nat"}, {"address", "20.61.7.1"}, {"protocol", protocol},
            {"used", used},  {"limit", 64512},         {"senders", senders}};
  };
  EXPECT_EQ(status()["natGateways"],
            Json::array({use("tcp", 2, {{{"name", "plan/0"}, {"used", 2}}}),
                         use("udp", 0, Json::array())}));
  kernel_.flow_table("eg-nat-nat").fault = Error{.code = Errc::kKernel, .message = "not today"};
  EXPECT_EQ(status()["problems"], Json::array({"not today"}));
}

TEST_F(DaemonTest, CountsThePortsOfAppServicesOwnSourceNat) {
  start();
  apply(kLab);
  EXPECT_EQ(status()["snat"], Json::array());
  const auto& routes = kernel_.state()["eg-stamp"]->routes;
  const auto inside = std::find_if(routes.begin(), routes.end(), [](const auto& route) {
    return route.first.destination.length == 32;
  });
  ASSERT_NE(inside, routes.end());
  const Ipv4Address website{0x5db8d822};
  const state::TrackedFlow flow{.protocol = 6,
                                .source = inside->first.destination.address,
                                .destination = website,
                                .destination_port = 443,
                                .reply_destination = {0x14320104}};
  kernel_.flow_table("eg-stamp").flows = {flow, flow};
  EXPECT_EQ(status()["snat"], Json::array({{{"instance", "plan/0"},
                                            {"address", "20.50.1.4"},
                                            {"destination", "93.184.216.34"},
                                            {"port", 443},
                                            {"protocol", "tcp"},
                                            {"used", 2}}}));
  kernel_.flow_table("eg-stamp").fault = Error{.code = Errc::kKernel, .message = "no flows today"};
  EXPECT_EQ(status()["problems"], Json::array({"no flows today"}));
  EXPECT_EQ(status()["inSync"], false);
}

}  // namespace
}  // namespace egress::daemon
