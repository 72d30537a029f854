// SPDX-License-Identifier: MIT
// What a change of the lab does to flows that are there.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "base/unique_fd.hpp"
#include "tests/support/live_flows.hpp"
#include "tests/support/machine.hpp"
#include "tests/support/udp_socket.hpp"
#include "tests/support/values.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

constexpr uint16_t kPort = 7000;
constexpr uint16_t kOpenPort = 7001;

struct Variant {
  bool flush = true;
  uint16_t denied = 1;  // to the database
  const char* subnet = "spoke/apps";
  const char* spoke_exit = "";  // where the apps' default route in the spoke leads: an appliance
  const char* outbound = "20.50.1.4";
  const char* gateway = "null";  // of the apps' subnet in the spoke
  const char* gateway_address = "20.61.7.1";
  const char* own_direction = "Outbound";  // in which the list of client's and sql's own denies
  uint16_t own_denied = 1;
  const char* public_machine = "sql";  // that has 20.61.7.7: or "twin"
};

const char* public_address_of(const std::string& machine, const Variant& variant) {
  return machine == variant.public_machine ? ", publicIPAddress: 20.61.7.7" : "";
}

std::string lab_text(const Variant& variant) {
  const std::string spoke_route =
      *variant.spoke_exit == '\0'
          ? std::string()
          : fmt::format(
                "default: {{addressPrefix: 0.0.0.0/0, nextHopType: VirtualAppliance, "
                "nextHopIpAddress: {}}}",
                variant.spoke_exit);
  return fmt::format(R"(
outboundIpAddresses: [{}]
natGateways:
  nat: {{publicIpPrefixes: [{}/32]}}
  other: {{publicIpPrefixes: [20.61.8.1/32]}}
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {{addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms],
             networkSecurityGroup: nsg, routeTable: table, natGateway: {}}}
      machines: {{addressPrefix: 10.1.3.0/24, networkSecurityGroup: nsg}}
      appliances: {{addressPrefix: 10.1.4.0/24}}
      data: {{addressPrefix: 10.1.2.0/24}}
  other:
    addressPrefixes: [10.2.0.0/16]
    subnets:
      apps: {{addressPrefix: 10.2.1.0/26, delegations: [Microsoft.Web/serverFarms],
             routeTable: other}}
      machines: {{addressPrefix: 10.2.3.0/24}}
networkSecurityGroups:
  own:
    flushConnection: {}
    securityRules:
      all: {{priority: 200, direction: Inbound, access: Allow, protocol: "*", sourceAddressPrefix: "*",
            sourcePortRange: "*", destinationAddressPrefix: "*", destinationPortRange: "*"}}
      deny: {{priority: 100, direction: {}, access: Deny, protocol: "*", sourceAddressPrefix: "*",
             sourcePortRange: "*", destinationAddressPrefix: "*", destinationPortRange: "{}"}}
  nsg:
    flushConnection: {}
    securityRules:
      deny: {{priority: 100, direction: Outbound, access: Deny, protocol: "*",
             sourceAddressPrefix: "*", sourcePortRange: "*",
             destinationAddressPrefix: 10.1.2.0/24, destinationPortRange: "{}"}}
routeTables:
  table: {{routes: {{{}}}}}
  other: {{routes: {{default: {{addressPrefix: 0.0.0.0/0, nextHopType: VirtualAppliance,
                             nextHopIpAddress: 10.2.3.4}}}}}}
serverFarms: {{plan: {{sku: P1v3, capacity: 1}}}}
sites:
  web: {{serverFarm: plan, virtualNetworkSubnet: {},
        outboundVnetRouting: {{applicationTraffic: true}}}}
hosts:
  client: {{subnet: spoke/machines, ipAddress: 10.1.3.5, networkSecurityGroup: own}}
  nva: {{subnet: spoke/appliances, ipAddress: 10.1.4.4, enableIPForwarding: true,
        masquerade: 20.61.0.10}}
  other-nva: {{subnet: other/machines, ipAddress: 10.2.3.4, enableIPForwarding: true,
              masquerade: 20.61.0.11}}
  sql: {{subnet: spoke/data, ipAddress: 10.1.2.4, networkSecurityGroup: own{}}}
  twin: {{subnet: spoke/data, ipAddress: 10.1.2.5, networkSecurityGroup: own{}}}
  website: {{internet: true, ipAddress: 93.184.216.34}}
)",
                     variant.outbound, variant.gateway_address, variant.gateway, variant.flush,
                     variant.own_direction, variant.own_denied, variant.flush, variant.denied,
                     spoke_route, variant.subnet, public_address_of("sql", variant),
                     public_address_of("twin", variant));
}

class Connection {
 public:
  explicit Connection(const Endpoints& ends) : client_(socket_in(ends.from, SOCK_STREAM)) {
    const UniqueFd listener = listener_at(ends);
    const sockaddr_in there = socket_address(ends.address, ends.port);
    EXPECT_EQ(::connect(client_.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there), 0);
    server_ = UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }

  void client_says(const std::string& text) const { say(client_, text); }
  void server_says(const std::string& text) const { say(server_, text); }
  std::string client_hears(int flags = 0) const { return hear(client_, flags); }
  std::string server_hears(int flags = 0) const { return hear(server_, flags); }

 private:
  static void say(const UniqueFd& end, const std::string& text) {
    EXPECT_EQ(::send(end.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // "nothing" when there is none, or the connection has been reset.
  static std::string hear(const UniqueFd& end, int flags) {
    std::array<char, 512> text{};
    const ssize_t got = ::recv(end.get(), text.data(), text.size(), flags);
    return got < 0 ? "nothing" : std::string(text.data(), static_cast<size_t>(got));
  }

  UniqueFd client_;
  UniqueFd server_{};
};

class FlowReview : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(machine_.start()); }

  testing::AssertionResult apply(const Variant& variant) const {
    return machine_.apply(lab_text(variant));
  }

  Machine machine_{};
  const Ipv4Address sql_ = ip("10.1.2.4");
  const Ipv4Address website_ = ip("93.184.216.34");
};

// A TCP connection and a UDP flow to the database, and one beside them by which it shows that all
// that was sent before has come.
struct ToDatabase {
  explicit ToDatabase(const std::string& from)
      : tcp({from, "eg-host-sql", ip("10.1.2.4"), kPort}), client(from), client_beside(from) {
    client.send("hello", ip("10.1.2.4"), kPort);
    EXPECT_EQ(server.receive(), "hello");
    client_says_beside();
    server_says_beside();
  }

  void client_says(const std::string& text) const {
    tcp.client_says(text);
    client.send(text, ip("10.1.2.4"), kPort);
  }
  void server_says(const std::string& text) const {
    tcp.server_says(text);
    server.answer(text);
  }
  void client_says_beside() {
    client_beside.send("beside", ip("10.1.2.4"), kOpenPort);
    EXPECT_EQ(server_beside.receive(), "beside");
  }
  void server_says_beside() {
    server_beside.answer("beside");
    EXPECT_EQ(client_beside.receive(), "beside");
  }

  Connection tcp;
  UdpSocket client;
  UdpSocket server{"eg-host-sql", kPort};
  UdpSocket client_beside;
  UdpSocket server_beside{"eg-host-sql", kOpenPort};
};

void expect_ended(ToDatabase& flows) {
  flows.server_says("from the database");
  flows.server_says_beside();
  EXPECT_EQ(flows.tcp.client_hears(MSG_DONTWAIT), "nothing");
  EXPECT_TRUE(flows.client.empty());
  flows.client_says("to the database");
  flows.client_says_beside();
  EXPECT_EQ(flows.tcp.server_hears(MSG_DONTWAIT), "nothing");
  EXPECT_TRUE(flows.server.empty());
}

TEST_F(FlowReview, AFlushingListEndsWhatItNowDenies) {
  ASSERT_TRUE(apply({}));
  ToDatabase flows("eg-app-web-0");
  ASSERT_TRUE(apply({.denied = kPort}));
  expect_ended(flows);
}

// Where the far end might begin a flow in the other direction.
TEST_F(FlowReview, AFlushingListEndsWhatItNowDeniesBetweenMachinesToo) {
  ASSERT_TRUE(apply({}));
  ToDatabase flows("eg-host-client");
  ASSERT_TRUE(apply({.denied = kPort}));
  expect_ended(flows);
}

TEST_F(FlowReview, AFlushingListOfAnInterfaceEndsWhatMayNoLongerLeaveIt) {
  ASSERT_TRUE(apply({}));
  ToDatabase flows("eg-host-client");
  ASSERT_TRUE(apply({.own_denied = kPort}));
  expect_ended(flows);
}

TEST_F(FlowReview, AFlushingListOfAnInterfaceEndsWhatMayNoLongerEnterIt) {
  ASSERT_TRUE(apply({.own_direction = "Inbound"}));
  ToDatabase flows("eg-app-web-0");
  ASSERT_TRUE(apply({.own_direction = "Inbound", .own_denied = kPort}));
  expect_ended(flows);
}

// Nothing but the mark of the connection says that both lists have admitted what nobody answers.
TEST_F(FlowReview, WhatBothListsHaveAdmittedGoesOnUnanswered) {
  for (const char* direction : {"Outbound", "Inbound"}) {
    SCOPED_TRACE(direction);
    ASSERT_TRUE(apply({.flush = false, .own_direction = direction}));
    UdpSocket client("eg-host-client");
    UdpSocket server("eg-host-sql", kPort);
    for (const char* text : {"first", "second"}) {
      client.send(text, sql_, kPort);
      EXPECT_EQ(server.receive(), text);
    }
    const Variant denying{
        .flush = false, .denied = kPort, .own_direction = direction, .own_denied = kPort};
    ASSERT_TRUE(apply(denying));
    client.send("third", sql_, kPort);
    EXPECT_EQ(server.receive(), "third");
    UdpSocket other("eg-host-client");
    other.send("fourth", sql_, kPort);
    client.send("fifth", sql_, kPort);
    EXPECT_EQ(server.receive(), "fifth");
  }
}

// Whoever has it: the next packet is that of a new flow.
TEST_F(FlowReview, APublicAddressThatIsAnotherMachinesLeadsThere) {
  ASSERT_TRUE(apply({}));
  UdpSocket website("eg-host-website");
  UdpSocket sql("eg-host-sql", kPort);
  UdpSocket twin("eg-host-twin", kPort);
  website.send("hello", ip("20.61.7.7"), kPort);
  EXPECT_EQ(sql.receive(), "hello");
  EXPECT_EQ(sql.peer(), website_);
  sql.answer("welcome");
  EXPECT_EQ(website.receive(), "welcome");
  EXPECT_EQ(website.peer(), ip("20.61.7.7"));
  ASSERT_TRUE(apply({.public_machine = "twin"}));
  website.send("hello again", ip("20.61.7.7"), kPort);
  EXPECT_EQ(twin.receive(), "hello again");
  twin.answer("welcome");
  EXPECT_EQ(website.receive(), "welcome");
}

TEST_F(FlowReview, WithoutItTheFlowLives) {
  ASSERT_TRUE(apply({.flush = false}));
  ToDatabase flows("eg-app-web-0");
  ASSERT_TRUE(apply({.flush = false, .denied = kPort}));
  flows.client_says("to the database");
  EXPECT_EQ(flows.tcp.server_hears(), "to the database");
  EXPECT_EQ(flows.server.receive(), "to the database");
  flows.server_says("from the database");
  EXPECT_EQ(flows.tcp.client_hears(), "from the database");
  EXPECT_EQ(flows.client.receive(), "from the database");
}

TEST_F(FlowReview, WhatAFlushingListAllowsAgainGoesOn) {
  ASSERT_TRUE(apply({}));
  ToDatabase flows("eg-app-web-0");
  ASSERT_TRUE(apply({.denied = kPort}));
  flows.client_says("to the database");
  flows.client_says_beside();
  EXPECT_EQ(flows.tcp.server_hears(MSG_DONTWAIT), "nothing");
  ASSERT_TRUE(apply({}));
  EXPECT_EQ(flows.tcp.server_hears(), "to the database") << "which is sent again";
  flows.client.send("anew", sql_, kPort);
  EXPECT_EQ(flows.server.receive(), "anew");
}

TEST_F(FlowReview, AListDeniesAlsoWhatBeganUnderAnEarlierDaemon) {
  ASSERT_TRUE(apply({}));
  ToDatabase flows("eg-app-web-0");
  ASSERT_EQ(machine_.stop(SIGKILL), 128 + SIGKILL);
  ASSERT_TRUE(machine_.start());
  ASSERT_TRUE(apply({.denied = kPort}));
  expect_ended(flows);
}

// The same socket, which goes on sending.
TEST_F(FlowReview, AnAppThatChangesItsExitSendsByTheNewOne) {
  struct Step {
    Variant variant;
    const char* source;
  };
  ASSERT_TRUE(apply({}));
  UdpSocket app("eg-app-web-0");
  UdpSocket website("eg-host-website", kPort);
  for (const auto& [variant, source] :
       {Step{{}, "20.50.1.4"}, Step{{.spoke_exit = "10.1.4.4"}, "20.61.0.10"},
        Step{{}, "20.50.1.4"}, Step{{.subnet = "other/apps"}, "20.61.0.11"}, Step{{}, "20.50.1.4"},
        Step{{.outbound = "20.50.1.5"}, "20.50.1.5"}, Step{{.gateway = "nat"}, "20.61.7.1"},
        Step{{.gateway = "nat", .gateway_address = "20.61.7.9"}, "20.61.7.9"},
        Step{{.gateway = "other"}, "20.61.8.1"}, Step{{}, "20.50.1.4"}}) {
    SCOPED_TRACE(source);
    ASSERT_TRUE(apply(variant));
    app.send("hello", website_, kPort);
    EXPECT_EQ(website.receive(), "hello");
    EXPECT_EQ(website.peer(), ip(source));
    website.answer("welcome");
    EXPECT_EQ(app.receive(), "welcome");
  }
}

TEST_F(FlowReview, AConnectionByAnExitThatIsGoneIsReset) {
  uint16_t port = kPort;
  for (const auto& [before, after] :
       {std::pair{Variant{}, Variant{.spoke_exit = "10.1.4.4"}},
        std::pair{Variant{}, Variant{.gateway = "nat"}},
        std::pair{Variant{.gateway = "nat"}, Variant{.gateway = "other"}}}) {
    SCOPED_TRACE(after.gateway);
    ASSERT_TRUE(apply(before));
    const Connection connection({"eg-app-web-0", "eg-host-website", website_, port++});
    ASSERT_TRUE(apply(after));
    connection.client_says("as another");
    errno = 0;
    EXPECT_EQ(connection.client_hears(), "nothing");
    EXPECT_EQ(errno, ECONNRESET);
  }
}

}  // namespace
}  // namespace egress::e2e
