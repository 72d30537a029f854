// SPDX-License-Identifier: MIT

// Flows of apps that go fast through whole labs, and what a change of the lab makes of them: the
// next packet goes as the lab says now.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <optional>

#include "egressd/flow_review.hpp"
#include "reconcile/pass.hpp"
#include "tests/netns/flow_cache_fixture.hpp"
#include "tests/support/applied_lab.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/lab_from.hpp"
#include "tests/support/live_flows.hpp"
#include "tests/support/network_of.hpp"
#include "tests/support/udp_socket.hpp"

namespace egress::kernel_tests {
namespace {

using namespace testing_support;

// Two appliances, of which one is stateful and refuses what goes to `sql` by UDP; a frontend; two
// networks that have the same addresses, and an app in either on one instance.
constexpr const char* kLab = R"(
outboundIpAddresses: [20.50.1.4]
publicIPAddresses: {one: {ipAddress: 20.61.7.1}}
natGateways: {nat: {publicIpAddresses: [one]}}
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets: {web: {addressPrefix: 10.0.2.0/24}}
    virtualNetworkPeerings: {spoke: {allowForwardedTraffic: true}}
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms],
             networkSecurityGroup: nsg, routeTable: table, natGateway: nat}
      data: {addressPrefix: 10.1.2.0/24, routeTable: back}
      appliances: {addressPrefix: 10.1.3.0/24}
    virtualNetworkPeerings: {hub: {}}
  twin:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms]}
      data: {addressPrefix: 10.1.2.0/24}
networkSecurityGroups: {nsg: {flushConnection: true}}
routeTables: {table: {routes: {}}, back: {routes: {}}}
loadBalancers:
  lb:
    frontendIPConfigurations: {web: {subnet: hub/web, privateIPAddress: 10.0.2.10}}
    backendAddressPools: {web: {backendIPConfigurations: [web]}}
    loadBalancingRules:
      http: {frontendIPConfiguration: web, backendAddressPool: web, protocol: Tcp,
             frontendPort: 80, backendPort: 8080}
serverFarms: {plan: {}}
sites:
  a: {serverFarm: plan, virtualNetworkSubnet: spoke/apps,
      outboundVnetRouting: {applicationTraffic: true}}
  b: {serverFarm: plan, virtualNetworkSubnet: twin/apps,
      outboundVnetRouting: {applicationTraffic: true}}
hosts:
  sql: {subnet: spoke/data, ipAddress: 10.1.2.4}
  twin-sql: {subnet: twin/data, ipAddress: 10.1.2.4}
  web: {subnet: hub/web, ipAddress: 10.0.2.4}
  plain: {subnet: spoke/appliances, ipAddress: 10.1.3.4, enableIPForwarding: true}
  stateful:
    subnet: spoke/appliances
    ipAddress: 10.1.3.5
    enableIPForwarding: true
    networkRules:
      tcp: {priority: 100, action: Allow, ipProtocols: [TCP], sourceAddresses: ["*"],
            destinationAddresses: ["*"], destinationPorts: ["*"]}
  api: {internet: true, ipAddress: 203.0.113.80}
)";

std::string route_by(const std::string& hop) {
  return "{routeTables: {table: {routes: {data: {addressPrefix: 10.1.2.0/24, " + hop +
         "}}}, back: {routes: {apps: {addressPrefix: 10.1.1.0/26, " + hop + "}}}}}";
}
const std::string kByPlain = route_by("nextHopType: VirtualAppliance, nextHopIpAddress: 10.1.3.4");
const std::string kByStateful =
    route_by("nextHopType: VirtualAppliance, nextHopIpAddress: 10.1.3.5");
const std::string kNowhere = route_by("nextHopType: None");
constexpr const char* kDenial = R"({networkSecurityGroups: {nsg: {securityRules: {deny: {
  priority: 100, direction: Outbound, access: Deny, protocol: "*", sourceAddressPrefix: "*",
  sourcePortRange: "*", destinationAddressPrefix: 10.1.2.0/24, destinationPortRange: "*"}}}}})";

// Question and answer, over and over, between two sockets.
class Talk {
 public:
  Talk(const std::string& app, const std::string& host, Ipv4Address address, std::string name = "?")
      : client_("eg-app-" + app, kFrom),
        server_("eg-host-" + host, kTo),
        address_(address),
        name_(std::move(name)) {}

  void ask(const std::string& text) { client_.send(text, address_, kTo); }
  void exchange() {
    ask(name_);
    EXPECT_EQ(server_.receive(), name_);
    server_.answer("!" + name_);
    EXPECT_EQ(client_.receive(), "!" + name_);
  }
  UdpSocket& server() { return server_; }

 private:
  static constexpr uint16_t kFrom = 4000;
  static constexpr uint16_t kTo = 7000;
  UdpSocket client_;
  UdpSocket server_;
  Ipv4Address address_{};
  std::string name_{};
};

class FlowCacheLabs : public FastPackets {
 protected:
  void SetUp() override {
    FastPackets::SetUp();
    if (!IsSkipped()) apply("{}");
  }

  // As the daemon does it: a pass, and a look at what is tracked.
  void apply(const std::string& changes) {
    const lab::Lab lab = with(lab_from(kLab), changes);
    const auto report = reconcile::run(kernel(), compiled(lab, true));
    ASSERT_TRUE(report.in_sync());
    const daemon::FlowReview::Report reviewed =
        daemon::FlowReview(kernel(), network_of(lab), nullptr, "eg").run();
    ASSERT_THAT(reviewed.problems, testing::IsEmpty());
  }
  static uint32_t repeated(const UniqueFd& socket) {
    tcp_info info{};
    socklen_t size = sizeof info;
    EXPECT_EQ(::getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    return info.tcpi_total_retrans;
  }
  // All that it takes goes fast: `routers` there, and as many back or fewer.
  void know(Talk& talk, uint64_t routers, uint64_t back) {
    warm_up([&] { talk.exchange(); }, routers + back);
  }

  const Ipv4Address kSql = ip("10.1.2.4");
};

// The worker and the network, and the appliance with the network a second time.
TEST_F(FlowCacheLabs, ARouteThatIsTakenAwayOrLeadsElsewhereHoldsForTheNextPacket) {
  Talk talk("a-0", "sql", kSql);
  know(talk, 2, 2);
  for (const std::string& lost : {kNowhere, kByStateful}) {
    for (int i = 0; i < 3 && !HasFailure(); ++i) {
      apply(kByPlain);
      know(talk, 4, 2);
      apply(lost);
      talk.ask("lost");
      apply(kByPlain);
      talk.exchange();
    }
  }
}

TEST_F(FlowCacheLabs, AStatefulApplianceSeesWhatBeginsAndIsPassedByWhatGoesOn) {
  apply(kByStateful);
  const UniqueFd listener = listener_on("eg-host-sql", kPort);
  const Connected connection = connect_to(listener, kSql, kPort, 0, "eg-app-a-0");
  warm_up([&] { connection.exchange(); }, 4);
  Talk talk("a-0", "sql", kSql);
  talk.ask("is refused");
  apply("{}");
  talk.exchange();
}

TEST_F(FlowCacheLabs, PastANatGatewayAFlowKeepsItsAddress) {
  Talk talk("a-0", "api", ip("203.0.113.80"));
  warm_up(
      [&] {
        talk.exchange();
        EXPECT_EQ(talk.server().peer(), ip("20.61.7.1"));
      },
      6);
  // Without it, it leaves by App Service's own.
  apply("{virtualNetworks: {spoke: {subnets: {apps: {natGateway: null}}}}}");
  talk.exchange();
  EXPECT_EQ(talk.server().peer(), ip("20.50.1.4"));
  know(talk, 3, 3);
}

TEST_F(FlowCacheLabs, FlowsOfTwoIntegrationsWithEqualAddressesStayApart) {
  Talk a("a-0", "sql", kSql, "a");
  Talk b("b-0", "twin-sql", kSql, "b");
  warm_up(
      [&] {
        a.exchange();
        b.exchange();
      },
      8);
  EXPECT_EQ(a.server().peer(), b.server().peer());
  for (int i = 0; i < 1000 && !HasFailure(); ++i) {
    a.exchange();
    b.exchange();
  }
}

TEST_F(FlowCacheLabs, AnAppThatChangesItsIntegrationSpeaksToTheOtherNetworkAtOnce) {
  Talk a("a-0", "sql", kSql, "a");
  UdpSocket twin("eg-host-twin-sql", 7000);
  for (int i = 0; i < 3 && !HasFailure(); ++i) {
    apply("{}");
    know(a, 2, 2);
    apply("{sites: {a: {virtualNetworkSubnet: twin/apps}}}");
    a.ask("moved");
    EXPECT_EQ(twin.receive(), "moved");
    EXPECT_TRUE(a.server().empty());
  }
}

TEST_F(FlowCacheLabs, ThroughAPeeringAndAFrontendConnectionsGoFast) {
  Talk talk("a-0", "web", ip("10.0.2.4"));
  know(talk, 3, 3);
  const UniqueFd listener = listener_on("eg-host-web", 8080);
  const Connected connection = connect_to(listener, ip("10.0.2.10"), 80, 0, "eg-app-a-0");
  warm_up([&] { connection.exchange(); }, 6);
  apply(
      "{virtualNetworks: {hub: {virtualNetworkPeerings: null},"
      " spoke: {virtualNetworkPeerings: null}}}");
  talk.ask("lost");
  apply("{}");
  talk.exchange();
}

TEST_F(FlowCacheLabs, ADenialThatFlushesEndsWhatGoesFast) {
  Talk talk("a-0", "sql", kSql);
  const UniqueFd listener = listener_on("eg-host-sql", kPort);
  const Connected connection = connect_to(listener, kSql, kPort, 0, "eg-app-a-0");
  warm_up(
      [&] {
        talk.exchange();
        connection.exchange();
      },
      8);
  apply(kDenial);
  talk.ask("lost");
  for (const UniqueFd* end : {&connection.client, &connection.server}) {
    EXPECT_EQ(::send(end->get(), "x", 1, 0), 1);
    EXPECT_TRUE(eventually([&] { return repeated(*end) > 1; }));
  }
  char byte = 0;
  EXPECT_EQ(::recv(connection.server.get(), &byte, 1, MSG_DONTWAIT), -1);
  EXPECT_EQ(::recv(connection.client.get(), &byte, 1, MSG_DONTWAIT), -1);
  apply("{}");
  talk.exchange();
}

// Tracking has missed what the reset refers to, and takes the connection for established.
TEST_F(FlowCacheLabs, AConnectionFromThePortOfOneThatWasResetIsJudgedAnew) {
  const std::string calm = "{networkSecurityGroups: {nsg: {flushConnection: false}}}";
  for (const bool flow_cache : {false, true}) {
    const auto make = [&](const lab::Lab& lab) {
      ASSERT_TRUE(reconcile::run(kernel(), compiled(lab, flow_cache)).in_sync());
    };
    make(with(lab_from(kLab), calm));
    const UniqueFd listener = listener_on("eg-host-sql", kPort);
    Connected connection = connect_to(listener, kSql, kPort, 5000, "eg-app-a-0");
    if (flow_cache) {
      warm_up([&] { connection.exchange(); }, 4);
      for (int i = 0; i < 10; ++i) connection.exchange();
    }
    reset(connection.client);
    char byte = 0;
    EXPECT_EQ(::recv(connection.server.get(), &byte, 1, 0), -1);
    const lab::Lab denying = with(with(lab_from(kLab), calm), kDenial);
    make(denying);
    daemon::FlowReview(kernel(), network_of(denying), nullptr, "eg").run();
    const UniqueFd again = socket_in("eg-app-a-0", SOCK_STREAM);
    const int yes = 1;
    ::setsockopt(again.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    ::setsockopt(again.get(), IPPROTO_TCP, TCP_SYNCNT, &yes, sizeof yes);
    const sockaddr_in here = socket_address({}, 5000);
    EXPECT_EQ(::bind(again.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here), 0);
    const sockaddr_in there = socket_address(kSql, kPort);
    EXPECT_EQ(::connect(again.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there), -1)
        << flow_cache;
  }
}

TEST_F(FlowCacheLabs, ADenialThatDoesNotFlushLeavesWhatGoesFastAlone) {
  const std::string calm = "{networkSecurityGroups: {nsg: {flushConnection: false}}}";
  apply(calm);
  Talk talk("a-0", "sql", kSql);
  know(talk, 2, 2);
  const lab::Lab denying = with(with(lab_from(kLab), calm), kDenial);
  ASSERT_TRUE(reconcile::run(kernel(), compiled(denying, true)).in_sync());
  know(talk, 2, 2);
  UdpSocket another("eg-app-a-0");
  another.send("refused", kSql, kPort);
  talk.exchange();
  EXPECT_TRUE(talk.server().empty());
}

}  // namespace
}  // namespace egress::kernel_tests
