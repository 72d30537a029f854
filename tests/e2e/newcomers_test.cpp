// SPDX-License-Identifier: MIT
// Who comes and goes takes nothing from those who are there: each newcomer here would have what a
// standing thing has, if both came at once.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "base/slots.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/live_flows.hpp"
#include "tests/support/machine.hpp"
#include "tests/support/values.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

constexpr uint16_t kPort = 7000;

// A name in front of `standing`'s in sorted order whose number meets its own where nobody is held.
std::string rival_of(const std::string& standing, const std::string& rest, uint32_t first,
                     uint32_t last) {
  const auto number = [&](const std::string& key) {
    return assign_slots("keys", {key}, first, last).value().at(key);
  };
  for (int i = 0;; ++i) {
    const std::string name = fmt::format("a{}", i);
    if (number(name + rest) == number(standing + rest)) return name;
  }
}

// An app, alone or with others.
std::string lab_text(bool with_newcomers) {
  const std::string app = rival_of("web", "", 2, 254);             // addresses in a /24
  const std::string plan = rival_of("plan", "/0", 0, 503);         // blocks of 128 ports
  const std::string caller = rival_of("web", "/0", 20000, 29999);  // private ports
  const std::string network = R"(
  another:
    addressPrefixes: [10.1.0.0/16]
    subnets: {apps: {addressPrefix: 10.1.1.0/24, delegations: [Microsoft.Web/serverFarms]}})";
  const std::string plans = fmt::format(", {}: {{}}", plan);
  const std::string endpoint = "\n  a: {subnet: spoke/data, privateLinkService: db}";
  const auto if_there = [&](const std::string& text) {
    return with_newcomers ? text : std::string();
  };
  const std::string sites = fmt::format(R"(
  {}: {{serverFarm: plan, virtualNetworkSubnet: spoke/apps}}
  {}: {{serverFarm: plan, virtualNetworkSubnet: spoke/apps, vnetPrivatePortsCount: 1}}
  abroad: {{serverFarm: plan, virtualNetworkSubnet: another/apps}})",
                                        app, caller);
  return fmt::format(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {{addressPrefix: 10.1.1.0/24, delegations: [Microsoft.Web/serverFarms]}}
      data: {{addressPrefix: 10.1.2.0/24}}{}
serverFarms: {{plan: {{}}{}}}
sites:
  web: {{serverFarm: plan, virtualNetworkSubnet: spoke/apps, vnetPrivatePortsCount: 1}}{}
services: {{db: {{type: Microsoft.Sql/servers, ipAddress: 20.60.0.4}}}}
privateEndpoints:
  pe: {{subnet: spoke/data, privateLinkService: db}}{}
hosts:
  sql: {{subnet: spoke/data, ipAddress: 10.1.2.4}}
  website: {{internet: true, ipAddress: 93.184.216.34}}
)",
                     if_there(network), if_there(plans), if_there(sites), if_there(endpoint));
}

// What the standing app has: its addresses, its block of ports, what it is told.
std::string possessions(const Machine& machine) {
  return run_script(
             "ip -n eg-app-web-0 -4 -o address; ip -n eg-worker-plan-0 -4 -o address show integ0; "
             "ip netns exec eg-stamp nft list ruleset | grep -A2 'chain instance/plan/0' | grep "
             "snat")
             .out +
         machine.exec("web", {"printenv", "WEBSITE_PRIVATE_PORTS", "WEBSITE_PRIVATE_IP"}).out;
}

bool goes_on(const LiveFlow& flow) {
  const uint64_t before = flow.received();
  return eventually([&] { return flow.received() > before; });
}

TEST(Newcomers, LeaveConnectionsOfAStandingAppAlone) {
  Machine machine;
  ASSERT_TRUE(machine.start());
  ASSERT_TRUE(machine.apply(lab_text(false)));
  const std::string standing = possessions(machine);
  EXPECT_NE(standing.find("snat to 20.50.1.4:"), std::string::npos) << standing;
  TcpStream to_database({"eg-app-web-0", "eg-host-sql", ip("10.1.2.4"), kPort});
  TcpStream to_endpoint({"eg-app-web-0", "eg-service-db", ip("10.1.2.5"), kPort});
  TcpStream to_website({"eg-app-web-0", "eg-host-website", ip("93.184.216.34"), kPort});
  const auto expect_all_as_before = [&](const char* when) {
    SCOPED_TRACE(when);
    EXPECT_EQ(possessions(machine), standing);
    EXPECT_TRUE(goes_on(to_database));
    EXPECT_TRUE(goes_on(to_endpoint));
    EXPECT_TRUE(goes_on(to_website));
  };
  ASSERT_TRUE(machine.apply(lab_text(true)));
  expect_all_as_before("newcomers are there");
  machine.stop(SIGKILL);
  ASSERT_TRUE(machine.start());
  ASSERT_TRUE(machine.comes_in_sync());
  expect_all_as_before("the daemon was killed");
  ASSERT_TRUE(machine.apply(lab_text(false)));
  expect_all_as_before("newcomers are gone");
  for (TcpStream* stream : {&to_database, &to_endpoint, &to_website}) {
    stream->stop();
    EXPECT_EQ(stream->received(), stream->sent());
  }
}

}  // namespace
}  // namespace egress::e2e
