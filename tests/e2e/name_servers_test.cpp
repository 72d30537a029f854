// SPDX-License-Identifier: MIT
// Name servers that people run, as the servers of an app and as those that are asked for what no
// lab knows: unbound and BIND as Debian has them. Their configuration comes through a pipe, since
// the profiles that AppArmor holds them to let them read no files of a test.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "tests/e2e/unbound.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kLab = R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets: {dns: {addressPrefix: 10.0.2.0/24}}
    virtualNetworkPeerings: {spoke: {}}
  spoke:
    addressPrefixes: [10.1.0.0/16]
    dnsServers: [10.0.2.4]
    subnets:
      apps:
        addressPrefix: 10.1.1.0/26
        delegations: [Microsoft.Web/serverFarms]
        networkSecurityGroup: nsg
        routeTable: routes
      endpoints: {addressPrefix: 10.1.2.0/24}
    virtualNetworkPeerings: {hub: {}}
networkSecurityGroups:
  nsg:
    securityRules:
      names:
        {priority: 100, direction: Outbound, access: Allow, protocol: "*", sourceAddressPrefix: "*",
         sourcePortRange: "*", destinationAddressPrefix: 10.0.2.4, destinationPortRange: "53"}
      rest:
        {priority: 200, direction: Outbound, access: Deny, protocol: "*", sourceAddressPrefix: "*",
         sourcePortRange: "*", destinationAddressPrefix: 10.0.0.0/16, destinationPortRange: "*"}
routeTables:
  routes: {routes: {nowhere: {addressPrefix: 10.0.9.9/32, nextHopType: None}}}
services:
  orders: {type: Microsoft.Sql/servers, ipAddress: 52.236.184.163, publicNetworkAccess: Disabled}
  partner: {type: Microsoft.Sql/servers, ipAddress: 52.236.184.164}
  keys: {type: Microsoft.KeyVault/vaults, ipAddress: 13.69.64.74}
privateEndpoints:
  orders:
    subnet: spoke/endpoints
    ipAddress: 10.1.2.4
    privateLinkService: orders
    groupIds: [sqlServer]
    privateDnsZones: [privatelink.database.windows.net]
  partner: {subnet: spoke/endpoints, privateLinkService: partner, groupIds: [sqlServer]}
  keys:
    subnet: spoke/endpoints
    ipAddress: 10.1.2.5
    privateLinkService: keys
    groupIds: [vault]
    privateDnsZones: [privatelink.vaultcore.azure.net]
privateDnsZones:
  privatelink.database.windows.net: {virtualNetworkLinks: {hub: {}}}
  privatelink.vaultcore.azure.net: {virtualNetworkLinks: {spoke: {}}}
  corp.internal: {virtualNetworkLinks: {hub: {}}, recordSets: {db: {CNAME: orders.database.windows.net}}}
hosts:
  resolver: {subnet: hub/dns, ipAddress: 10.0.2.4}
serverFarms: {plan: {}}
sites:
  app:
    serverFarm: plan
    virtualNetworkSubnet: spoke/apps
    dnsConfiguration: {dnsRetryAttemptCount: 1, dnsRetryAttemptTimeout: 30}
)";

// In the foreground: the program $0 with the configuration $1.
constexpr const char* kServe = R"(
case $0 in
  unbound) exec unbound -d -c <(printf %s "$1") ;;
  named) exec named -g -c <(printf %s "$1") ;;
esac)";

struct NameServer {
  std::string program{};
  // Conditional forwarding: Azure DNS is asked for these zones alone.
  std::string configuration{};
};

const NameServer kNameServers[] = {{"unbound", std::string(kUnboundAlone) + R"(  interface: 10.0.2.4
  local-data: "printer.corp.example. A 10.0.2.77"
forward-zone:
  name: "database.windows.net"
  forward-addr: 168.63.129.16
forward-zone:
  name: "vault.azure.net"
  forward-addr: 168.63.129.16
forward-zone:
  name: "vaultcore.azure.net"
  forward-addr: 168.63.129.16
forward-zone:
  name: "corp.internal"
  forward-addr: 168.63.129.16
)"},
                                   {"named", R"(options {
  directory "/run";
  listen-on { 10.0.2.4; };
  listen-on-v6 { none; };
  allow-query { any; };
  allow-recursion { any; };
  dnssec-validation no;
  pid-file none;
  session-keyfile none;
};
controls {};
zone "database.windows.net" { type forward; forward only; forwarders { 168.63.129.16; }; };
zone "vault.azure.net" { type forward; forward only; forwarders { 168.63.129.16; }; };
zone "vaultcore.azure.net" { type forward; forward only; forwarders { 168.63.129.16; }; };
zone "corp.internal" { type forward; forward only; forwarders { 168.63.129.16; }; };
)"}};

class RealNameServer : public ::testing::TestWithParam<NameServer> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(machine_.start());
    apply(kLab);
    server_.emplace(machine_.ctl_command({"exec", "--host", "resolver", "--", "bash", "-c", kServe,
                                          GetParam().program, GetParam().configuration}),
                    "");
    ASSERT_TRUE(eventually([&] { return short_answer({"db.corp.internal"}) != ""; }))
        << read_file(server_->errors_file());
  }

  void apply(const std::string& text) const {
    const Outcome applied = machine_.ctl({"apply", machine_.file("lab.yaml", text)});
    ASSERT_EQ(applied.status, 0) << applied.err << machine_.log();
  }
  std::string answer(Command question) const {
    question.insert(question.begin(), {"dig", "+tries=1", "+time=60"});
    return machine_.exec("app", question).out;
  }
  std::string short_answer(Command question) const {
    question.insert(question.begin(), "+short");
    return answer(question);
  }

  Machine machine_{};
  std::optional<Background> server_{};
};

TEST_P(RealNameServer, SeesTheZonesOfTheNetworkItStandsIn) {
  const std::string aliases = "orders.privatelink.database.windows.net.\n10.1.2.4\n";
  for (const Command& way : {Command{}, Command{"+tcp"}, Command{"@10.0.2.4"},
                             Command{"@10.0.2.4", "+tcp"}, Command{"+noedns"}}) {
    Command question = way;
    question.push_back("orders.database.windows.net");
    EXPECT_EQ(short_answer(question), aliases) << ::testing::PrintToString(way);
  }
  // An alias of one linked zone leads into another, which the server asks for by itself.
  EXPECT_EQ(short_answer({"db.corp.internal"}), "orders.database.windows.net.\n" + aliases);
  // The zone is linked to the network of the app alone.
  EXPECT_EQ(short_answer({"keys.vault.azure.net"}),
            "keys.privatelink.vaultcore.azure.net.\n13.69.64.74\n");
  EXPECT_THAT(answer({"partner.database.windows.net"}), HasSubstr("status: NXDOMAIN"));
  EXPECT_THAT(answer({"orders.database.windows.net", "TXT"}),
              ::testing::AllOf(HasSubstr("status: NOERROR"), Not(HasSubstr("TXT\t\""))));
  const Outcome called =
      machine_.exec("app", {"bash", "-c", "head -1 < /dev/tcp/orders.database.windows.net/1433"});
  EXPECT_THAT(called.out, ::testing::AllOf(HasSubstr("\"peer\":\"10.1.1.4:"),
                                           HasSubstr("\"access\":\"Allow\"")));
}

TEST_P(RealNameServer, IsReachedAsListsAndRoutesAllow) {
  const std::string shorter =
      replaced(kLab, "dnsRetryAttemptTimeout: 30", "dnsRetryAttemptTimeout: 1");
  for (const std::string& changed : {replaced(shorter, "access: Allow", "access: Deny"),
                                     replaced(shorter, "10.0.9.9/32", "10.0.2.4/32")}) {
    apply(changed);
    EXPECT_THAT(answer({"orders.database.windows.net"}), HasSubstr("status: SERVFAIL"));
    EXPECT_EQ(machine_.ctl({"explain", "app", "udp://10.0.2.4:53"}).status, 1);
    apply(kLab);
    EXPECT_THAT(short_answer({"orders.database.windows.net"}), HasSubstr("10.1.2.4\n"));
  }
}

INSTANTIATE_TEST_SUITE_P(All, RealNameServer, ::testing::ValuesIn(kNameServers),
                         [](const auto& each) { return each.param.program; });

// The servers of publicDns.forwardTo stand in the daemon's own network.
class UpstreamServer : public ::testing::Test {
 protected:
  void SetUp() override {
    run_script("ip link set lo up; ip address add 192.0.2.53/32 dev lo");
    std::string configuration = std::string(kUnboundAlone) + R"(  interface: 192.0.2.53
  local-zone: "." static
  local-data: "real.example. A 203.0.113.99"
  local-data: "alias.example. CNAME db.corp.internal."
)";
    for (int number = 0; number < 100; ++number) {
      configuration += "  local-data: 'many.example. TXT \"" + std::string(100, 'x') + "-" +
                       std::to_string(number) + "\"'\n";
    }
    server_.emplace(Command{"bash", "-c", kServe, "unbound", configuration}, "");
    ASSERT_TRUE(machine_.start());
    const Outcome applied = machine_.ctl({"apply", machine_.file("lab.yaml", R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  vnet:
    addressPrefixes: [10.1.0.0/16]
    subnets: {apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms]}}
privateDnsZones:
  corp.internal: {virtualNetworkLinks: {vnet: {}}, recordSets: {db: {A: [10.1.9.9]}, out: {CNAME: real.example}}}
publicDns: {forwardTo: [192.0.2.53], recordSets: {www.example.com: {A: [203.0.113.80]}}}
hosts: {real: {internet: true, ipAddress: 203.0.113.99, listen: [tcp/443]}}
serverFarms: {plan: {}}
sites:
  app: {serverFarm: plan, virtualNetworkSubnet: vnet/apps}
  outside: {serverFarm: plan}
)")});
    ASSERT_EQ(applied.status, 0) << applied.err << machine_.log();
    ASSERT_TRUE(eventually([&] {
      return run({"dig", "+short", "+tries=1", "@192.0.2.53", "real.example"}).out ==
             "203.0.113.99\n";
    })) << read_file(server_->errors_file());
  }
  std::string dig(const std::string& app, Command question) const {
    question.insert(question.begin(), {"dig", "+tries=1", "+time=60"});
    return machine_.exec(app, question).out;
  }

  Machine machine_{};
  std::optional<Background> server_{};
};

TEST_F(UpstreamServer, AnswersWhatNothingInTheLabKnows) {
  for (const std::string app : {"app", "outside"}) {
    EXPECT_EQ(dig(app, {"+short", "real.example"}), "203.0.113.99\n") << app;
    EXPECT_EQ(dig(app, {"+short", "www.example.com"}), "203.0.113.80\n") << app;
    EXPECT_THAT(dig(app, {"nobody.example"}), HasSubstr("status: NXDOMAIN")) << app;
  }
  EXPECT_EQ(dig("app", {"+short", "out.corp.internal"}), "real.example.\n203.0.113.99\n");
  EXPECT_EQ(dig("app", {"+short", "db.corp.internal"}), "10.1.9.9\n");
  EXPECT_THAT(dig("app", {"none.corp.internal"}), HasSubstr("status: NXDOMAIN"));
  // The servers' aliases lead into the zones of who asks.
  EXPECT_EQ(dig("app", {"+short", "alias.example"}), "db.corp.internal.\n10.1.9.9\n");
  EXPECT_EQ(dig("outside", {"+short", "alias.example"}), "db.corp.internal.\n");
  // More than a datagram holds.
  const std::string texts = dig("app", {"+short", "many.example", "TXT"});
  EXPECT_EQ(std::count(texts.begin(), texts.end(), '\n'), 100);
}

TEST_F(UpstreamServer, IsAskedByTheCommandsToo) {
  const json resolved = machine_.ctl_json({"resolve", "app", "real.example"});
  EXPECT_EQ(resolved["addresses"], json({"203.0.113.99"})) << resolved;
  EXPECT_EQ(machine_.ctl({"resolve", "app", "real.example", "--verify"}).status, 0);
  const json led_back = machine_.ctl_json({"resolve", "app", "alias.example"});
  EXPECT_EQ(led_back["addresses"], json({"10.1.9.9"})) << led_back;
  EXPECT_EQ(machine_.ctl({"resolve", "app", "alias.example", "--verify"}).status, 0);
  EXPECT_EQ(machine_.ctl({"resolve", "app", "nobody.example"}).status, 1);
  const Outcome explained = machine_.ctl({"explain", "app", "tcp://real.example:443", "--verify"});
  EXPECT_EQ(explained.status, 0) << explained.out << explained.err;
}

// The names that nothing knows have no answer while it is away, and those of the lab go on.
TEST_F(UpstreamServer, LeavesTheLabsOwnNamesAloneWhenItIsAway) {
  server_.reset();
  EXPECT_EQ(dig("app", {"+short", "db.corp.internal"}), "10.1.9.9\n");
  EXPECT_THAT(dig("app", {"real.example"}), HasSubstr("status: SERVFAIL"));
}

}  // namespace
}  // namespace egress::e2e
