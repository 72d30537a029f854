// SPDX-License-Identifier: MIT

// The ports of App Service's own source NAT, used up and given back: an app opens more connections
// to one destination than it has ports, through a whole lab. What Azure gives back in its time, is
// given back when connection tracking is told that the time has passed.

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "compile/compile.hpp"
#include "compile/translations.hpp"
#include "flows/review.hpp"
#include "probe/lookups.hpp"
#include "tests/netns/connections.hpp"
#include "tests/netns/flow_fixture.hpp"
#include "tests/support/applied_lab.hpp"
#include "tests/support/both_interfaces.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/flow_cache.hpp"
#include "tests/support/lab_from.hpp"
#include "tests/support/live_flows.hpp"
#include "tests/support/network_of.hpp"
#include "tests/support/udp_socket.hpp"

namespace egress::kernel_tests {
namespace {

using namespace testing_support;

using std::chrono::seconds;

// `routed` leaves by the network; `bare`, on the same instances, is in none.
constexpr const char* kLab = R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms]}
      data: {addressPrefix: 10.1.2.0/24}
publicDns: {recordSets: {www.example.com: {A: [203.0.113.80]}}}
serverFarms: {plan: {capacity: 2}}
sites:
  bare: {serverFarm: plan, dnsConfiguration: {dnsServers: [203.0.113.53]}}
  routed: {serverFarm: plan, virtualNetworkSubnet: spoke/apps,
           outboundVnetRouting: {applicationTraffic: true}}
hosts:
  api: {internet: true, ipAddress: 203.0.113.80}
  other: {internet: true, ipAddress: 203.0.113.81}
  names: {internet: true, ipAddress: 203.0.113.53, dnsServer: {}}
  sql: {subnet: spoke/data, ipAddress: 10.1.2.4}
)";
constexpr size_t kPorts = 128;
constexpr uint16_t kPort = 7000;

class Snat : public FlowFixture, public ByInterface {
 protected:
  Snat() : FlowFixture("eg-stamp") {}

  void SetUp() override {
    LinuxFixture::SetUp();
    reach(desired_);
  }

  // Connections wait to be taken there.
  const UniqueFd& listen(const std::string& host, Ipv4Address address, uint16_t port = kPort) {
    listeners_.push_back(listener_at({"", "eg-host-" + host, address, port}));
    EXPECT_EQ(::listen(listeners_.back().get(), 1024), 0);
    return listeners_.back();
  }

  static Connections::Outcome connect(const std::string& app, Ipv4Address address, size_t count,
                                      uint16_t port = kPort) {
    return Connections("eg-app-" + app, address, port, count).outcome();
  }

  // As the daemon does it.
  void advance(seconds by) {
    ahead_ += by;
    reach(compile::at_clock(desired_, {.clock_offset = ahead_}));
    age(by);
  }

  // As the daemon does it when another lab is applied.
  void apply(const lab::Lab& lab) {
    reach(compiled(on(GetParam(), lab), has_flow_cache()));
    const auto translations = compile::translations(*network_of(lab));
    ASSERT_TRUE(translations.ok());
    std::vector<state::TrackedFlow> forgotten = tracked();
    std::erase_if(forgotten, [&](const state::TrackedFlow& flow) {
      return flows::fate_in_stamp(*translations, flow) != flows::Fate::kForgotten;
    });
    forget(forgotten);
  }

  const Ipv4Address kApi = ip("203.0.113.80");
  const Ipv4Address kOther = ip("203.0.113.81");
  const Ipv4Address kSql = ip("10.1.2.4");
  const state::KernelState desired_ = compiled(on(GetParam(), lab_from(kLab)), has_flow_cache());
  seconds ahead_{};
  std::vector<UniqueFd> listeners_{};
};

TEST_P(Snat, AnInstanceHas128FlowsToADestination) {
  listen("api", kApi);
  EXPECT_EQ(connect("bare-0", kApi, kPorts + 3), (Connections::Outcome{kPorts, 3}));

  UdpSocket server("eg-host-api", kPort);
  UdpSocket control("eg-host-other", kPort);
  std::vector<UdpSocket> clients;
  for (size_t i = 0; i < kPorts + 3; ++i) clients.emplace_back("eg-app-bare-0");
  for (const UdpSocket& client : clients) client.send("x", kApi, kPort);
  clients.back().send("behind them", kOther, kPort);
  EXPECT_EQ(control.receive(), "behind them");
  size_t came = 0;
  for (; !server.empty(); ++came) EXPECT_EQ(server.receive(), "x");
  EXPECT_EQ(came, kPorts);
}

TEST_P(Snat, OtherDestinationsInstancesAndPathsAreFree) {
  listen("api", kApi);
  listen("api", kApi, kPort + 1);
  listen("other", kOther);
  listen("sql", kSql);
  Connections all("eg-app-bare-0", kApi, kPort, kPorts);
  ASSERT_EQ(all.outcome(), (Connections::Outcome{kPorts, 0}));
  // The instance, whichever its app and its way.
  EXPECT_EQ(connect("bare-0", kApi, 1), (Connections::Outcome{0, 1}));
  EXPECT_EQ(connect("routed-0", kApi, 1), (Connections::Outcome{0, 1}));

  EXPECT_EQ(connect("bare-0", kApi, kPorts, kPort + 1), (Connections::Outcome{kPorts, 0}));
  EXPECT_EQ(connect("routed-0", kOther, kPorts), (Connections::Outcome{kPorts, 0}));
  EXPECT_EQ(connect("bare-1", kApi, kPorts / 2), (Connections::Outcome{kPorts / 2, 0}));
  EXPECT_EQ(connect("routed-1", kApi, kPorts / 2), (Connections::Outcome{kPorts / 2, 0}));
  EXPECT_EQ(connect("routed-0", kSql, 2 * kPorts), (Connections::Outcome{2 * kPorts, 0}));
}

TEST_P(Snat, ANatGatewayCuresIt) {
  reach(compiled(with(lab_from(kLab), R"({
    natGateways: {nat: {publicIpPrefixes: [20.61.7.1/32]}},
    virtualNetworks: {spoke: {subnets: {apps: {natGateway: nat}}}}})"),
                 has_flow_cache()));
  listen("api", kApi);
  EXPECT_EQ(connect("bare-0", kApi, kPorts + 1), (Connections::Outcome{kPorts, 1}));
  EXPECT_EQ(connect("routed-0", kApi, 2 * kPorts), (Connections::Outcome{2 * kPorts, 0}));
}

TEST_P(Snat, AClosedOneComesBackWhenTheClockSaysSo) {
  const UniqueFd& listener = listen("api", kApi);
  Connections all("eg-app-bare-0", kApi, kPort, kPorts);
  ASSERT_EQ(all.outcome(), (Connections::Outcome{kPorts, 0}));
  std::vector<UniqueFd> far_ends;
  for (size_t i = 0; i < kPorts; ++i) {
    far_ends.emplace_back(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK));
  }
  all.close(Connections::By::kReset);
  all.close(Connections::By::kFin);
  ASSERT_TRUE(eventually([&] {
    return std::erase_if(far_ends, [](const UniqueFd& end) {
             char byte = 0;
             return ::recv(end.get(), &byte, 1, 0) == 0;
           }) == 1;
  })) << "both ends have closed it";
  EXPECT_EQ(connect("bare-0", kApi, 3), (Connections::Outcome{0, 3}));
  advance(seconds(15));
  Connections first("eg-app-bare-0", kApi, kPort, 2);
  EXPECT_EQ(first.outcome(), (Connections::Outcome{1, 1}));
  advance(seconds(100));
  EXPECT_EQ(connect("bare-0", kApi, 1), (Connections::Outcome{0, 1}));
  // None but the closed one is idle.
  all.talk();
  first.talk();
  advance(seconds(140));
  EXPECT_EQ(connect("bare-0", kApi, 2), (Connections::Outcome{1, 1}));
}

// The oracle, seed 2711283: a port that was held and not tracked was given, and led nowhere.
TEST_P(Snat, NobodyIsGivenAPortThatIsHeldWhenItsAddressComesBack) {
  const UniqueFd& listener = listen("api", kApi);
  Connections all("eg-app-bare-0", kApi, kPort, kPorts);
  ASSERT_EQ(all.outcome(), (Connections::Outcome{kPorts, 0}));
  const UniqueFd far_end(::accept(listener.get(), nullptr, nullptr));
  all.close(Connections::By::kFin);
  ASSERT_TRUE(eventually([&] {
    const auto flows = tracked();
    return std::any_of(flows.begin(), flows.end(), [](const auto& flow) { return flow.closed; });
  }));
  apply(with(lab_from(kLab), "outboundIpAddresses: [20.50.1.5]"));
  EXPECT_THAT(tracked(), testing::SizeIs(1));
  apply(lab_from(kLab));
  EXPECT_EQ(connect("bare-0", kApi, kPorts - 1), (Connections::Outcome{kPorts - 1, 0}));
}

TEST_P(Snat, IdleOnesEndWithoutAWord) {
  listen("api", kApi);
  // Not from the port of the idle one to where that leads.
  listen("api", kApi, kPort + 1);
  const auto connected = [&](size_t to) {
    UniqueFd client = socket_in("eg-app-bare-0", SOCK_STREAM);
    const auto port = static_cast<uint16_t>(kPort + to);
    const sockaddr_in there = socket_address(kApi, port);
    const UniqueFd& listener = listeners_[to];
    EXPECT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there), 0);
    return std::pair(std::move(client), UniqueFd(::accept(listener.get(), nullptr, nullptr)));
  };
  const auto [idle, its_end] = connected(0);
  advance(seconds(240));
  EXPECT_THAT(tracked(), testing::IsEmpty());
  EXPECT_EQ(::send(idle.get(), "x", 1, 0), 1);
  EXPECT_EQ(::send(its_end.get(), "x", 1, 0), 1);

  const auto [fresh, other_end] = connected(1);
  char byte = 0;
  EXPECT_EQ(::send(fresh.get(), "x", 1, 0), 1);
  EXPECT_EQ(::recv(other_end.get(), &byte, 1, 0), 1);
  EXPECT_EQ(tracked().size(), 1U);
  for (const UniqueFd* end : {&idle, &its_end}) {
    EXPECT_EQ(::recv(end->get(), &byte, 1, MSG_DONTWAIT), -1);
    EXPECT_EQ(errno, EAGAIN);  // neither a byte nor a reset
  }
}

TEST_P(Snat, AServerOfNamesIsAskedMoreOftenThanThereArePorts) {
  const probe::NameLookup lookup{.netns = "eg-app-bare-0",
                                 .question = {.name = "www.example.com"},
                                 .plan = {.servers = {ip("127.0.0.11")}}};
  for (size_t i = 0; i < 2 * kPorts; ++i) {
    const auto replies = probe::look_up({lookup});
    ASSERT_TRUE(replies.ok());
    ASSERT_TRUE(replies->at(0).has_value());
    ASSERT_EQ(replies->at(0)->records.size(), 1U);
  }
}

INSTANTIATE_TEST_SUITE_P(Interfaces, Snat, both_interfaces(), interface_name);

}  // namespace
}  // namespace egress::kernel_tests
