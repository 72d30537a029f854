// SPDX-License-Identifier: MIT
// Situations of docs/scenarios.md that no expectation of a lab file can state: what is changed
// while apps run, who else changes it, what many connections at once meet, and what tools are told.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kSubnet = "spoke/apps";

// An app of which nobody has said yet that it is in a network, and who may serve its names.
constexpr const char* kLab = R"(
outboundIpAddresses: [20.50.1.4]
publicIPAddresses: {pip: {ipAddress: 20.61.7.1}}
natGateways: {nat: {publicIpAddresses: [pip]}}
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets: {dns: {addressPrefix: 10.0.2.0/24}}
    virtualNetworkPeerings: {spoke: {}}
  spoke:
    addressPrefixes: [10.1.0.0/16]
    dnsServers: [10.1.2.4]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms]}
      nat: {addressPrefix: 10.1.4.0/26, delegations: [Microsoft.Web/serverFarms], natGateway: nat}
      machines: {addressPrefix: 10.1.2.0/24}
      endpoints: {addressPrefix: 10.1.3.0/24}
    virtualNetworkPeerings: {hub: {}}
services:
  orders: {type: Microsoft.Sql/servers, ipAddress: 52.236.184.163, publicNetworkAccess: Disabled}
privateEndpoints:
  orders:
    subnet: spoke/endpoints
    ipAddress: 10.1.3.4
    privateLinkService: orders
    groupIds: [sqlServer]
    privateDnsZones: [privatelink.database.windows.net]
privateDnsZones:
  privatelink.database.windows.net: {virtualNetworkLinks: {hub: {}}}
hosts:
  old: {subnet: spoke/machines, ipAddress: 10.1.2.4, dnsServer: {recordSets: {db.corp: {A: [10.1.9.1]}}, forwardTo: [168.63.129.16]}}
  new: {subnet: spoke/machines, ipAddress: 10.1.2.5, dnsServer: {recordSets: {db.corp: {A: [10.1.9.2]}}, forwardTo: [168.63.129.16]}}
  forwarder: {subnet: hub/dns, ipAddress: 10.0.2.4, dnsServer: {forwardTo: [168.63.129.16]}}
  api: {internet: true, ipAddress: 203.0.113.80, names: [api.example.com], listen: [tcp/80, tcp/443]}
serverFarms: {plan: {}}
sites:
  web: {serverFarm: plan}
  app: {serverFarm: plan, virtualNetworkSubnet: spoke/apps}
  through-nat: {serverFarm: plan, virtualNetworkSubnet: spoke/nat, outboundVnetRouting: {applicationTraffic: true}}
)";

class Scenarios : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(machine_.start());
    ASSERT_TRUE(machine_.apply(kLab));
  }

  void done(const Command& command) const {
    const Outcome outcome = machine_.ctl(command);
    EXPECT_EQ(outcome.status, 0) << command.front() << ": " << outcome.err << machine_.log();
  }
  std::string plan_of(const std::string& text) const {
    const Outcome planned = machine_.ctl({"plan", machine_.file("plan.yaml", text)});
    EXPECT_EQ(planned.status, 0) << planned.err;
    return planned.out;
  }
  std::string path(const std::string& app, const std::string& url) const {
    return machine_.ctl_json({"explain", app, url}).value("path", "");
  }
  std::string database() const {
    return machine_.exec("app", {"dig", "+short", "+tries=1", "db.corp"}).out;
  }
  // What this program of Python's says in the app.
  json python(const std::string& app, const std::string& program) const {
    const Outcome outcome = machine_.exec(app, {"python3", "-c", program});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return json::parse(outcome.out, nullptr, false);
  }

  Machine machine_{};
};

TEST_F(Scenarios, ARunningAppAsksTheServersOfItsStartUntilItRestarts) {
  EXPECT_EQ(database(), "10.1.9.1\n");
  done({"set", "virtualNetworks.spoke.dnsServers", "[10.1.2.5]"});
  EXPECT_EQ(database(), "10.1.9.1\n");
  EXPECT_THAT(machine_.exec("app", {"cat", "/etc/resolv.conf"}).out, HasSubstr(" 10.1.2.4\n"));
  EXPECT_THAT(machine_.ctl({"resolve", "app", "db.corp"}).out, HasSubstr("10.1.2.5 by now"));

  done({"restart", "app"});
  EXPECT_EQ(database(), "10.1.9.2\n");
  EXPECT_THAT(machine_.exec("app", {"cat", "/etc/resolv.conf"}).out, HasSubstr(" 10.1.2.5\n"));
}

// A template that does not know the connection, and somebody who makes it beside the template.
TEST_F(Scenarios, TwoOwnersOfOneConnectionTakeItFromEachOther) {
  for (int turn = 0; turn < 2; ++turn) {
    done({"connect", "web", kSubnet});
    EXPECT_EQ(path("web", "tcp://10.1.2.4:53"), "virtualNetwork");
    const std::string plan = plan_of(kLab);
    EXPECT_THAT(plan, HasSubstr("connect web " + kSubnet)) << "it says what it takes back";
    ASSERT_TRUE(machine_.apply(kLab));
    EXPECT_EQ(path("web", "tcp://10.1.2.4:53"), "direct");
  }
  // One owner: the file that says so takes nothing back.
  done({"connect", "web", kSubnet});
  EXPECT_THAT(plan_of(replaced(kLab, "web: {serverFarm: plan}",
                               "web: {serverFarm: plan, virtualNetworkSubnet: spoke/apps}")),
              Not(HasSubstr("connect web")));
}

// At once to one address: how many connect, and what the others are told.
constexpr const char* kBurst = R"(
import collections, errno, json, select, socket
waiting, open_, told = {}, [], collections.Counter()
poll = select.poll()
for _ in range(200):
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex(("203.0.113.80", 80))
    waiting[s.fileno()] = s
    poll.register(s, select.POLLOUT)
while waiting and (events := poll.poll(5000)):
    for fd, _ in events:
        s = waiting.pop(fd)
        poll.unregister(fd)
        error = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        told[errno.errorcode[error] if error else "connected"] += 1
        open_.append(s)
told["silence"] = len(waiting)
print(json.dumps(told)))";

constexpr const char* kPooled = R"(
import json, socket
s = socket.create_connection(("203.0.113.80", 443))
lines = s.makefile("rw")
lines.readline()
said = 0
for number in range(200):
    print(number, file=lines, flush=True)
    said += lines.readline() == f"{number}\n"
print(json.dumps({"answers": said})))";

TEST_F(Scenarios, ConnectionsBeyondThePortsOfAnInstanceHearNothingAndOnesThatAreKeptCarryAll) {
  EXPECT_EQ(python("app", kPooled), json({{"answers", 200}}));
  EXPECT_EQ(python("app", kBurst), json({{"connected", 128}, {"silence", 72}}));
  EXPECT_EQ(python("through-nat", kBurst), json({{"connected", 200}, {"silence", 0}}));
}

TEST_F(Scenarios, AToolConnectsWhereTheAppFails) {
  const std::string name = "orders.database.windows.net";
  // The endpoint is in reach, and the name server that the operator asks knows it.
  EXPECT_THAT(machine_.exec("app", {"tcpping", "10.1.3.4:1433"}).out, HasSubstr("4/4 successful"));
  EXPECT_THAT(machine_.exec("app", {"nameresolver", name, "10.0.2.4"}).out,
              HasSubstr("\t10.1.3.4\n"));
  // The app is told another address, which takes connections too: the server refuses by itself.
  EXPECT_THAT(machine_.exec("app", {"nameresolver", name}).out, HasSubstr("\t52.236.184.163\n"));
  EXPECT_THAT(machine_.exec("app", {"tcpping", name + ":1433"}).out, HasSubstr("4/4 successful"));
  const Outcome session =
      machine_.exec("app", {"bash", "-c", "head -1 < /dev/tcp/orders.database.windows.net/1433"});
  EXPECT_THAT(session.out, HasSubstr("\"code\":\"40615\""));

  const json explained = machine_.ctl_json({"explain", "app", "tcp://" + name + ":1433"});
  EXPECT_EQ(explained.at("verdict"), "Allow");
  EXPECT_EQ(explained.at("service").at("access"), "Deny");
  EXPECT_EQ(machine_.ctl({"explain", "app", "tcp://" + name + ":1433"}).status, 1);
}

TEST_F(Scenarios, ASubnetOfAnIntegrationTakesNothingElse) {
  const Outcome joined = machine_.ctl({"connect", "web", "spoke/endpoints"});
  EXPECT_EQ(joined.status, 1);
  EXPECT_THAT(joined.err, HasSubstr("spoke/endpoints"));
  const Outcome placed = machine_.ctl({"set", "privateEndpoints.orders.subnet", kSubnet});
  EXPECT_EQ(placed.status, 1);
  EXPECT_THAT(placed.err, HasSubstr("takes no private endpoints"));
  EXPECT_EQ(path("web", "tcp://10.1.2.4:53"), "direct");
}

}  // namespace
}  // namespace egress::e2e
